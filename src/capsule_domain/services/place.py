"""Choosing: which offers fit, in what order, and why the others do not."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.money import Money, Rates
from capsule_domain.models.requirements import Period, PriceLimit, Requirements
from capsule_domain.models.template import Offer, Region, Stock, Template

_MIB_PER_GIB = 1024

Sized = TypeVar("Sized", bound=Offer | Template)
_WhyNot = Callable[[Offer | Template], str | None]


@dataclass(frozen=True)
class Rejected(Generic[Sized]):
    """One that does not fit, and the first reason why."""

    offer: Sized
    reason: str


@dataclass(frozen=True)
class Ranking(Generic[Sized]):
    """All that was looked at: `fitting` cheapest first, and the `rejected` in given order."""

    fitting: tuple[Sized, ...]
    rejected: tuple[Rejected[Sized], ...]


def rank(offers: Iterable[Sized], wanted: Requirements, rates: Rates) -> Ranking[Sized]:
    """Split `offers` into those that fit, cheapest hour first, and the others.

    Prices in several currencies are ordered by `rates`. Equal hours are ordered by
    month, then by name, so that the answer never depends on the order of the question.
    """
    fitting: list[Sized] = []
    rejected: list[Rejected[Sized]] = []
    questions = _questions(wanted, rates)
    for offer in offers:
        reason = next(filter(None, (why_not(offer) for why_not in questions)), None)
        if reason is None:
            fitting.append(offer)
        else:
            rejected.append(Rejected(offer, reason))
    fitting.sort(key=lambda offer: _order(offer, rates))
    return Ranking(tuple(fitting), tuple(rejected))


def _order(offer: Offer | Template, rates: Rates) -> tuple[Decimal, Decimal, str, str, str]:
    return (
        rates.in_usd(offer.price_per_hour),
        rates.in_usd(offer.price_per_month),
        offer.provider,
        offer.slug,
        offer.region or "",
    )


def _questions(wanted: Requirements, rates: Rates) -> Sequence[_WhyNot]:
    """One question for each thing that is asked; the answer is why not, or None."""
    asked: list[_WhyNot] = [_stock]
    if wanted.provider is not None:
        asked.append(_provider(wanted.provider))
    if wanted.region is not None:
        asked.append(_region(wanted.region))
    if wanted.arch is not None:
        asked.append(lambda o: None if o.arch is wanted.arch else f"it is {o.arch}")
    if wanted.min_vcpus is not None:
        asked.append(_vcpus(wanted.min_vcpus))
    if wanted.min_memory_gib is not None:
        asked.append(_memory(wanted.min_memory_gib))
    if wanted.gpu or wanted.gpu_model:
        asked.append(_gpu((wanted.gpu_model or "").lower()))
    if wanted.max_price is not None:
        asked.append(_price(wanted.max_price, rates))
    return asked


def _stock(offer: Offer | Template) -> str | None:
    return "out of stock" if offer.stock is Stock.NONE else None


def _provider(name: str) -> _WhyNot:
    return lambda offer: None if offer.provider == name else f"it is at {offer.provider}"


def _region(region: str) -> _WhyNot:
    def why_not(offer: Offer | Template) -> str | None:
        places = offer.regions if offer.region is None else (offer.region,)
        return None if region in places else f"not sold in {region}"

    return why_not


def _vcpus(least: int) -> _WhyNot:
    return lambda o: None if o.vcpus >= least else f"has {o.vcpus} vCPU, not {least}"


def _memory(least_gib: Decimal) -> _WhyNot:
    least_mib = least_gib * _MIB_PER_GIB

    def why_not(offer: Offer | Template) -> str | None:
        has_gib = Decimal(offer.memory_mib) / _MIB_PER_GIB
        return None if offer.memory_mib >= least_mib else f"has {has_gib:g} GiB, not {least_gib:g}"

    return why_not


def _gpu(model: str) -> _WhyNot:
    def why_not(offer: Offer | Template) -> str | None:
        if offer.gpu is None:
            return "has no GPU"
        return None if model in offer.gpu.model.lower() else f"its GPU is {offer.gpu.model}"

    return why_not


def _price(limit: PriceLimit, rates: Rates) -> _WhyNot:
    most = rates.in_usd(limit.price)

    def price(offer: Offer | Template) -> Money:
        return offer.price_per_hour if limit.period is Period.HOUR else offer.price_per_month

    return lambda o: None if rates.in_usd(price(o)) <= most else f"costs {price(o)}"


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

    Raises NotFound and Conflict.
    """
    if wanted.region is None:
        return wanted
    at = [r for r in regions if wanted.provider in (None, r.provider)]
    return wanted.model_copy(update={"region": known_region(wanted.region, at)})
