"""metrics.db: what the monitor saw."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.samples_fresh import PARTS, Fresh, read
from capsule_adapters.store.samples_hours import (
    EVERY,
    HOUR_MS,
    READ,
    hour_of,
    known_figures,
    read_hour,
    rolled,
    write_hours,
)
from capsule_adapters.store.samples_rows import (
    COLUMNS,
    checks_text,
    last_text,
    outcome,
    read_sample,
    sample_row,
    status_of,
    to_milliseconds,
)
from capsule_adapters.store.samples_schema import METRICS_MIGRATIONS
from capsule_adapters.store.samples_series import read_series
from capsule_adapters.store.sqlite import Database, Synchronous, Transaction
from capsule_domain.models.health import HealthStatus
from capsule_domain.models.history import HourOf
from capsule_domain.models.metric import Observation
from capsule_domain.ports.samples import (
    CHECKS_EVERY,
    HOURS_KEPT,
    SAMPLES_KEPT,
    Figure,
    Series,
)

_HOURS = """
    SELECT hour, name, instance, low, mean, high, count FROM hours JOIN figures USING (figure)
    WHERE node = ? AND hour >= ? {among} ORDER BY hour, name, instance
"""
_NODES_AT_ONCE = 50
"""How many xNodes are tidied in one transaction: some tens of milliseconds."""
_FOREVER_MS = 2**62
_CHECKS_EVERY_MS = CHECKS_EVERY.total_seconds() * 1000

_Last = tuple[str, Observation]
"""A text of `last`, and what it says."""


class SqliteSamples:
    """`Samples` over metrics.db, a file of its own: a full disk here stops no deploy."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, METRICS_MIGRATIONS, synchronous=Synchronous.NORMAL)
        self._turn = threading.Lock()
        self._nodes: dict[str, tuple[int, str]] = {}
        self._fresh = Fresh()
        self._kept: dict[int, tuple[int, tuple[object, ...]]] = {}
        """When checks were last written, and what they said, by node."""
        self._read: Mapping[str, _Last] = {}
        """What `latest` read before: a screen asks every two seconds, and most is the same."""

    def append(self, observations: Mapping[str, Observation], at: datetime) -> None:  # noqa: ARG002
        """Keep what one tick saw, in one transaction."""
        if not observations:
            return
        with self._turn:
            try:
                with self._database.change() as transaction:
                    self._append(transaction, observations)
            except BaseException:
                # What was learnt in a transaction that did not happen is not so.
                self._nodes.clear()
                self._kept.clear()
                self._fresh.undone()
                raise

    def latest(self) -> Mapping[str, Observation]:
        """The last observation of each xNode, by its id."""
        with reading_records(self._database.path):
            rows = self._database.rows("SELECT xnode_id, body FROM last")
            before = self._read
            self._read = {id_: _last(body, before.get(id_)) for id_, body in rows}
            return {id_: seen for id_, (_, seen) in self._read.items()}

    def history(
        self, xnode_id: str, since: datetime, until: datetime | None = None
    ) -> Sequence[Observation]:
        """What was seen from `since` on and before `until`, oldest first."""
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            known = _node(transaction, xnode_id)
            if known is None:
                return []
            node, name, _ = known
            end_ms = _FOREVER_MS if until is None else to_milliseconds(until)
            columns, start_ms = f"{COLUMNS}, body", to_milliseconds(since)
            rows = read(transaction, node, columns, start_ms, end_ms)
            return [read_sample(xnode_id, name, row) for row in rows]

    def series(
        self,
        xnode_id: str,
        figures: Sequence[Figure],
        since: datetime,
        until: datetime | None = None,
    ) -> Series:
        """Some figures from `since` on and before `until`."""
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            known = _node(transaction, xnode_id)
            if known is None:
                return Series((), ((),) * len(figures))
            end_ms = _FOREVER_MS if until is None else to_milliseconds(until)
            return read_series(transaction, known[0], figures, to_milliseconds(since), end_ms)

    def statuses(self, xnode_id: str, since: datetime) -> Mapping[HealthStatus, int]:
        """How often it was seen in each status from `since` on."""
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            known = _node(transaction, xnode_id)
            if known is None:
                return {}
            start_ms = to_milliseconds(since)
            rows = read(transaction, known[0], "at_ms, status", start_ms, _FOREVER_MS)
            counted = Counter(number for _, number in rows)
            return {status_of(number): count for number, count in counted.items()}

    def hourly(self, xnode_id: str, since: datetime, names: Sequence[str] = ()) -> Sequence[HourOf]:
        """The hours that end after `since`, with the one that is not over."""
        among = f"AND name IN ({', '.join('?' * len(names))})" if names else ""
        first = to_milliseconds(since) // HOUR_MS
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            known = _node(transaction, xnode_id)
            if known is None:
                return []
            node, _, rolled_ms = known
            asked = _HOURS.format(among=among)
            kept = [read_hour(row) for row in transaction.rows(asked, (node, first, *names))]
            start_ms = max(rolled_ms, first * HOUR_MS)
            rows = read(transaction, node, READ, start_ms, _FOREVER_MS)
            return [hour_of(one) for one in (*kept, *rolled(rows, names or EVERY))]

    def prune(self, now: datetime) -> None:
        """Roll up the hours that are over, and forget what is too old, a few xNodes at a time."""
        for part in range(PARTS):
            with self._turn, self._database.change() as transaction:
                self._fresh.settle(transaction, part)
        nodes = self._database.rows("SELECT node, rolled_ms FROM nodes ORDER BY node")
        for start in range(0, len(nodes), _NODES_AT_ONCE):
            with reading_records(self._database.path), self._database.change() as transaction:
                known = known_figures(transaction)
                for node, rolled_ms in nodes[start : start + _NODES_AT_ONCE]:
                    _roll(transaction, node, rolled_ms, now, known)
                    _forget_old(transaction, node, now)

    def close(self) -> None:
        """Let go of the file. The next use opens it again."""
        self._database.close()

    def _append(self, transaction: Transaction, observations: Mapping[str, Observation]) -> None:
        samples, last = [], []
        for xnode_id, seen in observations.items():
            node = self._number(transaction, xnode_id, seen.health.xnode)
            at_ms = to_milliseconds(seen.health.checked_at)
            checks = checks_text(seen) if self._has_news(node, at_ms, seen) else None
            samples.append(sample_row(node, at_ms, seen, checks))
            last.append((node, xnode_id, last_text(seen)))
        self._fresh.add(transaction, samples)
        transaction.execute_many("INSERT OR REPLACE INTO last VALUES (?, ?, ?)", last)

    def _number(self, transaction: Transaction, xnode_id: str, name: str) -> int:
        """The small number that stands for the xNode in every row."""
        if not self._nodes:
            rows = transaction.rows("SELECT xnode_id, node, name FROM nodes")
            self._nodes = {xnode_id: (node, name) for xnode_id, node, name in rows}
        known = self._nodes.get(xnode_id)
        if known is None or known[1] != name:
            transaction.execute(
                "INSERT INTO nodes (xnode_id, name) VALUES (?, ?)"
                " ON CONFLICT (xnode_id) DO UPDATE SET name = excluded.name",
                (xnode_id, name),
            )
            ((node,),) = transaction.rows("SELECT node FROM nodes WHERE xnode_id = ?", (xnode_id,))
            known = self._nodes[xnode_id] = (int(node), name)
        return known[0]

    def _has_news(self, node: int, at_ms: int, seen: Observation) -> bool:
        """Whether the checks are kept: they changed, or were not for five minutes."""
        found = outcome(seen)
        kept = self._kept.get(node)
        if kept is not None and kept[1] == found and 0 < at_ms - kept[0] < _CHECKS_EVERY_MS:
            return False
        self._kept[node] = (at_ms, found)
        return True


