"""What clouds sell: templates, and offers of them in a region."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.money import Money


class Arch(StrEnum):
    """A processor architecture, in Nix's words."""

    X86_64 = "x86_64"
    AARCH64 = "aarch64"


class Stock(StrEnum):
    """How much of an offer the cloud says it has."""

    AVAILABLE = "available"
    LIMITED = "limited"
    NONE = "none"
    UNKNOWN = "unknown"


class Gpu(Model):
    """The graphics processors of one template. `memory_gib` is of one of them."""

    model: str
    count: int = Field(gt=0)
    memory_gib: int = Field(ge=0)


class _Size(Model):
    provider: str
    template: str
    """The name Capsule shows: the catalogue's, or else the slug."""
    slug: str
    """The cloud's own id of this size; empty where only the cloud's live answer has it."""
    name: str = ""
    regions: tuple[str, ...] = ()
    """Every region where the cloud sells it."""
    arch: Arch = Arch.X86_64
    vcpus: int = Field(gt=0)
    memory_mib: int = Field(gt=0)
    disk_gib: int = Field(ge=0)
    gpu: Gpu | None = None
    price_per_hour: Money
    price_per_month: Money
    """The cloud's own monthly price: a cap is not hours times a constant."""
    stock: Stock = Stock.UNKNOWN
    as_of: Moment
    """When the price was true."""
    source: str
    """Where the price was read."""
    sourced: bool = True
    """Whether it was read at all: False marks a price that nobody vouches for."""


class Template(_Size):
    """A size that a cloud sells, at its cheapest price over its regions."""

    region: Literal[None] = None


class Offer(_Size):
    """A template in one region, at the price there."""

    region: str


class Region(Model):
    """A place of a cloud. `country` is an ISO 3166 code where it is known.

    `aliases` are other words that people have for it, such as `par1` for `fr-par-1`.
    """

    provider: str
    region: str
    name: str = ""
    country: str = ""
    aliases: tuple[str, ...] = ()
