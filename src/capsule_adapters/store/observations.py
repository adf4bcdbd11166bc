"""metrics.db: what the monitor saw."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.moments import from_microseconds, to_microseconds
from capsule_adapters.store.sqlite import Database, Row, Synchronous, Transaction
from capsule_domain.models.health import Check, Health, HealthStatus
from capsule_domain.models.metric import Disk, Metrics, Observation

KEPT = timedelta(hours=24)
"""How long before its newest an xNode's observations are kept: 1,440 at one a minute."""

PRUNED_EVERY = timedelta(hours=1)

METRICS_MIGRATIONS = (
    """
    CREATE TABLE nodes (
        node INTEGER PRIMARY KEY,
        xnode_id TEXT NOT NULL UNIQUE
    );
    CREATE TABLE observations (
        node INTEGER NOT NULL REFERENCES nodes (node) ON DELETE CASCADE,
        checked_at_us BIGINT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        checks TEXT NOT NULL,
        collected_at_us BIGINT,
        cpu_percent REAL,
        memory_percent REAL,
        load_1 REAL,
        load_5 REAL,
        load_15 REAL,
        uptime_seconds REAL,
        disks TEXT,
        PRIMARY KEY (node, checked_at_us)
    ) WITHOUT ROWID;
    CREATE TABLE last (
        node INTEGER PRIMARY KEY REFERENCES nodes (node) ON DELETE CASCADE,
        checked_at_us BIGINT NOT NULL
    );
    """,
    "ALTER TABLE observations ADD COLUMN more TEXT;",
)

_COLUMNS = """name, status, checks, checked_at_us, collected_at_us, cpu_percent,
    memory_percent, load_1, load_5, load_15, uptime_seconds, disks, more"""
_INSERT = f"""
    INSERT OR REPLACE INTO observations (node, {_COLUMNS})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""  # noqa: S608 (fixed texts)
_HISTORY = f"""
    SELECT {_COLUMNS} FROM observations
    WHERE node = (SELECT node FROM nodes WHERE xnode_id = ?) AND checked_at_us >= ?
    ORDER BY checked_at_us
"""  # noqa: S608
_LATEST = f"""
    SELECT xnode_id, {_COLUMNS}
    FROM last JOIN nodes USING (node) JOIN observations USING (node, checked_at_us)
"""  # noqa: S608

_IN_COLUMNS = {
    *("xnode", "collected_at", "cpu_percent", "memory_percent", "disks"),
    *("load_1", "load_5", "load_15", "uptime_seconds"),
}
"""The figures with columns of their own. What else there is goes into `more`, as JSON."""

_CHECKS = TypeAdapter(tuple[Check, ...])
_DISKS = TypeAdapter(tuple[Disk, ...] | None)
_MORE = TypeAdapter(dict[str, Any])


class SqliteObservations:
    """What was seen of each xNode in the last day, and its last observation however old.

    Safe to use from several threads. Fails only with StoreError: a full disk here
    stops no deploy, for the state lies in a file of its own.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, METRICS_MIGRATIONS, synchronous=Synchronous.NORMAL)
        self._pruned_at: dict[str, datetime] = {}
        self._turn = threading.Lock()

    def remember(self, xnode_id: str, observation: Observation) -> None:
        """Keep it as the xNode's last; one of the same moment is replaced."""
        moment = observation.health.checked_at
        with self._turn, self._database.change() as transaction:
            node = _node(transaction, xnode_id)
            transaction.execute(_INSERT, (node, *_columns(observation)))
            transaction.execute(
                "INSERT OR REPLACE INTO last (node, checked_at_us) VALUES (?, ?)",
                (node, to_microseconds(moment)),
            )
            self._prune(transaction, xnode_id, node, moment)

    def history(self, xnode_id: str, since: datetime) -> Sequence[Observation]:
        """What was seen from `since` on, oldest first."""
        with reading_records(self._database.path):
            rows = self._database.rows(_HISTORY, (xnode_id, to_microseconds(since)))
            return [_read(xnode_id, row) for row in rows]

    def latest(self) -> Mapping[str, Observation]:
        """The last observation of each xNode, by the xNode's id."""
        with reading_records(self._database.path):
            return {row[0]: _read(row[0], row[1:]) for row in self._database.rows(_LATEST)}

    def close(self) -> None:
        """Let go of the file. The next use opens it again."""
        self._database.close()

    def _prune(self, transaction: Transaction, xnode_id: str, node: int, moment: datetime) -> None:
        """Now and then forget what is old, by ranges of the key, one xNode at a time.

        Old is counted from `moment`, so the observation just written always stays.
        """
        pruned_at = self._pruned_at.get(xnode_id)
        if pruned_at is not None and abs(moment - pruned_at) < PRUNED_EVERY:
            return
        transaction.execute(
            "DELETE FROM observations WHERE node = ? AND checked_at_us < ?",
            (node, to_microseconds(moment - KEPT)),
        )
        self._pruned_at[xnode_id] = moment


def _node(transaction: Transaction, xnode_id: str) -> int:
    """The small number that stands for the xNode in every row."""
    transaction.execute("INSERT OR IGNORE INTO nodes (xnode_id) VALUES (?)", (xnode_id,))
    ((node,),) = transaction.rows("SELECT node FROM nodes WHERE xnode_id = ?", (xnode_id,))
    return int(node)


def _columns(observation: Observation) -> tuple[str | int | float | None, ...]:
    """In the order of `_COLUMNS`."""
    health, metrics = observation.health, observation.metrics
    looked = (
        health.xnode,
        health.status.value,
        _CHECKS.dump_json(health.checks).decode(),
        to_microseconds(health.checked_at),
    )
    if metrics is None:
        return (*looked, *[None] * 9)
    return (
        *looked,
        to_microseconds(metrics.collected_at),
        metrics.cpu_percent,
        metrics.memory_percent,
        metrics.load_1,
        metrics.load_5,
        metrics.load_15,
        metrics.uptime_seconds,
        _DISKS.dump_json(metrics.disks).decode(),
        metrics.model_dump_json(exclude=_IN_COLUMNS, exclude_none=True),
    )


def _read(xnode_id: str, row: Row) -> Observation:
    name, status, checks, checked_at_us, collected_at_us, *figures, disks, more = row
    health = Health(
        xnode=name,
        status=HealthStatus(status),
        checks=_CHECKS.validate_json(checks),
        checked_at=from_microseconds(checked_at_us),
    )
    if collected_at_us is None:
        return Observation(xnode_id=xnode_id, health=health)
    cpu, memory, load_1, load_5, load_15, uptime = figures
    metrics = Metrics(
        xnode=name,
        cpu_percent=cpu,
        memory_percent=memory,
        load_1=load_1,
        load_5=load_5,
        load_15=load_15,
        uptime_seconds=uptime,
        disks=_DISKS.validate_json(disks),
        collected_at=from_microseconds(collected_at_us),
        **_MORE.validate_json(more or "{}"),
    )
    return Observation(xnode_id=xnode_id, health=health, metrics=metrics)
