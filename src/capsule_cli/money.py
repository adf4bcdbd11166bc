"""Money as a person reads it."""

from decimal import ROUND_HALF_UP, Decimal

from capsule_domain.models.money import Money

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
