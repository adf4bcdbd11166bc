"""An xNode as a row of state.db."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from capsule_adapters.store.moments import month_number, to_microseconds
from capsule_adapters.store.sqlite import Parameters, Transaction
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode, XNodeFilter, XNodeOrder
from capsule_domain.models.xnode_group import SECONDS_PER_HOUR

_COLUMNS = (
    *("id", "name", "provider", "region", "status", "gone", "created_at_us", "body"),
    *("profile", "currency", "price_hour", "price_month", "month_nano", "cap_seconds"),
    *("created_month", "ended_at_us", "ended_month"),
)
_INSERT = f"INSERT INTO xnodes ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 (fixed texts)
_UPDATE = f"UPDATE xnodes SET {', '.join(f'{name} = ?' for name in _COLUMNS)} WHERE id = ?"  # noqa: S608 (fixed texts)

ORDERS = {
    XNodeOrder.NAME: "name, created_at_us, id",
    XNodeOrder.DEAREST: "month_nano DESC, name, created_at_us, id",
    XNodeOrder.OLDEST: "created_at_us, name, id",
}

_NANO = Decimal(1_000_000_000)
_LARGEST = Decimal(2**62)
"""What a column of whole numbers surely holds: more is as good as endless."""
_LONGEST_SECONDS = Decimal(2**40)
"""Longer than any month, and times the months of an age still a whole number."""


def insert_rows(transaction: Transaction, xnodes: Sequence[XNode]) -> None:
    """Write new xNodes and their tags."""
    transaction.execute_many(_INSERT, [_values(xnode) for xnode in xnodes])
    _write_tags(transaction, xnodes)


def update_row(transaction: Transaction, before: XNode, after: XNode) -> None:
    """Write over `before`; its tags are touched only when they change."""
    transaction.execute(_UPDATE, (*_values(after), after.id))
    if set(before.tags) != set(after.tags):
        transaction.execute("DELETE FROM xnode_tags WHERE xnode_id = ?", (after.id,))
        _write_tags(transaction, [after])


def conditions(chosen: XNodeFilter) -> tuple[str, Parameters]:
    """The SQL condition and its parameters; indices serve every part of it."""
    wanted = {
        "status = ?": chosen.status.value if chosen.status else None,
        "provider = ?": chosen.provider,
        "region = ?": chosen.region,
        "currency = ?": chosen.currency,
    }
    found = [sql for sql, value in wanted.items() if value is not None]
    parameters = [value for value in wanted.values() if value is not None]
    for tag in chosen.tags:
        found.append("id IN (SELECT xnode_id FROM xnode_tags WHERE tag = ?)")
        parameters.append(tag)
    if chosen.status is None and not chosen.include_gone:
        found.append("gone = 0")
    return " AND ".join(found) or "1 = 1", parameters


def _values(xnode: XNode) -> tuple[str | int | None, ...]:
    """In the order of `_COLUMNS`."""
    ended = xnode.terminated_at
    hourly, monthly = xnode.price_per_hour, xnode.price_per_month
    return (
        xnode.id,
        xnode.name,
        xnode.provider,
        xnode.region,
        xnode.status.value,
        int(xnode.status is ServerStatus.GONE),
        to_microseconds(xnode.created_at),
        xnode.model_dump_json(),
        xnode.profile or "",
        hourly.currency,
        f"{hourly.amount:f}",
        f"{monthly.amount:f}",
        int(min(monthly.amount * _NANO, _LARGEST)),
        _cap_seconds(hourly.amount, monthly.amount),
        month_number(xnode.created_at),
        None if ended is None else to_microseconds(ended),
        None if ended is None else month_number(ended),
    )


def _cap_seconds(hourly: Decimal, monthly: Decimal) -> int:
    """After how long the month's price is reached; 0 where only the month has a price."""
    if not hourly:
        return 0
    return int(min(monthly * SECONDS_PER_HOUR / hourly, _LONGEST_SECONDS))


def _write_tags(transaction: Transaction, xnodes: Iterable[XNode]) -> None:
    transaction.execute_many(
        "INSERT INTO xnode_tags (xnode_id, tag) VALUES (?, ?)",
        [(xnode.id, tag) for xnode in xnodes for tag in dict.fromkeys(xnode.tags)],
    )
