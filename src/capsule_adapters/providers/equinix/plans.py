"""What Equinix Metal sells: plans, the metros that have them, and their price there."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from capsule_adapters.providers.equinix.specs import Specs
from capsule_adapters.rest.dialect import Collection, Joined
from capsule_adapters.rest.paging import Unpaged
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.money import Money
from capsule_domain.models.template import Arch, Offer, Region, Stock

_STOCK = {
    "normal": Stock.AVAILABLE,
    "limited": Stock.LIMITED,
    "unavailable": Stock.NONE,
}
# By the hour there is no cap: a month is the average month's hours, as the catalogue counts.
_HOURS_A_MONTH = 730


class _Level(Wire):
    level: str = ""


class _Shelf(Wire):
    """What one metro has of each plan."""

    metro: str
    levels: Mapping[str, _Level]

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["_Shelf"]:
        metro, levels = raw
        yield cls(metro=metro, levels=levels)

    def stock(self, plan: str) -> Stock:
        level = self.levels.get(plan)
        return Stock.UNKNOWN if level is None else _STOCK.get(level.level, Stock.UNKNOWN)


class Metro(Wire):
    """A metro; devices and prices refer to it by its id, people by its code."""

    id: str
    code: str
    name: str = ""
    country: str = ""

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["Metro"]:
        yield cls.model_validate(raw)

    @classmethod
    def region(cls, raw: Any, reading: Reading) -> Iterator[Region]:
        metro = cls.model_validate(raw)
        yield Region(
            provider=reading.provider,
            region=metro.code,
            name=metro.name,
            country=metro.country.upper(),
        )


class _Price(Wire):
    hour: Decimal | None = None


class _Place(Wire):
    href: str
    price: _Price = _Price()

    @property
    def metro_id(self) -> str:
        return self.href.rpartition("/")[2]


class PlanPrices(Wire):
    """The part of a plan that tells what it costs, alone and as a device includes it."""

    slug: str
    pricing: _Price = _Price()
    available_in_metros: tuple[_Place, ...] = ()

    def per_hour(self, metro_id: str) -> Money | None:
        """In a metro: its own price where it has one."""
        own = (p.price.hour for p in self.available_in_metros if p.metro_id == metro_id)
        hour = next(own, None) or self.pricing.hour
        return Money(amount=hour, currency="USD") if hour else None


class Plan(PlanPrices):
    """A plan. One whose size is not told is no server."""

    name: str = ""
    description: str = ""
    deployment_types: tuple[str, ...] = ("on_demand",)
    specs: Specs = Specs()

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["Plan"]:
        yield cls.model_validate(raw)

    def offers(
        self, reading: Reading, metros: Mapping[str, Metro], shelves: Mapping[str, _Shelf]
    ) -> Iterator[Offer]:
        """The plan in each metro that lists it at a price. `metros` by id, `shelves` by code."""
        prices = {
            metros[place.metro_id].code: self.per_hour(place.metro_id)
            for place in self.available_in_metros
            if place.metro_id in metros
        }
        sold = {code: price for code, price in prices.items() if price is not None}
        if "on_demand" not in self.deployment_types or not self._is_server:
            return
        for code, per_hour in sold.items():
            yield Offer(
                provider=reading.provider,
                template=self.slug,
                slug=self.slug,
                name=self.name,
                region=code,
                regions=tuple(sold),
                arch=self._arch,
                vcpus=self.specs.cores,
                memory_mib=self.specs.memory_mib,
                disk_gib=self.specs.disk_gib,
                gpu=self.specs.graphics(self.description),
                price_per_hour=per_hour,
                price_per_month=Money.of(round(per_hour.amount * _HOURS_A_MONTH, 2)),
                stock=shelves[code].stock(self.slug) if code in shelves else Stock.UNKNOWN,
                as_of=reading.at,
                source=f"{reading.provider} /plans",
            )

    @property
    def _is_server(self) -> bool:
        return self.specs.cores > 0 and self.specs.memory_mib > 0

    @property
    def _arch(self) -> Arch:
        """Only the end of its name tells: `c3.large.arm64`, `c1.large.arm`."""
        return Arch.AARCH64 if ".arm" in self.slug else Arch.X86_64


def _offers(
    reading: Reading, plans: Iterable[Plan], metros: Iterable[Metro], shelves: Iterable[_Shelf]
) -> Iterator[Offer]:
    """Plans times the metros that have them, with the stock there."""
    places = {metro.id: metro for metro in metros}
    stocked = {shelf.metro: shelf for shelf in shelves}
    for plan in plans:
        yield from plan.offers(reading, places, stocked)


_METROS = "/locations/metros"
REGIONS = Collection(_METROS, "metros", Metro.region, paging=Unpaged())
OFFERS = Joined(
    (
        Collection("/plans", "plans", Plan.read, paging=Unpaged()),
        Collection(_METROS, "metros", Metro.read, paging=Unpaged()),
        Collection("/capacity/metros", "capacity", _Shelf.read, keyed=True, paging=Unpaged()),
    ),
    _offers,
)
