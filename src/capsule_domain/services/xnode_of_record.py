"""From a record in a file to an xNode, with what is known of it already."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Any

from pydantic import ValidationError

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.money import HOURS_PER_MONTH, Money
from capsule_domain.models.template import Template
from capsule_domain.models.xnode import XNode
from capsule_domain.models.xnode_file import Record
from capsule_domain.ports.catalogue import Catalogue

MANUAL = "manual"
"""The provider of a server that is at no cloud that Capsule knows."""
_LONGEST_WORD = 255
_DEAREST_PER_HOUR = Decimal(10) ** 6
_WORDS = ("id", "name", "provider", "server_id", "region", "template")


@dataclass(frozen=True)
class XNodeOfRecord:
    """Makes xNodes and remembers in `doubts` what of them no catalogue knows."""

    source: str
    catalogue: Catalogue
    clouds: Collection[str]
    now: datetime
    new_id: Callable[[], str]
    doubts: Counter[str] = field(default_factory=Counter)

    def make(self, record: Record, kept: XNode | None) -> XNode:
        """`kept` with what the record says; else a new one.

        Raises ConfigurationError with the line when a field does not hold.
        """
        given = dict(record.fields)
        self._refuse_strange(record, given.get("provider", kept and kept.provider))
        for name in ("price_per_hour", "price_per_month"):
            self._refuse_odd_price(record, given.get(name))
        base = self._fresh(given) if kept is None else kept.model_dump(mode="json")
        try:
            xnode = XNode.model_validate(base | given)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            rule = str(first["msg"]).removeprefix("Value error, ")
            raise self._fault(record, f"{where}: {rule[:1].lower()}{rule[1:]}") from error
        self._refuse_odd_words(record, xnode)
        self._doubt(xnode)
        return self._priced(xnode, given, kept)

    def _fresh(self, given: Mapping[str, object]) -> dict[str, Any]:
        """What a new xNode is of which nothing is said."""
        nothing = {"amount": "0", "currency": "USD"}
        hourly = given.get("price_per_hour", nothing)
        return {
            "id": self.new_id() if "id" not in given else given["id"],
            "server_id": "",
            "region": "",
            "template": "",
            "status": "unknown",
            "price_per_hour": hourly,
            "price_per_month": hourly,
            "created_at": self.now,
        }

    def _priced(self, xnode: XNode, given: Mapping[str, object], kept: XNode | None) -> XNode:
        """With the price of a month, where only that of an hour was said."""
        unsaid = "price_per_hour" in given and "price_per_month" not in given
        if not unsaid or (kept is not None and kept.price_per_hour == xnode.price_per_hour):
            return xnode
        known = self._templates.get((xnode.provider, xnode.template))
        if known is not None and known.price_per_hour == xnode.price_per_hour:
            monthly = known.price_per_month
        else:
            monthly = xnode.price_per_hour * HOURS_PER_MONTH
        return xnode.model_copy(update={"price_per_month": monthly})

    @cached_property
    def _templates(self) -> Mapping[tuple[str, str], Template]:
        """By both of their names."""
        found = {}
        for each in self.catalogue.templates():
            found[each.provider, each.template] = each
            if each.slug:
                found[each.provider, each.slug] = each
        return found

    @cached_property
    def _regions(self) -> Collection[tuple[str, str]]:
        return {(each.provider, each.region) for each in self.catalogue.regions()}

    def _doubt(self, xnode: XNode) -> None:
        """A warning is no fault: clouds have more than the catalogue."""
        if xnode.provider == MANUAL:
            return
        if xnode.template and (xnode.provider, xnode.template) not in self._templates:
            self.doubts[f"no template '{xnode.template[:40]}' of {xnode.provider} is known"] += 1
        if xnode.region and (xnode.provider, xnode.region) not in self._regions:
            self.doubts[f"no region '{xnode.region[:40]}' of {xnode.provider} is known"] += 1

    def _refuse_strange(self, record: Record, provider: object) -> None:
        known = [*self.clouds, MANUAL]
        if provider in known:
            return
        if not provider:
            raise self._fault(record, "no provider is said", hint=f"one of: {', '.join(known)}")
        near = get_close_matches(str(provider), known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise self._fault(
            record,
            f"no provider is called '{str(provider)[:40]}'{meant}",
            hint=f"one of: {', '.join(known)}",
        )

    def _refuse_odd_price(self, record: Record, price: object) -> None:
        amount = price.get("amount") if isinstance(price, Mapping) else None
        if amount is not None and _is_odd_price(str(amount)):
            raise self._fault(record, f"{str(amount)[:40]} is no price of a server")

    def _refuse_odd_words(self, record: Record, xnode: XNode) -> None:
        for name in _WORDS:
            word: str = getattr(xnode, name)
            if name in ("id", "name") and not word:
                raise self._fault(record, f"no {name} is said")
            if len(word) > _LONGEST_WORD or not word.isprintable() or word != word.strip():
                raise self._fault(record, f"{name} {word[:40]!r} is no word of at most 255 letters")
        if xnode.price_per_hour.currency != xnode.price_per_month.currency:
            raise self._fault(record, "the prices of an hour and a month differ in currency")

    def _fault(
        self, record: Record, message: str, *, hint: str | None = None
    ) -> ConfigurationError:
        line = record.line if self.source else None
        return ConfigurationError(message, hint=hint, file=self.source or None, line=line)


@lru_cache(maxsize=1024)
def _is_odd_price(amount: str) -> bool:
    """What is no number at all the model refuses. A million xNodes have a few prices."""
    try:
        money = Money.of(amount)
    except (ArithmeticError, ValidationError):
        return False
    exponent = money.amount.as_tuple().exponent
    fine = isinstance(exponent, int) and -12 <= exponent <= 12
    return not fine or not 0 <= money.amount <= _DEAREST_PER_HOUR * HOURS_PER_MONTH
