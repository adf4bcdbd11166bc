"""The inventory in state.db."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

from pydantic import TypeAdapter

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.moments import from_microseconds, to_microseconds
from capsule_adapters.store.prefixes import storable
from capsule_adapters.store.spans import add_spans, change_spans
from capsule_adapters.store.sqlite import Database, Row, Transaction
from capsule_adapters.store.xnode_groups import groups_query, read_groups
from capsule_adapters.store.xnode_names import LIST_HINT, id_meant, refuse_taken_name
from capsule_adapters.store.xnode_rows import ORDERS, conditions, insert_row, update_row
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.xnode import (
    ChangeKind,
    FieldChange,
    XNode,
    XNodeChange,
    XNodeFilter,
    XNodeOrder,
    change_between,
)
from capsule_domain.models.xnode_group import GroupKey, XNodeGroup

_BATCH = 500
"""How many ids one query asks for: every database takes so many parameters."""

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
                raise Conflict(f"an xnode with the id '{xnode.id}' exists already", hint=LIST_HINT)
            self._put(transaction, None, xnode)

    def update(self, xnode: XNode) -> None:
        """Replace the xNode of that id. A name that another living one has is a Conflict."""
        with self._database.change() as transaction:
            self._put(transaction, self._kept(transaction, xnode.id), xnode)

    def save_all(self, xnodes: Iterable[XNode]) -> None:
        """Add or replace all of them in one transaction, or none."""
        left = iter(xnodes)
        with self._database.change() as transaction:
            while batch := list(islice(left, _BATCH)):
                kept = self._read_in(transaction, "id", [xnode.id for xnode in batch])
                before = {xnode.id: xnode for xnode in kept}
                for xnode in batch:
                    self._put(transaction, before.get(xnode.id), xnode)
                    before[xnode.id] = xnode

    def known(self, ids: Iterable[str]) -> Mapping[str, XNode]:
        """Those of these ids that are kept, by id."""
        return {xnode.id: xnode for xnode in self._all_in("id", ids)}

    def living(self, names: Iterable[str]) -> Mapping[str, XNode]:
        """The living ones of these names, by name."""
        return {xnode.name: xnode for xnode in self._all_in("gone = 0 AND name", names)}

    def _all_in(self, column: str, words: Iterable[str]) -> Iterator[XNode]:
        left = (word for word in words if storable(word))
        with self._database.snapshot() as transaction:
            while batch := list(islice(left, _BATCH)):
                yield from self._read_in(transaction, column, batch)

    def get(self, name_or_id: str, *, exact: bool = False) -> XNode:
        """The xNode of that name or id, or of a unique prefix unless `exact`."""
        with self._database.snapshot() as transaction:
            chosen = id_meant(transaction, name_or_id, exact=exact)
            rows = transaction.rows("SELECT body FROM xnodes WHERE id = ?", (chosen,))
        return self._read(rows)[0]

    def list(
        self,
        chosen: XNodeFilter | None = None,
        *,
        order: XNodeOrder = XNodeOrder.NAME,
        limit: int | None = None,
    ) -> Sequence[XNode]:
        """Those that match, at most `limit`. Asking for the status `gone` includes those."""
        where, parameters = conditions(chosen or XNodeFilter())
        most = "" if limit is None else " LIMIT ?"
        rows = self._database.rows(
            f"SELECT body FROM xnodes WHERE {where} ORDER BY {ORDERS[order]}{most}",  # noqa: S608 (fixed texts)
            [*parameters, *([] if limit is None else [limit])],
        )
        return self._read(rows)

    def each(self, chosen: XNodeFilter | None = None) -> Iterator[XNode]:
        """Those that match, by name: each query begins after the last one's end."""
        where, parameters = conditions(chosen or XNodeFilter())
        sql = (
            f"SELECT body FROM xnodes WHERE {where} AND (name, created_at_us, id) > (?, ?, ?) "  # noqa: S608 (fixed texts)
            f"ORDER BY {ORDERS[XNodeOrder.NAME]} LIMIT {_BATCH}"
        )
        last: tuple[str | int, ...] = ("", 0, "")
        while found := self._read(self._database.rows(sql, [*parameters, *last])):
            yield from found
            last = (found[-1].name, to_microseconds(found[-1].created_at), found[-1].id)

    def count(self, chosen: XNodeFilter | None = None) -> int:
        """How many match."""
        where, parameters = conditions(chosen or XNodeFilter())
        ((count,),) = self._database.rows(
            f"SELECT count(*) FROM xnodes WHERE {where}",  # noqa: S608 (fixed texts)
            parameters,
        )
        return int(count)

    def groups(
        self,
        by: Sequence[GroupKey],
        chosen: XNodeFilter | None = None,
        *,
        until: datetime,
    ) -> Sequence[XNodeGroup]:
        """Those that match, counted by the database itself."""
        asked = groups_query(by, chosen or XNodeFilter(), until=until)
        rows = self._database.rows(*asked)
        with reading_records(self._database.path):
            return read_groups(rows)

    def remove(self, xnode_id: str) -> None:
        """Forget an xNode."""
        with self._database.change() as transaction:
            before = self._kept(transaction, xnode_id)
            transaction.execute("DELETE FROM xnodes WHERE id = ?", (xnode_id,))
            self._note(transaction, before, None)

    def changes(
        self,
        xnode_id: str | None = None,
        *,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Sequence[XNodeChange]:
        """What was changed, of one xNode or of all, from `since` on, oldest first."""
        wanted = {
            "xnode_id = ?": xnode_id,
            "time_us >= ?": None if since is None else to_microseconds(since),
        }
        asked = {sql: value for sql, value in wanted.items() if value is not None}
        where = f" WHERE {' AND '.join(asked)}" if asked else ""
        most = "" if limit is None else " LIMIT ?"
        rows = self._database.rows(
            f"{_SELECT_CHANGES}{where} ORDER BY sequence DESC{most}",
            [*asked.values(), *([] if limit is None else [limit])],
        )
        with reading_records(self._database.path):
            return [_read_change(row) for row in reversed(rows)]

    def _kept(self, transaction: Transaction, xnode_id: str) -> XNode:
        """The xNode of exactly that id. Raises NotFound."""
        rows = (
            transaction.rows("SELECT body FROM xnodes WHERE id = ?", (xnode_id,))
            if storable(xnode_id)
            else []
        )
        if not rows:
            raise NotFound("xnode", xnode_id, hint=LIST_HINT)
        return self._read(rows)[0]

    def _read_in(
        self, transaction: Transaction, column: str, words: Sequence[str]
    ) -> Sequence[XNode]:
        """Those whose `column` is one of `words`, at most `_BATCH`."""
        marks = ", ".join("?" * len(words))
        return self._read(
            transaction.rows(f"SELECT body FROM xnodes WHERE {column} IN ({marks})", words)  # noqa: S608 (fixed texts)
        )

    def _put(self, transaction: Transaction, before: XNode | None, after: XNode) -> None:
        """Write it, with its tags and the change. A name that another living one has is a
        Conflict.
        """
        refuse_taken_name(transaction, after)
        if before is None:
            insert_row(transaction, after)
            add_spans(transaction, after, self._now())
        else:
            update_row(transaction, before, after)
            change_spans(transaction, before, after, self._now())
        self._note(transaction, before, after)

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
