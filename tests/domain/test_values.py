"""Money, prices and what a person asks for."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from capsule_domain.errors import CurrencyMismatch, NotFound, UsageError
from capsule_domain.models.money import Money
from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.requirements import Period, PriceLimit
from capsule_domain.models.stack import Stack

amounts = st.decimals(0, 10**6, places=6, allow_nan=False, allow_infinity=False)


@given(amounts, amounts)
def test_money_adds_exactly(left: Decimal, right: Decimal) -> None:
    assert (Money.of(left) + Money.of(right)).amount == left + right


@given(amounts)
def test_money_in_json_is_plain_digits_that_read_back(amount: Decimal) -> None:
    dumped = Money.of(amount).model_dump(mode="json")
    assert Decimal(dumped["amount"]) == amount
    assert "e" not in dumped["amount"].lower()
    assert Money.model_validate(dumped) == Money.of(amount)


def test_two_currencies_refuse_to_be_added_or_compared() -> None:
    with pytest.raises(CurrencyMismatch, match="USD and EUR"):
        Money.of(1) + Money.of(1, "EUR")
    with pytest.raises(CurrencyMismatch):
        assert Money.of(1) < Money.of(1, "EUR")


def test_money_is_written_as_the_contract_says() -> None:
    assert Money.of("0.00710").model_dump(mode="json") == {"amount": "0.0071", "currency": "USD"}
    assert Money.of(6.0).model_dump(mode="json") == {"amount": "6", "currency": "USD"}


@pytest.mark.parametrize(
    ("text", "amount", "currency", "period"),
    [
        ("0.05", "0.05", "USD", Period.HOUR),
        ("0.2EUR", "0.2", "EUR", Period.HOUR),
        ("40/mo", "40", "USD", Period.MONTH),
        ("40eur/month", "40", "EUR", Period.MONTH),
        (" 0.5 / h ", "0.5", "USD", Period.HOUR),
    ],
)
def test_a_price_is_read_as_people_write_it(
    text: str, amount: str, currency: str, period: Period
) -> None:
    limit = PriceLimit.parse(text)
    assert (limit.price, limit.period) == (Money.of(amount, currency), period)


@pytest.mark.parametrize("text", ["", "cheap", "-1", "1e9", "1/week", "0.2EURO", "NaN", "1 2"])
def test_what_is_no_price_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="a price is a number"):
        PriceLimit.parse(text)


@given(st.text(max_size=30))
def test_any_text_is_a_price_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert PriceLimit.parse(text).price.amount >= 0


@pytest.mark.parametrize("package", ["a; rm -rf /", "${x}", "a\nb", "a..b", "1a", "", "a b", "é"])
def test_a_package_with_syntax_in_it_is_refused(package: str) -> None:
    with pytest.raises(ValidationError, match="attribute path"):
        Stack(name="x", category="x", summary="x", packages=(package,))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hostname", "-a"),
        ("hostname", "a" * 64),
        ("hostname", 'a"; b'),
        ("username", "0root"),
        ("username", "a b"),
        ("timezone", "Europe/../etc"),
        ("timezone", "${x}"),
        ("authorized_keys", ("ssh-ed25519 AAAA\nevil",)),
        ("authorized_keys", ("not a key",)),
        ("release", "24.05"),
    ],
)
def test_what_nixos_would_refuse_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        NixosRequest.model_validate({"environment": None, field: value})


def test_a_missing_name_suggests_the_nearest_in_its_own_spelling() -> None:
    error = NotFound("stack", "DOKCER", known=["docker", "python"])
    assert error.suggestion == "docker"
    assert error.message == "no stack named 'DOKCER'; did you mean docker?"


@given(st.text(max_size=500))
def test_a_missing_name_is_always_one_short_line(name: str) -> None:
    message = NotFound("stack", name, known=["docker"]).message
    assert message.isprintable()
    assert len(message) < 120
