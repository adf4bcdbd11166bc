"""What Linode sells: types, where, at which price, and whether any are left."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field

from capsule_adapters.rest.dialect import Collection, Joined
from capsule_adapters.rest.prices import ListPrice
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.money import Money
from capsule_domain.models.template import Gpu, Offer, Region, Stock

_CLASS_NEEDS = {
    "gpu": "GPU Linodes",
    "premium": "Premium Plans",
    "accelerated": "NETINT Quadra T1U",
    "metal": "Bare Metal",
}
"""What a region must be capable of for a class of types; the others need only `Linodes`."""

_GPUS = {
    # The API tells neither name nor memory: Nvidia's data sheets do.
    "rtx6000": ("NVIDIA Quadro RTX 6000", 24),
    "rtx4000a": ("NVIDIA RTX 4000 Ada", 20),
}

_MIB_PER_GIB = 1024


class _Region(Wire):
    id: str
    label: str = ""
    country: str = ""
    capabilities: tuple[str, ...] = ()
    status: str = "ok"
    site_type: str = "core"

    @classmethod
    def open_ones(cls, raw: Any, _reading: Reading) -> Iterator["_Region"]:
        region = cls.model_validate(raw)
        if region.status == "ok" and "Linodes" in region.capabilities:
            yield region

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Region]:
        for region in cls.open_ones(raw, reading):
            yield Region(
                provider=reading.provider,
                region=region.id,
                name=region.label.strip(),
                country=region.country.upper(),
            )

    def sells(self, type_: "_Type") -> bool:
        """Whether a type can be had here at all, and with user data."""
        need = _CLASS_NEEDS.get(type_.class_, "Linodes")
        at_the_edge = self.site_type == "distributed"
        fits = ("-edge-" in type_.id) == at_the_edge
        return fits and {need, "Metadata"} <= {*self.capabilities}


class _Price(Wire):
    id: str | None = None
    hourly: Decimal | None = None
    monthly: Decimal | None = None


class _Type(Wire):
    id: str
    label: str = ""
    class_: str = Field(default="", validation_alias="class")
    vcpus: int
    memory: int
    disk: int
    gpus: int = 0
    price: _Price | None
    region_prices: tuple[_Price, ...] = ()

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["_Type"]:
        yield cls.model_validate(raw)

    @classmethod
    def prices(cls, raw: Any, _reading: Reading) -> Iterator[ListPrice]:
        type_ = cls.model_validate(raw)
        for price in (type_.price, *type_.region_prices):
            if price is not None and price.hourly is not None:
                yield ListPrice(type_.id, price.id, _dollars(price.hourly))

    def price_in(self, region: str) -> tuple[Money, Money] | None:
        """By the hour and by the month; some regions are dearer. None when it is not told."""
        dearer = next((p for p in self.region_prices if p.id == region), None)
        price = dearer or self.price
        if price is None or price.hourly is None or price.monthly is None:
            return None
        return _dollars(price.hourly), _dollars(price.monthly)

    def gpu(self) -> Gpu | None:
        if self.gpus < 1:
            return None
        known = next((card for word, card in _GPUS.items() if word in self.id), None)
        model, memory_gib = known or (self.label, 0)
        return Gpu(model=model, count=self.gpus, memory_gib=memory_gib)


class _Availability(Wire):
    region: str
    plan: str
    available: bool

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["_Availability"]:
        yield cls.model_validate(raw)


def _dollars(amount: Decimal) -> Money:
    return Money(amount=amount, currency="USD")


def _offers(
    reading: Reading,
    types: Iterable[_Type],
    regions: Iterable[_Region],
    rows: Iterable[_Availability],
) -> Iterator[Offer]:
    """Types times regions; of most pairs the cloud does not say whether it has any left."""
    told = {(row.plan, row.region): row.available for row in rows}
    stock = {True: Stock.AVAILABLE, False: Stock.NONE, None: Stock.UNKNOWN}
    places = list(regions)
    for type_ in types:
        prices = {p.id: type_.price_in(p.id) for p in places if p.sells(type_)}
        sold = {region: price for region, price in prices.items() if price is not None}
        for region, (per_hour, per_month) in sold.items():
            yield Offer(
                provider=reading.provider,
                template=type_.id,
                slug=type_.id,
                name=type_.label,
                region=region,
                regions=tuple(sold),
                vcpus=type_.vcpus,
                memory_mib=type_.memory,
                disk_gib=type_.disk // _MIB_PER_GIB,
                gpu=type_.gpu(),
                price_per_hour=per_hour,
                price_per_month=per_month,
                stock=stock[told.get((type_.id, region))],
                as_of=reading.at,
                source=f"{reading.provider} /v4/linode/types",
            )


REGIONS = Collection("/v4/regions", "data", _Region.read)
OFFERS = Joined(
    (
        Collection("/v4/linode/types", "data", _Type.read),
        Collection("/v4/regions", "data", _Region.open_ones),
        Collection("/v4/regions/availability", "data", _Availability.read),
    ),
    _offers,
)
PRICES = Collection("/v4/linode/types", "data", _Type.prices)
