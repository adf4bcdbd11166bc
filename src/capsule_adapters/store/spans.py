"""The lives of the xNodes in state.db, written with each change of the inventory."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from capsule_adapters.store.moments import from_microseconds, to_microseconds
from capsule_adapters.store.sqlite import Parameters, Row, Transaction
from capsule_domain.models.billing import Span, spans_after
from capsule_domain.models.money import Money
from capsule_domain.models.xnode import XNode

_LARGEST = 2_500_000 * 10**9
"""Of a price an hour or a month: what a month comes to is surely a whole number of 64 bits."""
_NANOS = Decimal("1e9")
_OF_INTEREST = (
    *("status", "created_at", "terminated_at", "expires_at", "protected", "price_per_hour"),
    *("price_per_month", "provider", "region", "profile"),
)

SELECT_SPANS = """
    SELECT start_us, end_us, running, run_start_us, born_us, currency, hourly, monthly
    FROM xnode_spans
"""
_INSERT = """
    INSERT INTO xnode_spans (
        xnode_id, start_us, end_us, running, run_start_us, born_us, currency, hourly, monthly,
        provider, region, profile, expires_us
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def add_spans(transaction: Transaction, xnodes: Iterable[XNode], now: datetime) -> None:
    """Begin the lives of xNodes that are new."""
    rows = [row for one in xnodes for row in _rows(one, spans_after((), None, one, now))]
    transaction.execute_many(_INSERT, rows)


def change_spans(transaction: Transaction, before: XNode, after: XNode, now: datetime) -> None:
    """Go on with a life; what is counted by, such as the profile, holds for all of it."""
    if all(getattr(before, name) == getattr(after, name) for name in _OF_INTEREST):
        return
    known = transaction.rows(f"{SELECT_SPANS} WHERE xnode_id = ? ORDER BY start_us", (before.id,))
    spans = spans_after([read_span(row) for row in known], before, after, now)
    transaction.execute("DELETE FROM xnode_spans WHERE xnode_id = ?", (before.id,))
    transaction.execute_many(_INSERT, _rows(after, spans))


def read_span(row: Row) -> Span:
    """A row of `SELECT_SPANS`."""
    start, end, running, run_start, born, currency, hourly, monthly = row
    return Span(
        start=from_microseconds(start),
        end=None if end is None else from_microseconds(end),
        running=bool(running),
        run_start=from_microseconds(run_start),
        born=from_microseconds(born),
        price_per_hour=Money(amount=from_nanos(hourly), currency=currency),
        price_per_month=Money(amount=from_nanos(monthly), currency=currency),
    )


def from_nanos(nanos: int) -> Decimal:
    """The amount of so many thousand millionths."""
    return Decimal(nanos) / _NANOS


def to_nanos(money: Money) -> int:
    """The amount in thousand millionths, as far as it is any server's price."""
    return min(int((money.amount * _NANOS).to_integral_value(ROUND_HALF_UP)), _LARGEST)


def _rows(xnode: XNode, spans: Sequence[Span]) -> Sequence[Parameters]:
    expires = None if xnode.protected else xnode.expires_at
    return [
        (
            xnode.id,
            to_microseconds(span.start),
            None if span.end is None else to_microseconds(span.end),
            int(span.running),
            to_microseconds(span.run_start),
            to_microseconds(span.born),
            span.price_per_hour.currency,
            to_nanos(span.price_per_hour),
            to_nanos(span.price_per_month),
            xnode.provider,
            xnode.region,
            xnode.profile,
            None if expires is None else to_microseconds(expires),
        )
        for span in spans
    ]
