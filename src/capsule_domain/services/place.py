"""Choosing: which offers fit, in what order, and why the others do not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.continent import continent_named, continent_of
from capsule_domain.models.money import Rates
from capsule_domain.models.requirements import Requirements
from capsule_domain.models.template import Offer, Region, Template
from capsule_domain.services.why_not import questions

NOWHERE: Mapping[str, str] = MappingProxyType({})
Sized = TypeVar("Sized", bound=Offer | Template)


class Rejected(NamedTuple, Generic[Sized]):
    """One that does not fit, and the first reason why."""

    offer: Sized
    reason: str


class Ranking(NamedTuple, Generic[Sized]):
    """All that was looked at: `fitting` cheapest first, and the `rejected` in given order."""

    fitting: tuple[Sized, ...]
    rejected: tuple[Rejected[Sized], ...]


def rank(
    offers: Iterable[Sized],
    wanted: Requirements,
    rates: Rates,
    *,
    unfit: Mapping[str, str] = NOWHERE,
) -> Ranking[Sized]:
    """Split `offers` into those that fit, cheapest hour first, and the others.

    Prices in several currencies are ordered by `rates`. Equal hours are ordered by
    month, then by name, so that the answer never depends on the order of the question.
    `unfit`: clouds at which nothing can be rented, each with the reason.
    """
    fitting: list[Sized] = []
    rejected: list[Rejected[Sized]] = []
    asked = [question.why_not for question in questions(wanted, rates, unfit)]
    for offer in offers:
        for why_not in asked:
            reason = why_not(offer)
            if reason is not None:
                rejected.append(Rejected(offer, reason))
                break
        else:
            fitting.append(offer)
    return Ranking(tuple(cheapest_first(fitting, rates)), tuple(rejected))


def cheapest_first(offers: Iterable[Sized], rates: Rates) -> list[Sized]:
    """By the hour, the month, and then by names.

    Many bear the same price: each price is compared once, and names only among its own.
    """
    usd = rates.in_usd
    priced: defaultdict[tuple[Decimal, Decimal], list[Sized]] = defaultdict(list)
    for offer in offers:
        hour, month = offer.price_per_hour, offer.price_per_month
        priced[
            hour.amount if hour.currency == "USD" else usd(hour),
            month.amount if month.currency == "USD" else usd(month),
        ].append(offer)
    return [offer for price in sorted(priced) for offer in sorted(priced[price], key=_names)]


def _names(offer: Offer | Template) -> tuple[str, str, str, str]:
    return (offer.provider, offer.slug, offer.region or "", offer.template)


def offers_of(template: Template) -> Sequence[Offer]:
    """The template in each of its regions, at the catalogue's price."""
    fields = template.model_dump(exclude={"region"})
    return [Offer(**fields, region=region) for region in template.regions]


def regions_of(offers: Iterable[Offer]) -> Sequence[Region]:
    """The regions in which something is offered, as far as offers tell of them."""
    found = dict.fromkeys((offer.provider, offer.region) for offer in offers)
    return [Region(provider=provider, region=region) for provider, region in found]


def known_region(name: str, regions: Iterable[Region]) -> str:
    """The id of the region that `name` means: an id, or another word for one, in any case.

    Raises NotFound with the nearest, and Conflict when it means several.
    """
    known = [*regions]
    if any(region.region == name for region in known):
        return name
    meant = sorted({r.region for r in known if name.lower() in _words(r)})
    if len(meant) > 1:
        raise Conflict(f"'{name}' may mean {', '.join(meant)}", hint="write it as one of them")
    if not meant:
        words = {word for region in known for word in (region.region, *region.aliases)}
        raise NotFound("region", name, known=words, hint="capsule openmesh regions")
    return meant[0]


def region_meant(name: str, regions: Iterable[Region]) -> str:
    """As `known_region`; a word that nobody knows stays: what is rented may be anywhere."""
    try:
        return known_region(name, regions)
    except NotFound:
        return name


def _words(region: Region) -> set[str]:
    return {word.lower() for word in (region.region, *region.aliases)}


def placed(wanted: Requirements, regions: Iterable[Region]) -> Requirements:
    """`wanted` with its region by the cloud's own id; `regions` are those that there are.

    A continent becomes all regions on it, as far as their country is known. A region of
    that name, or with that other name, goes before it. Raises NotFound and Conflict.
    """
    word = wanted.region
    if word is None:
        return wanted
    at = [r for r in regions if not wanted.clouds or r.provider in wanted.clouds]
    continent = continent_named(word)
    if continent is None or any(word.lower() in _words(r) for r in at):
        return wanted.model_copy(update={"region": known_region(word, at)})
    inside = sorted({r.region for r in at if continent_of(r.country) is continent})
    if not inside:
        raise NotFound("continent with a region", continent, hint="capsule openmesh regions")
    return wanted.model_copy(update={"region": continent.value, "regions": tuple(inside)})


def refuse_unknown_template(name: str | None, sold: Iterable[Offer | Template]) -> None:
    """Raises NotFound with the nearest, when nothing bears that name."""
    if name is None:
        return
    known = {word for one in sold for word in (one.template, one.slug)}
    if name.lower() not in {word.lower() for word in known}:
        raise NotFound("template", name, known=known, hint="capsule openmesh templates")
