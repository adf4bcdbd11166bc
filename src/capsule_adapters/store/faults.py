"""What the system and SQLite refuse, as StoreErrors: the path, and one plain cause."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from capsule_domain.errors import StoreError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than is allowed",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "the file system is read-only",
    errno.ENOTDIR: "a file is where a folder should be",
    errno.EEXIST: "a file is where a folder should be",
    errno.EISDIR: "a folder is where a file should be",
    errno.ENOENT: "it does not exist",
    errno.ELOOP: "its symbolic links go in a circle",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EIO: "the disk reports an error",
}

_LOOK, _SPACE, _HOLDER, _ASIDE = "ls -ld {0}", "df -h {0}", "fuser {0}", "mv {0} {0}.orig"

_SQLITE_CAUSES = {
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


def reason(error: OSError) -> str:
    """Why the system refused, in lower-case words."""
    if error.errno in _REASONS:
        return _REASONS[error.errno]
    return (error.strerror or type(error).__name__).lower()


@contextmanager
def reporting(doing: str, path: Path) -> Iterator[None]:
    """Turn an OSError of the block into `cannot <doing> <path>: <why>`."""
    try:
        yield
    except OSError as error:
        hint = _SPACE if error.errno in (errno.ENOSPC, errno.EDQUOT) else _LOOK
        raise StoreError(
            f"cannot {doing} {path}: {reason(error)}", hint=hint.format(quote(str(path)))
        ) from error


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Turn what SQLite says of the database at `path` into a StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        message, hint = _SQLITE_CAUSES.get(_code(error), ("cannot use {0}: {1}", _LOOK))
        raise StoreError(
            message.format(path, str(error).lower()), hint=hint.format(quote(str(path)))
        ) from error


@contextmanager
def reading_records(path: Path) -> Iterator[None]:
    """Turn a record that is not what we write into a StoreError."""
    try:
        yield
    except ValueError as error:  # pydantic's ValidationError is one
        raise StoreError(
            f"{path} holds a record that this Capsule cannot read",
            hint="use the Capsule that wrote it, or another --home",
        ) from error


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection was in the way."""
    return _code(error) == sqlite3.SQLITE_BUSY


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary error code; the higher bits only say more of the same."""
    return int(getattr(error, "sqlite_errorcode", -1)) & 0xFF
