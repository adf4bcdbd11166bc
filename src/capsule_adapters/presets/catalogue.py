"""The offline catalogue: what clouds sold, at which price, on which day."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property

from pydantic import Field

from capsule_adapters.presets.root import presets_root
from capsule_adapters.presets.toml import read_model
from capsule_domain.models.base import Model
from capsule_domain.models.money import Money, Rates
from capsule_domain.models.template import Arch, Gpu, Region, Template

_RATES = "rates.toml"
_MIB_PER_GIB = 1024


class _SoldTemplate(Model):
    """Without a `slug` the cloud is asked for the cheapest that is at least as large."""

    template: str
    slug: str = ""
    name: str = ""
    regions: tuple[str, ...] = ()
    arch: Arch = Arch.X86_64
    vcpus: int = Field(gt=0)
    memory_gib: Decimal = Field(gt=0)
    disk_gib: int = Field(ge=0)
    gpu: Gpu | None = None
    price_per_hour: Decimal = Field(ge=0)
    price_per_month: Decimal = Field(ge=0)
    source: str
    sourced: bool = True
    as_of: date


class _Place(Model):
    region: str
    name: str
    country: str = Field(pattern=r"^[A-Z]{2}$")
    aliases: tuple[str, ...] = ()


class _CloudFile(Model):
    """catalogue/<cloud>.toml. A template without `regions` is sold in all of them."""

    provider: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    templates: tuple[_SoldTemplate, ...]
    regions: tuple[_Place, ...]


class _RatesFile(Model):
    as_of: date
    source: str
    usd_per: dict[str, Decimal]


class TomlCatalogue:
    """The catalogue that ships with Capsule. Files are read on first use and once."""

    def providers(self) -> Sequence[str]:
        """The clouds that have a catalogue, sorted."""
        return [cloud.provider for cloud in self._clouds]

    def templates(self) -> Sequence[Template]:
        """Every template of every cloud, in the order of the files."""
        return [_template(cloud, sold) for cloud in self._clouds for sold in cloud.templates]

    def regions(self) -> Sequence[Region]:
        """Every region of every cloud, in the order of the files."""
        return [
            Region(
                provider=cloud.provider,
                region=place.region,
                name=place.name,
                country=place.country,
                aliases=place.aliases,
            )
            for cloud in self._clouds
            for place in cloud.regions
        ]

    @cached_property
    def _clouds(self) -> tuple[_CloudFile, ...]:
        folder = presets_root() / "catalogue"
        files = sorted(folder.iterdir(), key=lambda file: file.name)
        return tuple(
            read_model(_CloudFile, file)
            for file in files
            if file.name.endswith(".toml") and file.name != _RATES
        )


def rates() -> Rates:
    """The dated rates that ship with Capsule; they serve only to order and to filter."""
    read = read_model(_RatesFile, presets_root() / "catalogue" / _RATES)
    return Rates(as_of=_moment(read.as_of), source=read.source, usd_per=read.usd_per)


def _template(cloud: _CloudFile, sold: _SoldTemplate) -> Template:
    return Template(
        provider=cloud.provider,
        template=sold.template,
        slug=sold.slug,
        name=sold.name,
        regions=sold.regions or tuple(place.region for place in cloud.regions),
        arch=sold.arch,
        vcpus=sold.vcpus,
        memory_mib=int(sold.memory_gib * _MIB_PER_GIB),
        disk_gib=sold.disk_gib,
        gpu=sold.gpu,
        price_per_hour=Money.of(sold.price_per_hour, cloud.currency),
        price_per_month=Money.of(sold.price_per_month, cloud.currency),
        as_of=_moment(sold.as_of),
        source=sold.source,
        sourced=sold.sourced,
    )


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
