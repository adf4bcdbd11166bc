"""The ledger, worked from an inventory's history one xNode after the other."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from capsule_domain.models.billing import GroupedBy, Period, Span, Tally, Terms, spans_after
from capsule_domain.models.dashboard import Rate
from capsule_domain.models.money import Money
from capsule_domain.models.xnode import ChangeKind, XNode
from capsule_domain.ports.inventory import Inventory
from capsule_domain.services.billing import spent


class FakeLedger:
    """Nothing is kept: every answer is worked anew."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def tally(
        self, by: GroupedBy | None, period: Period, terms: Callable[[str], Terms]
    ) -> Sequence[Tally]:
        sums: defaultdict[tuple[str | None, str], list[Any]]
        sums = defaultdict(lambda: [0, 0, Decimal(0), Decimal(0), Decimal(0)])
        for xnode, spans in self._worked():
            if not any(_within(span, terms(xnode.provider), period) for span in spans):
                continue
            own = terms(xnode.provider)
            expires = None if xnode.protected else xnode.expires_at
            costs = spent(spans, own, period, expires=expires)
            for key in _keys(xnode, by):
                billed, open_ = _billed(spans, own), spans[-1].end is None
                row = sums[key, xnode.price_per_hour.currency]
                row[0] += billed
                row[1] += open_ and not billed
                row[2] += billed * own.hourly(spans[-1])
                row[3] += billed * own.monthly(spans[-1])
                for currency, amount in costs.items():
                    sums[key, currency][4] += amount
        return [Tally(key, currency, *row) for (key, currency), row in sums.items()]

    def rates(self, terms: Callable[[str], Terms]) -> Sequence[Rate]:
        sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for xnode, spans in self._worked():
            own = terms(xnode.provider)
            if _billed(spans, own):
                sums[xnode.price_per_hour.currency][0] += own.hourly(spans[-1])
                sums[xnode.price_per_hour.currency][1] += own.monthly(spans[-1])
        return [
            Rate(
                currency=currency,
                hourly=Money(amount=hourly, currency=currency),
                monthly=Money(amount=monthly, currency=currency),
            )
            for currency, (hourly, monthly) in sorted(sums.items())
        ]

    def unbilled(self, terms: Callable[[str], Terms]) -> Sequence[str]:
        return sorted(
            xnode.name
            for xnode, spans in self._worked()
            if spans[-1].end is None and not _billed(spans, terms(xnode.provider))
        )

    def lives(self, xnodes: Iterable[str] | None = None) -> Mapping[str, Sequence[Span]]:
        wanted = None if xnodes is None else set(xnodes)
        return {x.id: spans for x, spans in self._worked() if wanted is None or x.id in wanted}

    def _worked(self) -> Sequence[tuple[XNode, Sequence[Span]]]:
        """Every xNode as it is now, with its life."""
        fields: dict[str, dict[str, Any]] = {}
        worked: dict[str, tuple[XNode, Sequence[Span]]] = {}
        for change in self._inventory.changes():
            if change.kind is ChangeKind.REMOVED:
                del fields[change.xnode], worked[change.xnode]
                continue
            known = fields.setdefault(change.xnode, {})
            known |= {name: each.after for name, each in change.fields.items()}
            before, spans = worked.get(change.xnode, (None, ()))
            after = XNode.model_validate({k: v for k, v in known.items() if v is not None})
            worked[change.xnode] = (after, spans_after(spans, before, after, change.time))
        return list(worked.values())


def _keys(xnode: XNode, by: GroupedBy | None) -> Sequence[str | None]:
    match by:
        case None:
            return (None,)
        case "tag":
            return tuple(dict.fromkeys(xnode.tags)) or (None,)
        case _:
            return (getattr(xnode, by),)


def _billed(spans: Sequence[Span], terms: Terms) -> bool:
    last = spans[-1]
    costs = last.price_per_hour.amount > 0 or last.price_per_month.amount > 0
    return last.end is None and (last.running or terms.bills_when_stopped) and costs


def _within(span: Span, terms: Terms, period: Period) -> bool:
    late = span.start > period.until
    return not late and (
        span.end is None or (span.end - period.start).total_seconds() + terms.minimum_seconds > 0
    )
