"""What a person asks of a server."""

import re
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from capsule_domain.errors import UsageError
from capsule_domain.models.base import Model
from capsule_domain.models.money import Money
from capsule_domain.models.template import Arch

_LIMIT = re.compile(
    r"(?P<amount>\d{1,9}(\.\d{1,9})?)\s*(?P<currency>[A-Za-z]{3})?\s*(/\s*(?P<period>hour|hr|h|month|mo))?"
)


class Period(StrEnum):
    """What a price is for."""

    HOUR = "hour"
    MONTH = "month"


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
    """What an offer must have. None, or False, asks for nothing."""

    min_vcpus: int | None = Field(default=None, gt=0)
    min_memory_gib: Decimal | None = Field(default=None, gt=0)
    max_price: PriceLimit | None = None
    gpu: bool = False
    gpu_model: str | None = None
    """Part of the model's name, in any case; asks for a GPU by itself."""
    region: str | None = None
    provider: str | None = None
    arch: Arch | None = None
