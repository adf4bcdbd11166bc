"""SQLite files: opened with care, migrated, and failing only with a StoreError."""

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import PRIVATE_FILE, make_private_folder, sync_folder
from capsule_adapters.store.schema import migrate, refuse_foreign
from capsule_adapters.store.sqlite_faults import is_busy, translating

BUSY_SECONDS = 10.0
_RETRY_SECONDS = 0.01
_LARGE_KIB = 64 * 1024

Row = tuple[Any, ...]
Parameters = Sequence[str | int | float | None]


class Synchronous(StrEnum):
    """FULL: on the disk before a commit returns. NORMAL: a power cut may lose the last ones."""

    FULL = "FULL"
    NORMAL = "NORMAL"


class Transaction:
    """Statements that happen together or not at all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement; returns how many rows it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        """Run one statement for each of `rows`."""
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of a query, as this transaction sees them."""
        return self._connection.execute(sql, parameters).fetchall()


class Database:
    """One SQLite file. It is made, or migrated, at the first use.

    Threads share one connection and take turns. Every failure is a StoreError that
    names the file.
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[str],
        *,
        synchronous: Synchronous = Synchronous.FULL,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self.path = path
        self._migrations = migrations
        self._synchronous = synchronous
        self._busy_seconds = busy_seconds
        self._connection: sqlite3.Connection | None = None
        self._changed = False
        self._turn = threading.RLock()

    @contextmanager
    def change(self, *, large: bool = False) -> Iterator[Transaction]:
        """A transaction that no other process writes beside; committed when the block ends well.

        A `large` one is given memory, so that the same pages are not written again and again.
        """
        with self._using() as connection, _memory(connection) if large else nullcontext():
            self._changed = True
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(connection)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Several queries that see one and the same state; within a change, what that made."""
        with self._using() as connection:
            if connection.in_transaction:
                yield Transaction(connection)
                return
            connection.execute("BEGIN")
            try:
                yield Transaction(connection)
            finally:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of one query."""
        with self._using() as connection:
            return connection.execute(sql, parameters).fetchall()

    def open(self) -> None:
        """Open it now rather than at the first use."""
        with self._using():
            pass

    def close(self) -> None:
        """Let go of the file. The next use opens it again."""
        with self._turn, translating(self.path):
            if self._connection is not None:
                if self._changed:
                    _learn_shape(self._connection)
                self._connection.close()
                self._connection = None

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._turn, translating(self.path):
            if self._connection is None:
                self._connection = self._connect()
            yield self._connection

    def _connect(self) -> sqlite3.Connection:
        _prepare_file(self.path)
        connection = sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            refuse_foreign(connection, self.path)
            _make_private(self.path)
            self._settle(connection)
            migrate(connection, self.path, self._migrations)
        except BaseException:
            connection.close()
            raise
        return connection

    def _settle(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        if self._synchronous is Synchronous.FULL:
            # macOS only: without it the drive may keep what fsync was told to write.
            connection.execute("PRAGMA fullfsync = ON")
        self._use_wal(connection)

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        """Write-ahead log. SQLite does not wait for others here, so we do.

        A file system that cannot have one (a network mount) keeps SQLite's default.
        """
        deadline = time.monotonic() + self._busy_seconds
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() >= deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                return


def open_database(
    path: Path,
    migrations: Sequence[str],
    *,
    synchronous: Synchronous = Synchronous.FULL,
    busy_seconds: float = BUSY_SECONDS,
) -> Database:
    """The SQLite file at `path`, made 0600 when absent, at the newest schema.

    `migrations` are SQL scripts; `PRAGMA user_version` counts those that were applied.
    Raises StoreError.
    """
    database = Database(path, migrations, synchronous=synchronous, busy_seconds=busy_seconds)
    database.open()
    return database


@contextmanager
def _memory(connection: sqlite3.Connection) -> Iterator[None]:
    """64 MiB of pages instead of two, meanwhile."""
    (before,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute(f"PRAGMA cache_size = -{_LARGE_KIB}")
    try:
        yield
    finally:
        with suppress(sqlite3.Error):
            connection.execute(f"PRAGMA cache_size = {before}")
            connection.execute("PRAGMA shrink_memory")


def _learn_shape(connection: sqlite3.Connection) -> None:
    """Let SQLite count a sample of its rows, so that it picks the narrowest index.

    It is a courtesy of milliseconds: who finds the database in use leaves it.
    """
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA analysis_limit = 400")
        connection.execute("PRAGMA optimize")


def _prepare_file(path: Path) -> None:
    """Make the file before SQLite does: 0600, which its -wal and -shm take over."""
    make_private_folder(path.parent)
    with reporting("open", path):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        except FileExistsError:
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
        else:
            os.close(descriptor)
            sync_folder(path.parent)


def _make_private(path: Path) -> None:
    """Take from others what an older copy, or a careless one, lets them read."""
    with reporting("protect", path), suppress(PermissionError):
        if path.stat().st_mode & 0o077:
            path.chmod(PRIVATE_FILE)
