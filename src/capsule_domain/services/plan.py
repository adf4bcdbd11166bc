"""Planning a deploy: the offer, its rivals, and what it will cost; nothing is sent."""

import re
from collections.abc import Iterable

from capsule_domain.errors import NoOfferFits, UsageError
from capsule_domain.models.deployment import DeployPlan, RejectedOffer
from capsule_domain.models.money import Rates
from capsule_domain.models.requirements import Requirements
from capsule_domain.models.template import Offer
from capsule_domain.services.place import rank

_SHOWN_RUNNERS_UP = 4
_SERVER_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def server_name(name: str) -> str:
    """`name`, if every cloud takes it as a server's. Raises UsageError with the rule."""
    if not _SERVER_NAME.fullmatch(name):
        raise UsageError(
            f"{name[:60]!r} cannot name an xNode: a name is lower-case letters, digits and "
            "inner dashes, 63 at most"
        )
    return name


def plan_deploy(
    name: str,
    offers: Iterable[Offer],
    wanted: Requirements,
    rates: Rates,
    *,
    profile: str | None = None,
    tags: tuple[str, ...] = (),
    left_out: Iterable[RejectedOffer] = (),
) -> DeployPlan:
    """The cheapest offer that fits, and why the others lost. Raises NoOfferFits.

    `left_out`: those that were rejected before anyone asked for their price.
    """
    ranking = rank(offers, wanted, rates)
    rejected = (
        *(RejectedOffer(offer=r.offer, reason=r.reason) for r in ranking.rejected),
        *left_out,
    )
    seen = len(ranking.fitting) + len(rejected)
    if not ranking.fitting:
        raise NoOfferFits(seen, (each.reason for each in rejected))
    best, *others = ranking.fitting
    return DeployPlan(
        name=name,
        offer=best,
        runners_up=_next_templates(best, others),
        rejected=rejected,
        profile=profile,
        tags=tags,
        price_per_hour=best.price_per_hour,
        price_per_month=best.price_per_month,
        seen=seen,
    )


def _next_templates(best: Offer, others: Iterable[Offer]) -> tuple[Offer, ...]:
    """The cheapest offer of each of the next templates; the same one elsewhere says little."""
    found: dict[tuple[str, str], Offer] = {}
    for offer in others:
        if (offer.provider, offer.slug) != (best.provider, best.slug):
            found.setdefault((offer.provider, offer.slug), offer)
    return tuple(found.values())[:_SHOWN_RUNNERS_UP]
