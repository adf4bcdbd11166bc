"""Planning a deploy: the offer, its rivals, and what it will cost; nothing is sent."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypedDict, Unpack

from capsule_domain.errors import NoOfferFits, UsageError
from capsule_domain.models.deployment import DeployPlan, RejectedOffer, deployment_in
from capsule_domain.models.money import Rates
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.requirements import Requirements, Spread
from capsule_domain.models.template import Offer
from capsule_domain.models.time_to_live import EXPIRES_PREFIX
from capsule_domain.services.nearest import nearest
from capsule_domain.services.place import NOWHERE, rank

MOST_AT_ONCE = 100
_FALLBACKS = 5
_SHOWN_RUNNERS_UP = 4
_LONGEST_NAME = 63
_SERVER_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBERED = re.compile(r"(?P<stem>.*[a-z0-9])-(?P<number>[1-9][0-9]{0,5})", re.ASCII)


class Room(NamedTuple):
    """How many more servers an account may have; None where its cloud does not say."""

    left: int | None = None
    why: str = ""
    """Why there is none left."""


def _unknown(_cloud: str) -> Room:
    return Room()


class Meant(TypedDict, total=False):
    """What a server is rented for: fields of its plan, each of which has a default there."""

    profile: str | None
    os: OperatingSystem
    tags: tuple[str, ...]
    expires_at: datetime | None


class Details(Meant, total=False):
    """What else a plan is made by; see `plan_fleet`."""

    left_out: Iterable[RejectedOffer]
    unfit: Mapping[str, str]
    room: Callable[[str], Room]


def server_name(name: str) -> str:
    """`name`, if every cloud takes it as a server's. Raises UsageError with the rule."""
    if not _SERVER_NAME.fullmatch(name):
        raise UsageError(
            f"{name[:60]!r} cannot name an xNode: a name is lower-case letters, digits and "
            "inner dashes, 63 at most"
        )
    return name


def server_names(name: str, count: int) -> tuple[str, ...]:
    """`web` and 3: web-1, web-2, web-3; `web-4` and 2: web-4, web-5. One keeps its name.

    Raises UsageError.
    """
    if not 1 <= count <= MOST_AT_ONCE:
        raise UsageError(f"--count {count} is not from 1 to {MOST_AT_ONCE}")
    server_name(name)
    if count == 1:
        return (name,)
    found = _NUMBERED.fullmatch(name)
    stem, first = (found["stem"], int(found["number"])) if found else (name, 1)
    names = tuple(f"{stem}-{number}" for number in range(first, first + count))
    if len(names[-1]) > _LONGEST_NAME:
        raise UsageError(f"'{names[-1]}' is longer than {_LONGEST_NAME} characters")
    return names


def own_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """`tags`, each once. Raises UsageError for one that looks like Capsule's own."""
    found = tuple(dict.fromkeys(tags))
    for tag in found:
        if tag.startswith(EXPIRES_PREFIX) or deployment_in([tag]):
            raise UsageError(f"the tag '{tag[:60]}' looks like Capsule's own", hint="--tags web")
    return found


def plan_deploy(
    name: str,
    offers: Iterable[Offer],
    wanted: Requirements,
    rates: Rates,
    **details: Unpack[Details],
) -> DeployPlan:
    """The cheapest offer that fits, and why the others lost. Raises NoOfferFits.

    `details` are those of `plan_fleet`.
    """
    return plan_fleet([name], offers, wanted, rates, **details)[0]


def plan_fleet(
    names: Sequence[str],
    offers: Iterable[Offer],
    wanted: Requirements,
    rates: Rates,
    *,
    spread: Spread | None = None,
    left_out: Iterable[RejectedOffer] = (),
    unfit: Mapping[str, str] = NOWHERE,
    room: Callable[[str], Room] = _unknown,
    **meant: Unpack[Meant],
) -> tuple[DeployPlan, ...]:
    """A plan for each of `names`, each the cheapest that there is for it. Raises NoOfferFits.

    `left_out`: those that were rejected before anyone asked for their price. `unfit`:
    clouds at which nothing can be rented, each with the reason. `room` is asked of a cloud
    only when it would be chosen.
    """
    sold = list(offers)
    before = tuple(left_out)
    closed = dict(unfit)
    while True:
        ranking = rank(sold, wanted, rates, unfit=closed)
        rejected = (
            *(RejectedOffer(offer=r.offer, reason=r.reason) for r in ranking.rejected),
            *before,
        )
        seen = len(ranking.fitting) + len(rejected)
        if not ranking.fitting:
            near = nearest(sold, wanted, rates, closed)
            raise NoOfferFits(seen, (each.reason for each in rejected), near=near)
        chosen = [*_chosen(ranking.fitting, len(names), spread)]
        full = _without_room((line[0].provider for line in chosen), room)
        if not full:
            break
        closed.update(full)
    return tuple(
        DeployPlan(
            name=name,
            offer=best,
            fallbacks=tuple(fallbacks),
            runners_up=_next_templates(best, ranking.fitting),
            rejected=rejected,
            price_per_hour=best.price_per_hour,
            price_per_month=best.price_per_month,
            seen=seen,
            **meant,
        )
        for name, (best, *fallbacks) in zip(names, chosen, strict=True)
    )


def _without_room(clouds: Iterable[str], room: Callable[[str], Room]) -> dict[str, str]:
    """Those of `clouds` that have less room than they stand there, each with the reason."""
    needed: dict[str, int] = {}
    for cloud in clouds:
        needed[cloud] = needed.get(cloud, 0) + 1
    full = {}
    for cloud, count in needed.items():
        left, why = room(cloud)
        if left is not None and left < count:
            full[cloud] = why or f"{cloud} lets the account rent {left} more, not {count}"
    return full


def _chosen(
    fitting: Sequence[Offer], count: int, spread: Spread | None
) -> Iterator[Sequence[Offer]]:
    """For each server what it may be, the best first; `fitting` has the cheapest first.

    Spread out, each is in the cheapest place that the fewest of the others are in, and its
    fallbacks are there or where none of the others is.
    """
    if spread is None:
        yield from [_with_another_cloud(fitting)] * count
        return
    groups: dict[str, list[Offer]] = {}
    for offer in fitting:
        groups.setdefault(_place(offer, spread), []).append(offer)
    taken = [*groups][:count]
    elsewhere = [o for place, those in groups.items() if place not in taken for o in those]
    for number in range(count):
        own = groups[taken[number % len(taken)]]
        yield _with_another_cloud([*own, *elsewhere])


def _place(offer: Offer, spread: Spread) -> str:
    whole = spread is Spread.PROVIDERS
    return offer.provider if whole else f"{offer.provider} {offer.region}"


def _with_another_cloud(line: Sequence[Offer]) -> Sequence[Offer]:
    """The best and its fallbacks: where all of them are at one cloud, the last is not."""
    few = list(line[: 1 + _FALLBACKS])
    if len({offer.provider for offer in few}) == 1:
        other = next((o for o in line[len(few) :] if o.provider != few[0].provider), None)
        if other is not None:
            few[-1] = other
    return few


def _next_templates(best: Offer, others: Iterable[Offer]) -> tuple[Offer, ...]:
    """The cheapest offer of each of the next templates; the same one elsewhere says little."""
    found: dict[tuple[str, str], Offer] = {}
    for offer in others:
        if (offer.provider, offer.slug) != (best.provider, best.slug):
            found.setdefault((offer.provider, offer.slug), offer)
    return tuple(found.values())[:_SHOWN_RUNNERS_UP]
