"""What Scaleway sells: types by zone, their prices, their disks, and the stock."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from capsule_adapters.rest.prices import ListPrice
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.money import Money
from capsule_domain.models.template import Arch, Gpu, Offer, Stock

_GB = 10**9
_GIB = 2**30
_MIB = 2**20
_HOURS_A_MONTH = 730
"""As in every recorded `monthly_price`, which is deprecated and may go."""
_WITH_WINDOWS = "-WIN"
"""How the names of types end whose price has a licence of Windows in it."""
_BLOCK_ROOT_BYTES = 40 * _GB
"""For types without a local disk. Block storage is billed besides."""

_ARCHES = {"x86_64": Arch.X86_64, "arm64": Arch.AARCH64}
_STOCK = {"available": Stock.AVAILABLE, "scarce": Stock.LIMITED, "shortage": Stock.NONE}


class _Sizes(Wire):
    """Bytes."""

    max_size: int = 0


class _PerVolume(Wire):
    l_ssd: _Sizes | None = None


class _GpuInfo(Wire):
    gpu_manufacturer: str = ""
    gpu_name: str = ""
    gpu_memory: int = 0


class Product(Wire):
    """A commercial type in one zone. Sizes are bytes."""

    name: str
    ncpus: int
    ram: int
    arch: str
    hourly_price: Decimal
    monthly_price: Decimal | None = None
    gpu: int | None = None
    gpu_info: _GpuInfo | None = None
    volumes_constraint: _Sizes | None = None
    per_volume_constraint: _PerVolume | None = None
    end_of_service: bool = False

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["Product"]:
        """From a pair of the map: the name, and the rest."""
        name, rest = raw
        yield cls.model_validate({**rest, "name": name} if isinstance(rest, dict) else rest)

    @property
    def is_sold(self) -> bool:
        """Whether it can be rented, and for a Linux that we know."""
        known = self.arch in _ARCHES and not self.name.endswith(_WITH_WINDOWS)
        return known and not self.end_of_service

    @property
    def local_bytes(self) -> int:
        """The local disk that comes with it; 0 when there is none."""
        each = self.per_volume_constraint and self.per_volume_constraint.l_ssd
        whole = self.volumes_constraint
        return min(whole.max_size, each.max_size) if whole and each else 0

    @property
    def image_type(self) -> str:
        """The kind of image that its root volume is made from."""
        return "instance_local" if self.local_bytes else "instance_sbs"

    @property
    def root_volume(self) -> Mapping[str, Any]:
        """All of its local disk, or else a block volume."""
        if self.local_bytes:
            return {"volume_type": "l_ssd", "size": self.local_bytes}
        return {"volume_type": "sbs_volume", "size": _BLOCK_ROOT_BYTES}

    @property
    def per_hour(self) -> Money:
        return Money.of(self.hourly_price, "EUR")

    @property
    def per_month(self) -> Money:
        return Money.of(self.monthly_price or self.hourly_price * _HOURS_A_MONTH, "EUR")

    def cards(self) -> Gpu | None:
        """The GPUs, where there are some."""
        if not self.gpu:
            return None
        told = self.gpu_info or _GpuInfo()
        model = f"{told.gpu_manufacturer} {told.gpu_name}".strip() or "GPU"
        return Gpu(model=model, count=self.gpu, memory_gib=told.gpu_memory // _GIB)


class Availability(Wire):
    """How much of a type a zone has."""

    name: str
    availability: str = ""

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["Availability"]:
        name, rest = raw
        yield cls.model_validate({**rest, "name": name} if isinstance(rest, dict) else rest)


def prices_in(zone: str) -> Callable[[Any, Reading], Iterator[ListPrice]]:
    """Reads the list price of a type, of those that are sold no more, too."""

    def read(raw: Any, reading: Reading) -> Iterator[ListPrice]:
        for product in Product.read(raw, reading):
            yield ListPrice(product.name, zone, product.per_hour)

    return read


def offers_in(zone: str, source: str) -> Callable[..., Iterator[Offer]]:
    """Joins the types of a zone with its stock."""

    def join(
        reading: Reading, products: Iterable[Product], stock: Iterable[Availability]
    ) -> Iterator[Offer]:
        told = {row.name: _STOCK.get(row.availability, Stock.UNKNOWN) for row in stock}
        for product in products:
            if product.is_sold:
                in_stock = told.get(product.name, Stock.UNKNOWN)
                yield _offer(product, zone, in_stock, reading, source)

    return join


def _offer(product: Product, zone: str, stock: Stock, reading: Reading, source: str) -> Offer:
    return Offer(
        provider=reading.provider,
        template=product.name,
        slug=product.name,
        name=product.name,
        region=zone,
        regions=(zone,),
        arch=_ARCHES[product.arch],
        vcpus=product.ncpus,
        memory_mib=product.ram // _MIB,
        disk_gib=product.local_bytes // _GB,
        gpu=product.cards(),
        price_per_hour=product.per_hour,
        price_per_month=product.per_month,
        stock=stock,
        as_of=reading.at,
        source=source,
    )
