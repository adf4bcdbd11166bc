"""state.db in backups: copied whole while others use it, and put back the same way."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from shlex import quote
from urllib.parse import quote as url_quote

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import PRIVATE_FILE, make_private_folder
from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.journal import SqliteJournal
from capsule_adapters.store.schema import refuse_foreign
from capsule_adapters.store.sqlite import BUSY_SECONDS, Database, Synchronous
from capsule_adapters.store.sqlite_faults import translating
from capsule_adapters.store.state import STATE_MIGRATIONS
from capsule_domain.errors import ConfigurationError, StoreError

_PAUSE_SECONDS = 0.02


def copy_state(state: Path, copy: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
    """Copy the database at `state` into the new file `copy`, as of one moment.

    Writers go on meanwhile. Raises StoreError.
    """
    with translating(state), closing(_read_only(state)) as source:
        refuse_foreign(source, state)
        _transfer(source, copy, busy=state, busy_seconds=busy_seconds)
    with translating(copy), closing(sqlite3.connect(copy, isolation_level=None)) as copied:
        # One file alone, with no log beside it, and the same bytes for the same state.
        copied.execute("PRAGMA journal_mode = DELETE")


def put_state(copy: Path, state: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
    """Make the database at `state` what `copy` holds, in one transaction.

    Another Capsule that has it open sees the old state, then the new one. Raises StoreError.
    """
    with translating(copy), closing(_read_only(copy)) as source:
        _transfer(source, state, busy=state, busy_seconds=busy_seconds)


def remove_state(state: Path) -> None:
    """Take away a database that was not there before."""
    for name in (state.name, f"{state.name}-wal", f"{state.name}-shm"):
        state.with_name(name).unlink(missing_ok=True)


def known_in(copy: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Names of the living xNodes and of the unfinished deployments of a copy, by id.

    The copy is migrated. Raises StoreError, also for a newer Capsule's, and
    ConfigurationError for a damaged one.
    """
    database = Database(copy, STATE_MIGRATIONS, synchronous=Synchronous.NORMAL)
    try:
        (answer,) = database.rows("PRAGMA quick_check(1)")[0]
        if answer != "ok":
            raise ConfigurationError(
                f"the state in the backup is damaged: {str(answer).partition(chr(10))[0].lower()}"
            )
        xnodes = {xnode.id: xnode.name for xnode in SqliteInventory(database).list()}
        unfinished = {
            str(one.id): one.name for one in SqliteJournal(database).list(unfinished=True)
        }
    finally:
        with suppress(StoreError):
            database.close()
    return xnodes, unfinished


def _read_only(path: Path) -> sqlite3.Connection:
    uri = f"file:{url_quote(str(path.absolute()))}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def _transfer(source: sqlite3.Connection, to: Path, *, busy: Path, busy_seconds: float) -> None:
    _make(to)
    opened = sqlite3.connect(to, isolation_level=None, timeout=busy_seconds)
    with translating(to), closing(opened) as target:
        if to == busy:
            target.execute("PRAGMA synchronous = FULL")
            target.execute("PRAGMA fullfsync = ON")
        source.backup(target, progress=_deadline(busy, busy_seconds), sleep=_PAUSE_SECONDS)


def _make(path: Path) -> None:
    """Make the file, for its owner alone, before SQLite writes into it."""
    make_private_folder(path.parent)
    with reporting("write", path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        os.close(descriptor)


def _deadline(path: Path, seconds: float) -> Callable[[int, int, int], None]:
    """SQLite would wait for ever for another process; this ends it."""
    until = time.monotonic() + seconds

    def look(status: int, _remaining: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() >= until:
            raise StoreError(f"another Capsule holds {path}", hint=f"fuser {quote(str(path))}")

    return look
