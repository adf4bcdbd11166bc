"""What was changed in the inventory, in state.db."""

from collections.abc import Iterable

from pydantic import TypeAdapter

from capsule_adapters.store.moments import from_microseconds, to_microseconds
from capsule_adapters.store.prefixes import storable
from capsule_adapters.store.sqlite import Parameters, Row, Transaction
from capsule_domain.errors import NotFound
from capsule_domain.models.xnode import ChangeKind, FieldChange, XNodeChange

_INSERT = """
    INSERT INTO xnode_changes (time_us, actor, action, xnode_id, name, fields)
    VALUES (?, ?, ?, ?, ?, ?)
"""
_SELECT = "SELECT time_us, actor, action, xnode_id, name, fields FROM xnode_changes"
_REMOVED = """
    SELECT xnode_id, sequence FROM (
        SELECT xnode_id, max(sequence) AS sequence FROM xnode_changes
        WHERE action = 'removed' AND name = ?
        UNION ALL
        SELECT xnode_id, max(sequence) FROM xnode_changes
        WHERE action = 'removed' AND xnode_id = ?
    ) WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1
"""
_FIELDS = TypeAdapter(dict[str, FieldChange])


def insert_changes(transaction: Transaction, changes: Iterable[XNodeChange | None]) -> None:
    """Keep these, in their order; None is a change that changed nothing."""
    transaction.execute_many(_INSERT, [_row(change) for change in changes if change is not None])


def changes_query(
    xnode_id: str | None, since_us: int | None, limit: int | None
) -> tuple[str, Parameters]:
    """The newest first. The rows are what `read_change` reads."""
    wanted = {"xnode_id = ?": xnode_id, "time_us >= ?": since_us}
    asked = {sql: value for sql, value in wanted.items() if value is not None}
    where = f" WHERE {' AND '.join(asked)}" if asked else ""
    most = "" if limit is None else " LIMIT ?"
    return (
        f"{_SELECT}{where} ORDER BY sequence DESC{most}",
        [*asked.values(), *([] if limit is None else [limit])],
    )


def read_change(row: Row) -> XNodeChange:
    """A row of `changes_query`. Raises ValueError for what is none."""
    time_us, actor, kind, xnode_id, name, fields = row
    return XNodeChange(
        time=from_microseconds(time_us),
        actor=actor,
        kind=ChangeKind(kind),
        xnode=xnode_id,
        name=name,
        fields=_FIELDS.validate_json(fields),
    )


def id_removed(transaction: Transaction, word: str, *, hint: str) -> str:
    """The id of the xNode of that name or id that was removed last. Raises NotFound."""
    rows = transaction.rows(_REMOVED, (word, word)) if storable(word) else []
    if not rows:
        raise NotFound("xnode", word, hint=hint)
    return str(rows[0][0])


def _row(change: XNodeChange) -> Parameters:
    return (
        to_microseconds(change.time),
        change.actor,
        change.kind.value,
        change.xnode,
        change.name,
        _FIELDS.dump_json(change.fields).decode(),
    )
