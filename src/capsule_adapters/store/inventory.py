"""The inventory in state.db."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.moments import to_microseconds
from capsule_adapters.store.prefixes import storable
from capsule_adapters.store.spans import add_spans, change_spans
from capsule_adapters.store.sqlite import Database, Parameters, Row, Transaction
from capsule_adapters.store.xnode_changes import (
    changes_query,
    id_removed,
    insert_changes,
    read_change,
)
from capsule_adapters.store.xnode_groups import counts_query, groups_query, read_groups
from capsule_adapters.store.xnode_many import (
    BATCH,
    BY_ID,
    BY_LIVING_NAME,
    Waiting,
    batches,
)
from capsule_adapters.store.xnode_names import (
    LIST_HINT,
    id_meant,
    names_query,
    refuse_taken_name,
    tags_query,
)
from capsule_adapters.store.xnode_rows import ORDERS, conditions, insert_rows, update_row
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.xnode import (
    XNode,
    XNodeChange,
    XNodeFilter,
    XNodeOrder,
    change_between,
)
from capsule_domain.models.xnode_group import GroupKey, XNodeGroup


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
            refuse_taken_name(transaction, xnode)
            self._write(transaction, [xnode], {})

    def update(self, xnode: XNode) -> None:
        """Replace the xNode of that id. A name that another living one has is a Conflict."""
        with self._database.change() as transaction:
            before = self._kept(transaction, xnode.id)
            refuse_taken_name(transaction, xnode)
            self._write(transaction, [xnode], {xnode.id: before})

    def save_all(self, xnodes: Iterable[XNode]) -> None:
        """Add or replace all of them in one transaction, or none."""
        waiting = Waiting()
        with self._database.change(large=True) as transaction:
            for batch in batches(xnodes):
                kept = self._read_in(transaction, BY_ID, [xnode.id for xnode in batch])
                waiting.give_way(transaction, batch)
                self._write(transaction, batch, {xnode.id: xnode for xnode in kept})
            waiting.settle(transaction)

    def known(self, ids: Iterable[str]) -> Mapping[str, XNode]:
        """Those of these ids that are kept, by id."""
        return {xnode.id: xnode for xnode in self._all_in(BY_ID, ids)}

    def living(self, names: Iterable[str]) -> Mapping[str, XNode]:
        """The living ones of these names, by name."""
        return {xnode.name: xnode for xnode in self._all_in(BY_LIVING_NAME, names)}

    def _all_in(self, where: str, words: Iterable[str]) -> Iterator[XNode]:
        left = (word for word in words if storable(word))
        with self._database.snapshot() as transaction:
            while batch := list(islice(left, BATCH)):
                yield from self._read_in(transaction, where, batch)

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
            f"ORDER BY {ORDERS[XNodeOrder.NAME]} LIMIT {BATCH}"
        )
        last: tuple[str | int, ...] = ("", 0, "")
        while found := self._read(self._database.rows(sql, [*parameters, *last])):
            yield from found
            last = (found[-1].name, to_microseconds(found[-1].created_at), found[-1].id)

    def count(self, chosen: XNodeFilter | None = None) -> int:
        """How many match."""
        return sum(self.counts((GroupKey.STATUS,), chosen).values())

    def counts(
        self, by: Sequence[GroupKey], chosen: XNodeFilter | None = None
    ) -> Mapping[tuple[str, ...], int]:
        """How many match, by what is asked."""
        rows = self._database.rows(*counts_query(by, chosen or XNodeFilter()))
        return {tuple(keys): count for *keys, count in rows}

    def names(self, beginning: str = "", *, limit: int) -> Sequence[str]:
        """The names of living ones that begin so, sorted, at most `limit`."""
        return self._words(beginning, names_query(beginning, limit=limit))

    def tags(self, beginning: str = "", *, limit: int | None = None) -> Sequence[str]:
        """The tags of living ones that begin so, each once, sorted, at most `limit`."""
        return self._words(beginning, tags_query(beginning, limit=limit))

    def _words(self, beginning: str, asked: tuple[str, Parameters]) -> Sequence[str]:
        return [word for (word,) in self._database.rows(*asked)] if storable(beginning) else []

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
            change = change_between(before, None, time=self._now(), actor=self._actor)
            insert_changes(transaction, [change])

    def changes(
        self,
        xnode_id: str | None = None,
        *,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Sequence[XNodeChange]:
        """What was changed, of one xNode or of all, from `since` on, oldest first."""
        since_us = None if since is None else to_microseconds(since)
        rows = self._database.rows(*changes_query(xnode_id, since_us, limit))
        with reading_records(self._database.path):
            return [read_change(row) for row in reversed(rows)]

    def removed(self, name_or_id: str) -> str:
        """The id of the xNode of that whole name or id that was removed last."""
        with self._database.snapshot() as transaction:
            return id_removed(transaction, name_or_id, hint=LIST_HINT)

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
        self, transaction: Transaction, where: str, words: Sequence[str]
    ) -> Sequence[XNode]:
        """Those that have one of `words` there, at most `BATCH`."""
        marks = ", ".join("?" * len(words))
        return self._read(
            transaction.rows(f"SELECT body FROM xnodes {where} IN ({marks})", words)  # noqa: S608 (fixed texts)
        )

    def _write(
        self, transaction: Transaction, xnodes: Sequence[XNode], kept: Mapping[str, XNode]
    ) -> None:
        """Write them, their tags, lives and changes; `kept` is what there was, by id."""
        now = self._now()
        fresh = [xnode for xnode in xnodes if xnode.id not in kept]
        insert_rows(transaction, fresh)
        add_spans(transaction, fresh, now)
        for xnode in xnodes:
            if xnode.id in kept:
                update_row(transaction, kept[xnode.id], xnode)
                change_spans(transaction, kept[xnode.id], xnode, now)
        insert_changes(
            transaction,
            (change_between(kept.get(x.id), x, time=now, actor=self._actor) for x in xnodes),
        )

    def _read(self, rows: Sequence[Row]) -> Sequence[XNode]:
        with reading_records(self._database.path):
            return [XNode.model_validate_json(body) for (body,) in rows]
