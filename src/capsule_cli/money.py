"""Money as a person reads it."""

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from capsule_domain.models.money import Money

if TYPE_CHECKING:
    from capsule_domain.models.cost import BilledBeside

_SIGNS = {"USD": "$", "EUR": "€"}


def rate(money: Money) -> str:
    """An hourly price with all its digits, five at most: `$0.00893`."""
    text = format(money.amount.quantize(Decimal("0.00001"), ROUND_HALF_UP).normalize(), "f")
    whole, _, part = text.partition(".")
    return _signed(f"{whole}.{part:0<2}", money.currency)


def cents(money: Money) -> str:
    """An amount to the cent: `$6.00`."""
    return _signed(
        format(money.amount.quantize(Decimal("0.01"), ROUND_HALF_UP), "f"), money.currency
    )


def _signed(digits: str, currency: str) -> str:
    return f"{_SIGNS[currency]}{digits}" if currency in _SIGNS else f"{digits} {currency}"


def beside_lines(beside: "BilledBeside", *, in_sums: bool) -> list[str]:
    """What a cloud bills beside its prices; `in_sums`: beside figures that have what is known."""
    lines = []
    if beside.address_per_hour is not None:
        each = f"{rate(beside.address_per_hour)} an hour for the public address of each that runs"
        told = ": in the sums" if in_sums else ", beside these prices"
        lines.append(f"{beside.provider} bills {each}{told}")
    if beside.not_counted:
        lines.append(
            f"{beside.provider} bills {beside.not_counted} too: price unknown, not counted"
        )
    return lines
