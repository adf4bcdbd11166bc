"""The inventory in state.db."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from pydantic import TypeAdapter

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.moments import from_microseconds, to_microseconds
from capsule_adapters.store.prefixes import prefix_range, storable
from capsule_adapters.store.sqlite import Database, Parameters, Row, Transaction
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import (
    ChangeKind,
    FieldChange,
    XNode,
    XNodeChange,
    XNodeFilter,
    change_between,
)

_LIST_HINT = "capsule openmesh xnodes"
_NAMES_FOR_A_SUGGESTION = 1000
_AMBIGUOUS_SHOWN = 5

_INSERT = """
    INSERT INTO xnodes (id, name, provider, region, status, gone, created_at_us, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE = """
    UPDATE xnodes SET id = ?, name = ?, provider = ?, region = ?, status = ?, gone = ?,
        created_at_us = ?, body = ?
    WHERE id = ?
"""
_EXACT = """
    SELECT id, name, gone FROM xnodes WHERE id = ? OR name = ?
    ORDER BY gone, created_at_us DESC
"""
_PREFIX = """
    SELECT id, name, gone FROM xnodes
    WHERE (id >= ? AND id <= ?) OR (name >= ? AND name <= ?)
    ORDER BY gone, created_at_us DESC
"""
_NEAR_NAMES = """
    SELECT name FROM xnodes WHERE gone = 0 ORDER BY abs(length(name) - ?), name LIMIT ?
"""

_INSERT_CHANGE = """
    INSERT INTO xnode_changes (time_us, actor, action, xnode_id, name, fields)
    VALUES (?, ?, ?, ?, ?, ?)
"""
_SELECT_CHANGES = "SELECT time_us, actor, action, xnode_id, name, fields FROM xnode_changes"
_FIELDS = TypeAdapter(dict[str, FieldChange])


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteInventory:
    """`Inventory` over state.db.

    What is filtered by has columns and indices; the whole xNode is JSON in `body`,
    written by the same statement.
    """

    def __init__(
        self, database: Database, *, actor: str = "", now: Callable[[], datetime] = _utc_now
    ) -> None:
        self._database = database
        self._actor = actor
        self._now = now

    def add(self, xnode: XNode) -> None:
        """Keep a new xNode; on the disk when this returns."""
        with self._database.change() as transaction:
            if transaction.rows("SELECT 1 FROM xnodes WHERE id = ?", (xnode.id,)):
                raise Conflict(f"an xnode with the id '{xnode.id}' exists already", hint=_LIST_HINT)
            _refuse_taken_name(transaction, xnode)
            transaction.execute(_INSERT, _columns(xnode))
            _write_tags(transaction, xnode)
            self._note(transaction, None, xnode)

    def update(self, xnode: XNode) -> None:
        """Replace the xNode of that id. A name that another living one has is a Conflict."""
        with self._database.change() as transaction:
            _refuse_taken_name(transaction, xnode)
            before = self._known(transaction, xnode.id)
            transaction.execute(_UPDATE, (*_columns(xnode), xnode.id))
            transaction.execute("DELETE FROM xnode_tags WHERE xnode_id = ?", (xnode.id,))
            _write_tags(transaction, xnode)
            self._note(transaction, before, xnode)

    def get(self, name_or_id: str, *, exact: bool = False) -> XNode:
        """The xNode of that name or id, or of a unique prefix unless `exact`."""
        if not name_or_id or not storable(name_or_id):
            raise NotFound("xnode", name_or_id, hint=_LIST_HINT)
        with self._database.snapshot() as transaction:
            found = transaction.rows(_EXACT, (name_or_id, name_or_id))
            if not found and not exact:
                around = prefix_range(name_or_id)
                found = transaction.rows(_PREFIX, (*around, *around))
            if not found:
                near = transaction.rows(_NEAR_NAMES, (len(name_or_id), _NAMES_FOR_A_SUGGESTION))
                known = [name for (name,) in near]
                raise NotFound("xnode", name_or_id, known=known, hint=_LIST_HINT)
            chosen = _the_one(name_or_id, found)
            rows = transaction.rows("SELECT body FROM xnodes WHERE id = ?", (chosen,))
        return self._read(rows)[0]

    def list(self, chosen: XNodeFilter | None = None) -> Sequence[XNode]:
        """Those that match, by name, then by age. Asking for the status `gone` includes those."""
        conditions, parameters = _conditions(chosen or XNodeFilter())
        rows = self._database.rows(
            f"SELECT body FROM xnodes WHERE {conditions} ORDER BY name, created_at_us, id",  # noqa: S608 (fixed texts)
            parameters,
        )
        return self._read(rows)

    def remove(self, xnode_id: str) -> None:
        """Forget an xNode."""
        with self._database.change() as transaction:
            before = self._known(transaction, xnode_id)
            transaction.execute("DELETE FROM xnodes WHERE id = ?", (xnode_id,))
            self._note(transaction, before, None)

    def changes(
        self, xnode_id: str | None = None, *, since: datetime | None = None
    ) -> Sequence[XNodeChange]:
        """What was changed, of one xNode or of all, from `since` on, oldest first."""
        wanted = {
            "xnode_id = ?": xnode_id,
            "time_us >= ?": None if since is None else to_microseconds(since),
        }
        asked = {sql: value for sql, value in wanted.items() if value is not None}
        where = f" WHERE {' AND '.join(asked)}" if asked else ""
        rows = self._database.rows(
            f"{_SELECT_CHANGES}{where} ORDER BY sequence", list(asked.values())
        )
        with reading_records(self._database.path):
            return [_read_change(row) for row in rows]

    def _known(self, transaction: Transaction, xnode_id: str) -> XNode:
        """The xNode of exactly that id. Raises NotFound."""
        rows = (
            transaction.rows("SELECT body FROM xnodes WHERE id = ?", (xnode_id,))
            if storable(xnode_id)
            else []
        )
        if not rows:
            raise NotFound("xnode", xnode_id, hint=_LIST_HINT)
        return self._read(rows)[0]

    def _note(self, transaction: Transaction, before: XNode | None, after: XNode | None) -> None:
        """Keep the change with what it changes."""
        change = change_between(before, after, time=self._now(), actor=self._actor)
        if change is None:
            return
        transaction.execute(
            _INSERT_CHANGE,
            (
                to_microseconds(change.time),
                change.actor,
                change.kind.value,
                change.xnode,
                change.name,
                _FIELDS.dump_json(change.fields).decode(),
            ),
        )

    def _read(self, rows: Sequence[Row]) -> Sequence[XNode]:
        with reading_records(self._database.path):
            return [XNode.model_validate_json(body) for (body,) in rows]


def _columns(xnode: XNode) -> tuple[str | int, ...]:
    """In the order of `_INSERT` and `_UPDATE`."""
    return (
        xnode.id,
        xnode.name,
        xnode.provider,
        xnode.region,
        xnode.status.value,
        int(xnode.status is ServerStatus.GONE),
        to_microseconds(xnode.created_at),
        xnode.model_dump_json(),
    )


def _write_tags(transaction: Transaction, xnode: XNode) -> None:
    transaction.execute_many(
        "INSERT INTO xnode_tags (xnode_id, tag) VALUES (?, ?)",
        [(xnode.id, tag) for tag in dict.fromkeys(xnode.tags)],
    )


def _refuse_taken_name(transaction: Transaction, xnode: XNode) -> None:
    """A name belongs to one living xNode; those that are gone keep theirs beside it."""
    if xnode.status is ServerStatus.GONE:
        return
    taken = transaction.rows(
        "SELECT 1 FROM xnodes WHERE name = ? AND gone = 0 AND id <> ?", (xnode.name, xnode.id)
    )
    if taken:
        raise Conflict(f"an xnode named '{xnode.name}' exists already", hint=_LIST_HINT)


def _the_one(word: str, found: Sequence[Row]) -> str:
    """The id meant by `word` among rows of (id, name, gone): living first, newest first.

    Several that are gone and had the same name are one to a person: the newest is meant.
    """
    living = [row for row in found if not row[2]]
    candidates = living or [row for row in found if row[0] == word] or list(found)
    names = {name for _, name, _ in candidates}
    same_name = len(names) == 1 and names.pop().startswith(word)
    if len(candidates) > 1 and (living or not same_name):
        shown = ", ".join(f"{name} ({id_})" for id_, name, _ in candidates[:_AMBIGUOUS_SHOWN])
        more = ", …" if len(candidates) > _AMBIGUOUS_SHOWN else ""
        raise Conflict(
            f"'{word}' fits {len(candidates)} xnodes: {shown}{more}", hint="write more of the name"
        )
    return str(candidates[0][0])


def _conditions(chosen: XNodeFilter) -> tuple[str, Parameters]:
    """The SQL condition and its parameters; indices serve every part of it."""
    wanted = {
        "status = ?": chosen.status.value if chosen.status else None,
        "provider = ?": chosen.provider,
        "region = ?": chosen.region,
    }
    conditions = [sql for sql, value in wanted.items() if value is not None]
    parameters = [value for value in wanted.values() if value is not None]
    for tag in chosen.tags:
        conditions.append("id IN (SELECT xnode_id FROM xnode_tags WHERE tag = ?)")
        parameters.append(tag)
    if chosen.status is None and not chosen.include_gone:
        conditions.append("gone = 0")
    return " AND ".join(conditions) or "1 = 1", parameters


def _read_change(row: Row) -> XNodeChange:
    time_us, actor, kind, xnode_id, name, fields = row
    return XNodeChange(
        time=from_microseconds(time_us),
        actor=actor,
        kind=ChangeKind(kind),
        xnode=xnode_id,
        name=name,
        fields=_FIELDS.validate_json(fields),
    )
