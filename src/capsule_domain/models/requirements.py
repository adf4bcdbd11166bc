"""What a person asks of a server."""

import re
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from capsule_domain.errors import UsageError
from capsule_domain.models.base import Model
from capsule_domain.models.money import Money
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.template import Arch

_LIMIT = re.compile(
    r"(?P<amount>\d{1,9}(\.\d{1,9})?)\s*(?P<currency>[A-Za-z]{3})?\s*(/\s*(?P<period>hour|hr|h|month|mo))?"
)


class Period(StrEnum):
    """What a price is for."""

    HOUR = "hour"
    MONTH = "month"


class Spread(StrEnum):
    """What several servers are kept apart by, as far as there is enough of it."""

    REGIONS = "regions"
    PROVIDERS = "providers"


class PriceLimit(Model):
    """The most that may be paid for an hour or a month."""

    price: Money
    period: Period = Period.HOUR

    @classmethod
    def parse(cls, text: str) -> "PriceLimit":
        """`0.05`, `0.2EUR`, `40/mo`, `40EUR/mo`: US dollars an hour unless it says otherwise.

        Raises UsageError.
        """
        found = _LIMIT.fullmatch(text.strip())
        if not found:
            raise UsageError(
                "a price is a number such as 0.05, 0.2EUR or 40/mo", hint="--max-price 40/mo"
            )
        monthly = (found["period"] or "h").startswith("m")
        return cls(
            price=Money.of(found["amount"], (found["currency"] or "USD").upper()),
            period=Period.MONTH if monthly else Period.HOUR,
        )

    def __str__(self) -> str:
        return f"{self.price} a {self.period}"


class Requirements(Model):
    """What an offer must have. None, False or nothing asks for nothing."""

    min_vcpus: int | None = Field(default=None, gt=0)
    max_vcpus: int | None = Field(default=None, gt=0)
    min_memory_gib: Decimal | None = Field(default=None, gt=0)
    max_memory_gib: Decimal | None = Field(default=None, gt=0)
    min_disk_gib: int | None = Field(default=None, gt=0)
    max_disk_gib: int | None = Field(default=None, gt=0)
    max_price: PriceLimit | None = None
    gpu: bool = False
    gpu_model: str | None = None
    """Part of the model's name, in any case; asks for a GPU by itself."""
    gpu_count: int | None = Field(default=None, gt=0)
    """At least so many; asks for a GPU by itself."""
    template: str | None = None
    """A template by its name, or by the cloud's own id of it."""
    region: str | None = None
    regions: tuple[str, ...] = ()
    """Any of these, by their ids: what `region` comes to where it is a continent."""
    provider: str | None = None
    providers: tuple[str, ...] = ()
    """Any of these, where there are several; one alone is `provider`."""
    arch: Arch | None = None
    os: OperatingSystem | None = None
    """What shall run on it, and needs room and a processor for that."""

    @property
    def clouds(self) -> tuple[str, ...]:
        """The clouds that are asked for; nothing asks for all."""
        return (self.provider,) if self.provider else self.providers

    @property
    def any_gpu(self) -> bool:
        """Whether a GPU is asked for in whatever way."""
        return self.gpu or bool(self.gpu_model) or self.gpu_count is not None
