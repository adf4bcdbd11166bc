"""What SQLite refuses, as a StoreError: the path, and one plain cause."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from capsule_domain.errors import StoreError

_LOOK, _SPACE, _HOLDER, _ASIDE = "ls -ld {0}", "df -h {0}", "fuser {0}", "mv {0} {0}.orig"

_CAUSES = {
    sqlite3.SQLITE_FULL: ("cannot write {0}: the disk is full", _SPACE),
    sqlite3.SQLITE_IOERR: ("cannot use {0}: the disk is full, or reports an error", _SPACE),
    sqlite3.SQLITE_BUSY: ("another Capsule holds {0}", _HOLDER),
    sqlite3.SQLITE_LOCKED: ("another Capsule holds {0}", _HOLDER),
    sqlite3.SQLITE_READONLY: ("cannot write {0}: it is read-only", _LOOK),
    sqlite3.SQLITE_CANTOPEN: ("cannot open {0}: permission denied", _LOOK),
    sqlite3.SQLITE_PERM: ("cannot open {0}: permission denied", _LOOK),
    sqlite3.SQLITE_NOTADB: ("{0} is not a database", _ASIDE),
    sqlite3.SQLITE_CORRUPT: ("{0} is damaged", _ASIDE),
}


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Turn what SQLite says of the database at `path` into a StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        message, hint = _CAUSES.get(_code(error), ("cannot use {0}: {1}", _LOOK))
        raise StoreError(
            message.format(path, str(error).lower()), hint=hint.format(quote(str(path)))
        ) from error


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection was in the way."""
    return _code(error) == sqlite3.SQLITE_BUSY


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary error code; the higher bits only say more of the same."""
    return int(getattr(error, "sqlite_errorcode", -1)) & 0xFF
