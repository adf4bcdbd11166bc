"""What Hivelocity sells: rows of products in data centres, described in words for people."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from html import unescape
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from capsule_adapters.providers.hivelocity.devices import HOURLY
from capsule_adapters.rest.dialect import Collection, Joined
from capsule_adapters.rest.prices import ListPrice
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.money import Money
from capsule_domain.models.template import Gpu, Offer, Stock

_HOURS_A_MONTH = 730
_MIB = {"GB": 1024, "TB": 1024 * 1024}
_DISK_GB = {"GB": 1, "TB": 1000}
_STOCK = {
    "available": Stock.AVAILABLE,
    "limited": Stock.LIMITED,
    "unavailable": Stock.NONE,
}
_CORES = re.compile(r"(\d+)\s*(?:cores?|v?cpus?)\b", re.IGNORECASE)
_SIZE = re.compile(r"(?:(\d+)\s*x\s*)?(\d+(?:\.\d+)?)\s*(GB|TB)\b", re.IGNORECASE)
_COUNT = re.compile(r"(\d+)\s*x\s*", re.IGNORECASE)
_GPU_MEMORY = re.compile(r"\(?\b(\d+)\s*GB\b\)?", re.IGNORECASE)

_Text = Annotated[str, BeforeValidator(lambda text: _plain(text or ""))]
"""Words for people, which may be HTML."""
_Amount = Annotated[Decimal, BeforeValidator(lambda amount: amount or 0)]


class _Processors(Wire):
    cores: int | None = None


class Product(Wire):
    """A product in one data centre."""

    product_id: int
    data_center: str
    stock: str
    hourly: _Amount = Field(validation_alias="product_hourly_price")
    premium: _Amount = Field(Decimal(0), validation_alias="hourly_location_premium")
    memory: _Text = Field(validation_alias="product_memory")
    name: _Text = Field("", validation_alias="product_name")
    cores: _Text = Field("", validation_alias="product_cpu_cores")
    drive: _Text = Field("", validation_alias="product_drive")
    gpu: _Text = Field("", validation_alias="product_gpu")
    processors: _Processors | None = Field(None, validation_alias="processor_info")
    instant: bool | None = Field(None, validation_alias="is_sps")
    not_for: tuple[str, ...] | None = Field(
        None, validation_alias="product_disabled_billing_periods"
    )

    @classmethod
    def each(cls, raw: Any, _reading: Reading) -> Iterator["Product"]:
        yield cls.model_validate(raw)

    @classmethod
    def prices(cls, raw: Any, _reading: Reading) -> Iterator[ListPrice]:
        """What devices of this product cost there, sold still or not."""
        product = cls.model_validate(raw)
        if product.hourly:
            yield ListPrice(str(product.product_id), product.data_center, product.per_hour)

    @property
    def per_hour(self) -> Money:
        """Some data centres are dearer by so much."""
        return Money.of(self.hourly + self.premium)

    @property
    def vcpus(self) -> int:
        """Cores; the cloud's own `vcpus` are cores times threads. 0 where they are not told."""
        told = _CORES.search(self.cores)
        cores = self.processors.cores if self.processors else None
        return cores or (int(told[1]) if told else 0)

    @property
    def memory_mib(self) -> int:
        """0 where it is not told."""
        return int(_sum(self.memory, _MIB))

    @property
    def is_rented_by_the_hour(self) -> bool:
        """At once and without a term; the others would be refused, or built first."""
        hourly = bool(self.hourly) and HOURLY not in (self.not_for or ())
        return hourly and self.instant is not False

    def offer(self, reading: Reading, regions: tuple[str, ...]) -> Offer:
        """A month costs its hours: the monthly price is for a term that cannot be ended."""
        return Offer(
            provider=reading.provider,
            template=str(self.product_id),
            slug=str(self.product_id),
            name=self.name,
            region=self.data_center,
            regions=regions,
            vcpus=self.vcpus,
            memory_mib=self.memory_mib,
            disk_gib=int(_sum(self.drive, _DISK_GB)),
            gpu=_gpu(self.gpu),
            price_per_hour=self.per_hour,
            price_per_month=Money.of(round(self.per_hour.amount * _HOURS_A_MONTH, 2)),
            stock=_STOCK.get(self.stock, Stock.UNKNOWN),
            as_of=reading.at,
            source=f"{reading.provider} /inventory/product",
        )


def _offers(reading: Reading, rows: Iterable[Product]) -> Iterator[Offer]:
    """One for each product and data centre: several shelves of the store may show the same.

    Where its words do not tell how large it is, it is left out.
    """
    sold = {
        (row.product_id, row.data_center): row
        for row in rows
        if row.is_rented_by_the_hour and row.vcpus and row.memory_mib
    }
    for row in sold.values():
        regions = tuple(place for product, place in sold if product == row.product_id)
        yield row.offer(reading, regions)


def _sum(text: str, units: dict[str, int]) -> Decimal:
    """What sizes such as `1 x 960GB SSD, 2 x 4TB SATA` come to."""
    sizes = _SIZE.findall(text)
    parts = (int(count or 1) * Decimal(size) * units[unit.upper()] for count, size, unit in sizes)
    return sum(parts, Decimal(0))


def _gpu(text: str) -> Gpu | None:
    """From words such as `2 x NVIDIA A100 80GB` or `None`."""
    count, memory = _COUNT.match(text), _GPU_MEMORY.search(text)
    model = " ".join(_GPU_MEMORY.sub(" ", _COUNT.sub("", text, count=1)).split())
    if not model or model.lower() in ("none", "n/a"):
        return None
    number = int(count[1]) if count else 1
    return Gpu(model=model, count=max(number, 1), memory_gib=int(memory[1]) if memory else 0)


def _plain(text: Any) -> Any:
    """Without tags, in one line; what is no text is left to be told."""
    if not isinstance(text, str):
        return text
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


# What is built on demand (CUSTOM_DISPLAY) is not rented by the hour.
_SHELVES = ("MAIN", "GPU", "OUTLET", "LANDING", "MASSIVESTORAGE")
# Asked without a grouping, an object comes instead of a list.
_ALL = tuple({"location": shelf, "group_by": "flat"} for shelf in _SHELVES)
OFFERS = Joined((Collection("/inventory/product", "", Product.each, _ALL),), _offers)
PRICES = Collection("/inventory/product", "", Product.prices, _ALL)