def _last(body: str, before: _Last | None) -> _Last:
    if before is not None and before[0] == body:
        return before
    return body, Observation.model_validate_json(body)


def _node(transaction: Transaction, xnode_id: str) -> tuple[int, str, int] | None:
    """Number, name, and until when its hours are rolled up; None for one never seen."""
    rows = transaction.rows(
        "SELECT node, name, rolled_ms FROM nodes WHERE xnode_id = ?", (xnode_id,)
    )
    return rows[0] if rows else None


def _roll(
    transaction: Transaction,
    node: int,
    rolled_ms: int,
    now: datetime,
    known: dict[tuple[str, str], int],
) -> None:
    end_ms = to_milliseconds(now) // HOUR_MS * HOUR_MS
    if end_ms <= rolled_ms:
        return
    over = read(transaction, node, READ, rolled_ms, end_ms)
    write_hours(transaction, node, rolled(over), known)
    transaction.execute("UPDATE nodes SET rolled_ms = ? WHERE node = ?", (end_ms, node))


def _forget_old(transaction: Transaction, node: int, now: datetime) -> None:
    """By ranges of the key: a condition on the time alone would read the whole table."""
    oldest_ms = to_milliseconds(now - SAMPLES_KEPT)
    for table in ("samples", "checks"):
        transaction.execute(
            f"DELETE FROM {table} WHERE node = ? AND at_ms < ?",  # noqa: S608
            (node, oldest_ms),
        )
    oldest_hour = to_milliseconds(now - HOURS_KEPT) // HOUR_MS
    transaction.execute("DELETE FROM hours WHERE node = ? AND hour < ?", (node, oldest_hour))
    hours = transaction.rows("SELECT hour FROM hours WHERE node = ? LIMIT 1", (node,))
    if not hours and not read(transaction, node, "at_ms", 0, _FOREVER_MS):
        # Its number stays its own: another process may go on using it.
        transaction.execute("DELETE FROM last WHERE node = ?", (node,))
