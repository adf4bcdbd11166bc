"""Budgets: what may be spent in a calendar month."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from capsule_domain.errors import UsageError
from capsule_domain.models.base import Model
from capsule_domain.models.money import Money

_LIMIT = re.compile(
    r"(?P<amount>\d{1,9}(\.\d{1,9})?)\s*(?P<currency>[A-Za-z]{3})?\s*(/\s*(month|mo))?", re.ASCII
)


class BudgetScope(StrEnum):
    """What a budget is for."""

    ALL = "all"
    PROVIDER = "provider"
    TAG = "tag"


def monthly_limit(text: str) -> Money:
    """`100`, `100 EUR`, `99.50usd/mo`: US dollars a month unless it says otherwise.

    Raises UsageError.
    """
    found = _LIMIT.fullmatch(text.strip())
    if not found:
        raise UsageError(
            f"'{text[:40]}' is no budget: write an amount such as 100 or 100EUR",
            hint="capsule openmesh budget set 100EUR",
        )
    return Money.of(found["amount"], (found["currency"] or "USD").upper())


def _limit(value: object) -> object:
    """A number, or a number and a currency, as people write it in openmesh.yml."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    try:
        return monthly_limit(str(value))
    except UsageError as error:
        raise ValueError("a budget is an amount such as `100 EUR`") from error


class Budget(Model):
    """`limit` is for a calendar month (UTC). `name` is the tag or provider."""

    scope: BudgetScope
    name: str | None = Field(default=None, min_length=1)
    limit: Annotated[Money, BeforeValidator(_limit), PlainSerializer(str, return_type=str)]

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.name is None) is not (self.scope is BudgetScope.ALL):
            raise ValueError(
                "a tag's or provider's budget needs its name, and that of all has none"
            )
        return self

    @property
    def title(self) -> str:
        """Such as `all` or `tag web`."""
        return self.scope if self.name is None else f"{self.scope} {self.name}"

    def replaces(self, other: "Budget") -> bool:
        """Whether both are for the same, in the same currency."""
        return (self.scope, self.name, self.limit.currency) == (
            other.scope,
            other.name,
            other.limit.currency,
        )
