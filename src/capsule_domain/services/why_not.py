"""What is asked of an offer, one question for each thing, and its answer: why not."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from capsule_domain.models.money import Rates
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.requirements import Period, PriceLimit, Requirements
from capsule_domain.models.template import Arch, Offer, Stock, Template

MIB_PER_GIB = 1024

# An Xnode's installer starts a kernel whose whole system is in memory: nixos-anywhere's issues
# 609 and 651 tell of 1 GiB that is never enough, and of 4 GiB with Ubuntu 24.04 that is. There
# is no build of it for other processors. NixOS comes in place where memory is small, and the
# configurations that Capsule writes are for x86_64.
_XNODEOS_MIB = 4 * MIB_PER_GIB
NO_STOCK = "out of stock"

Answer = Callable[[Offer | Template], str | None]


class Question(NamedTuple):
    """One thing that is asked. `option` is how a person asks it; empty: nobody did."""

    option: str
    why_not: Answer


def questions(wanted: Requirements, rates: Rates, unfit: Mapping[str, str]) -> list[Question]:
    """All that `wanted` asks, in the order in which reasons are told.

    `unfit`: clouds at which nothing can be rented, each with the reason.
    """
    known = frozenset(("USD", *rates.usd_per))
    asked = [
        Question("", _stock),
        Question("", _comparable(known)),
        *_where(wanted),
        *_what(wanted),
    ]
    if wanted.max_price is not None:
        asked.append(Question("--max-price", _price(wanted.max_price, rates)))
    if unfit:
        asked.append(Question("", lambda offer: unfit.get(offer.provider)))
    return asked


def _where(wanted: Requirements) -> Iterator[Question]:
    if wanted.clouds:
        yield Question("--provider", _provider(frozenset(wanted.clouds)))
    if wanted.template is not None:
        yield Question("--template", _template(wanted.template))
    if wanted.region is not None:
        among = frozenset(wanted.regions or (wanted.region,))
        yield Question("--region", _region(wanted.region, among))


def _what(wanted: Requirements) -> Iterator[Question]:
    if wanted.arch is not None:
        yield Question("--arch", _arch(wanted.arch))
    if wanted.os in (OperatingSystem.XNODEOS, OperatingSystem.NIXOS):
        yield Question("--os", _runs(wanted.os))
    if wanted.min_vcpus or wanted.max_vcpus:
        yield Question("--min-cpu", _vcpus(wanted.min_vcpus or 0, wanted.max_vcpus))
    if wanted.min_memory_gib or wanted.max_memory_gib:
        limits = (wanted.min_memory_gib or Decimal(0), wanted.max_memory_gib)
        yield Question("--min-memory", _memory(*limits))
    if wanted.min_disk_gib or wanted.max_disk_gib:
        yield Question("--min-disk", _disk(wanted.min_disk_gib or 0, wanted.max_disk_gib))
    if wanted.any_gpu:
        option = "--gpu-count" if wanted.gpu_count else "--gpu-model"
        asks = _gpu((wanted.gpu_model or "").lower(), wanted.gpu_count or 1)
        yield Question(option if wanted.gpu_count or wanted.gpu_model else "--gpu", asks)


def _stock(offer: Offer | Template) -> str | None:
    return NO_STOCK if offer.stock is Stock.NONE else None


def _comparable(currencies: frozenset[str]) -> Answer:
    def why_not(offer: Offer | Template) -> str | None:
        currency = offer.price_per_hour.currency
        return None if currency in currencies else f"no rate from {currency} to USD"

    return why_not


def _provider(names: frozenset[str]) -> Answer:
    return lambda offer: None if offer.provider in names else f"it is at {offer.provider}"


def _template(name: str) -> Answer:
    same = name.lower()

    def why_not(offer: Offer | Template) -> str | None:
        is_it = same in (offer.template.lower(), offer.slug.lower())
        return None if is_it else f"it is not {name}"

    return why_not


def _region(word: str, among: frozenset[str]) -> Answer:
    lacks = f"not sold in {word}"

    def why_not(offer: Offer | Template) -> str | None:
        if offer.region is None:
            return lacks if among.isdisjoint(offer.regions) else None
        return None if offer.region in among else lacks

    return why_not


def _arch(arch: Arch) -> Answer:
    return lambda offer: None if offer.arch is arch else f"it is {offer.arch}"


def _runs(system: OperatingSystem) -> Answer:
    least_mib = _XNODEOS_MIB if system is OperatingSystem.XNODEOS else 0

    def why_not(offer: Offer | Template) -> str | None:
        if offer.arch is not Arch.X86_64:
            return f"{system} is for x86_64, and it is {offer.arch}"
        if offer.memory_mib < least_mib:
            return f"{system} needs {least_mib // MIB_PER_GIB} GiB, and it has less"
        return None

    return why_not


def _vcpus(least: int, most: int | None) -> Answer:
    @cache
    def judged(has: int) -> str | None:
        if has < least:
            return f"has {has} vCPU, not {least}"
        return None if most is None or has <= most else f"has {has} vCPU, more than {most}"

    return lambda offer: judged(offer.vcpus)


def _memory(least_gib: Decimal, most_gib: Decimal | None) -> Answer:
    @cache
    def judged(has_mib: int) -> str | None:
        has = Decimal(has_mib) / MIB_PER_GIB
        if has < least_gib:
            return f"has {has:g} GiB, not {least_gib:g}"
        fits = most_gib is None or has <= most_gib
        return None if fits else f"has {has:g} GiB, more than {most_gib:g}"

    return lambda offer: judged(offer.memory_mib)


def _disk(least_gib: int, most_gib: int | None) -> Answer:
    @cache
    def judged(has: int) -> str | None:
        if has < least_gib:
            return f"has {has} GiB of disk, not {least_gib}"
        fits = most_gib is None or has <= most_gib
        return None if fits else f"has {has} GiB of disk, more than {most_gib}"

    return lambda offer: judged(offer.disk_gib)


def _gpu(model: str, count: int) -> Answer:
    def why_not(offer: Offer | Template) -> str | None:
        if offer.gpu is None:
            return "has no GPU"
        if model not in offer.gpu.model.lower():
            return f"its GPU is {offer.gpu.model}"
        return None if offer.gpu.count >= count else f"has {offer.gpu.count} GPU, not {count}"

    return why_not


def _price(limit: PriceLimit, rates: Rates) -> Answer:
    most = rates.in_usd(limit.price)
    hourly = limit.period is Period.HOUR
    reasons: dict[tuple[Decimal, str], str] = {}

    def why_not(offer: Offer | Template) -> str | None:
        price = offer.price_per_hour if hourly else offer.price_per_month
        amount = price.amount if price.currency == "USD" else rates.in_usd(price)
        if amount <= most:
            return None
        same = (price.amount, price.currency)
        if same not in reasons:
            reasons[same] = f"costs {price}"
        return reasons[same]

    return why_not
