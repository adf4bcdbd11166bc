"""What the system refuses, as a StoreError: the path, and one plain cause."""

import errno
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

_LOOK, _SPACE = "ls -ld {0}", "df -h {0}"


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
def reading_records(path: Path) -> Iterator[None]:
    """Turn a record that is not what we write into a StoreError."""
    try:
        yield
    except ValueError as error:  # pydantic's ValidationError is one
        raise StoreError(
            f"{path} holds a record that this Capsule cannot read",
            hint="use the Capsule that wrote it, or another --home",
        ) from error
