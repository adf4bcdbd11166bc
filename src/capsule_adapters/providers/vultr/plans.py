"""What Vultr sells: the plans of cloud instances and of bare metal."""

import re
from collections.abc import Container, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from capsule_adapters.rest.dialect import Collection
from capsule_adapters.rest.prices import ListPrice
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.money import Money
from capsule_domain.models.template import Arch, Gpu, Offer, Stock

Stocks = Mapping[str, Container[str] | None]
"""By region, the plans that it has now; None where nobody asked."""

# "How Am I Billed for My Servers?", 2025-09-15: hours are counted up to a cap in a month.
_HOURS_A_MONTH, _HOURS_A_MONTH_WITH_GPU = 672, 730
# Rented without an IPv4 address. Nothing but the end of its id tells.
_WITHOUT_IPV4 = "-v6"
# Ids are not meant to be read; where nothing else tells the model of a GPU, theirs is shown.
_GPU_IN_ID = re.compile(
    r"^vcg-(?P<cloud>[a-z0-9]+)-|-(?:(?P<count>\d+)-)?(?P<metal>[a-z0-9]+)-gpu$"
)


class _Cost(Wire):
    monthly_cost: Decimal
    hourly_cost: Decimal | None = None


class Plan(Wire):
    """A plan of either list. `locations` is where it is in the catalogue, and not stock."""

    id: str
    vcpus: int = Field(
        gt=0, validation_alias=AliasChoices("vcpu_count", "cpu_threads", "cpu_count")
    )
    ram: int = Field(gt=0)
    disk: int = Field(ge=0)
    disk_count: int = Field(1, ge=0)
    monthly_cost: Decimal
    hourly_cost: Decimal | None = None
    locations: tuple[str, ...]
    # An empty object may be written as an empty list.
    location_cost: Annotated[Mapping[str, _Cost], BeforeValidator(lambda cost: cost or {})] = {}
    gpu_brand: str | None = None
    gpu_type: str | None = None
    gpu_count: int | None = Field(None, ge=0)
    gpu_vram_gb: int | None = Field(None, ge=0)
    """Of all GPUs together."""
    deploy_ondemand: bool = True

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["Plan"]:
        yield cls.model_validate(raw)

    @classmethod
    def prices(cls, raw: Any, _reading: Reading) -> Iterator[ListPrice]:
        """What servers of this plan cost, sold still or not."""
        plan = cls.model_validate(raw)
        for region in (None, *plan.location_cost):
            hour, _ = plan.price(region)
            yield ListPrice(plan.id, region, hour)

    def offers(self, reading: Reading, stocks: Stocks, *, source: str) -> Iterator[Offer]:
        """The plan in each region of `stocks` that lists it or has it.

        None of a plan that costs nothing, which is granted and not sold, and of one
        that gets no IPv4 address.
        """
        if not self.monthly_cost or self.id.endswith(_WITHOUT_IPV4):
            return
        regions = tuple(
            region
            for region, has in stocks.items()
            if region in self.locations or self.id in (has or ())
        )
        for region in regions:
            hour, month = self.price(region)
            yield Offer(
                provider=reading.provider,
                template=self.id,
                slug=self.id,
                region=region,
                regions=regions,
                arch=Arch.AARCH64 if "gh200" in self.id else Arch.X86_64,
                vcpus=self.vcpus,
                memory_mib=self.ram,
                disk_gib=self.disk * self.disk_count,
                gpu=self.gpu(),
                price_per_hour=hour,
                price_per_month=month,
                stock=self._stock(stocks[region]),
                as_of=reading.at,
                source=source,
            )

    def price(self, region: str | None) -> tuple[Money, Money]:
        """An hour and a month in a region; None: wherever it has no price of its own."""
        cost = self.location_cost.get(region, self) if region else self
        hours = _HOURS_A_MONTH_WITH_GPU if self.gpu() else _HOURS_A_MONTH
        # Only plans by the hour tell it; nothing, and zero, is no price of what has one a month.
        hourly = cost.hourly_cost or round(cost.monthly_cost / hours, 5)
        return Money.of(hourly), Money.of(cost.monthly_cost)

    def gpu(self) -> Gpu | None:
        """The GPUs, or the part of one, as far as they are told."""
        brand, in_id = (self.gpu_brand or "").strip(), _GPU_IN_ID.search(self.id)
        if brand.lower() == "none" or not (brand or self.gpu_type or in_id):
            return None
        told = in_id.groupdict() if in_id else {}
        count = self.gpu_count or int(told.get("count") or 1)
        model = self.gpu_type or f"{brand} {told.get('cloud') or told.get('metal') or ''}"
        return Gpu(
            model=model.replace("_", " ").strip().upper(),
            count=count,
            memory_gib=(self.gpu_vram_gb or 0) // count,
        )

    def _stock(self, has: Container[str] | None) -> Stock:
        if has is None:
            return Stock.UNKNOWN
        return Stock.AVAILABLE if self.deploy_ondemand and self.id in has else Stock.NONE


# Asked without a type, the first list may leave some out.
_ALL = ({"type": "all"},)
PLANS = Collection("/plans", "plans", Plan.read, _ALL)
PRICES = Collection("/plans", "plans", Plan.prices, _ALL)
METAL_PLANS = Collection("/plans-metal", "plans_metal", Plan.read)
METAL_PRICES = Collection("/plans-metal", "plans_metal", Plan.prices)
