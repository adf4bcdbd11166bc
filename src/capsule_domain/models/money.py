"""Money, which never forgets its currency."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, PlainSerializer

from capsule_domain.errors import CurrencyMismatch
from capsule_domain.models.base import Model, Moment

HOURS_PER_DAY = 24
HOURS_PER_MONTH = 730
"""As clouds count that sell hours only."""
MONTHS_PER_YEAR = 12


def _plain(amount: Decimal) -> str:
    """Digits without an exponent and without trailing zeros: 0.0071, 6, 1500."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class Money(Model):
    """An amount in one currency. In JSON: `{"amount": "0.0071", "currency": "USD"}`."""

    amount: Annotated[Decimal, PlainSerializer(_plain, return_type=str)]
    currency: str = Field(pattern=r"^[A-Z]{3}$")

    @classmethod
    def of(cls, amount: Decimal | str | int | float, currency: str = "USD") -> Self:
        """`amount` in `currency`; a float is read by its shortest digits, not its bits."""
        exact = Decimal(repr(amount)) if isinstance(amount, float) else Decimal(amount)
        return cls(amount=exact, currency=currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(amount=self.amount - other.amount, currency=self.currency)

    def __mul__(self, factor: Decimal | int) -> "Money":
        return Money(amount=self.amount * factor, currency=self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def __str__(self) -> str:
        return f"{_plain(self.amount)} {self.currency}"


class Rates(Model):
    """Dated exchange rates: how many US dollars one unit of each currency is worth.

    They serve only to order and filter offers; a sum never uses them.
    """

    as_of: Moment
    source: str
    usd_per: dict[str, Decimal]

    def in_usd(self, money: Money) -> Decimal:
        """`money` in US dollars, for comparing. Raises CurrencyMismatch for an unknown currency."""
        if money.currency == "USD":
            return money.amount
        try:
            return money.amount * self.usd_per[money.currency]
        except KeyError:
            raise CurrencyMismatch(money.currency, "USD") from None
