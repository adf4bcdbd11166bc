"""What DigitalOcean sells: its regions, and sizes of droplets."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import AliasPath, Field

from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.money import Money
from capsule_domain.models.template import Gpu, Offer, Region, Stock


def dollars(amount: Decimal) -> Money:
    """The published price: the API widens 0.00744 to 0.00743999984115362."""
    return Money(amount=round(amount, 5), currency="USD")


class WireRegion(Wire):
    """A place with droplets."""

    slug: str
    name: str = ""
    available: bool = True

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Region]:
        region = cls.model_validate(raw)
        if region.available:
            yield Region(provider=reading.provider, region=region.slug, name=region.name)


class WireGpu(Wire):
    count: int = 0
    model: str = ""
    vram_gib: int = Field(default=0, validation_alias=AliasPath("vram", "amount"))

    def read(self) -> Gpu | None:
        if self.count < 1:
            return None
        # The amount is of all of them together: gpu-h100x8-640gb has 640.
        model = self.model.replace("_", " ").upper()
        return Gpu(model=model, count=self.count, memory_gib=self.vram_gib // self.count)


class WireSize(Wire):
    """A size, sold in each of its regions."""

    slug: str
    vcpus: int
    memory: int
    disk: int
    price_hourly: Decimal
    price_monthly: Decimal
    regions: tuple[str, ...]
    available: bool
    description: str = ""
    gpu_info: WireGpu | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Offer]:
        size = cls.model_validate(raw)
        for region in size.regions:
            yield Offer(
                provider=reading.provider,
                template=size.slug,
                slug=size.slug,
                name=size.description,
                region=region,
                regions=size.regions,
                vcpus=size.vcpus,
                memory_mib=size.memory,
                disk_gib=size.disk,
                gpu=size.gpu_info.read() if size.gpu_info else None,
                price_per_hour=dollars(size.price_hourly),
                price_per_month=dollars(size.price_monthly),
                stock=Stock.AVAILABLE if size.available else Stock.NONE,
                as_of=reading.at,
                source=f"{reading.provider} /v2/sizes",
            )
