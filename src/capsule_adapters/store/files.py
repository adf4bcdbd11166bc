"""Reading and writing whole files: bounded, atomic, and failing only with a StoreError."""

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from shlex import quote

from capsule_adapters.store.faults import reporting
from capsule_domain.errors import StoreError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def make_private_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it, each 0700; what is there keeps its mode."""
    with reporting("make the folder", folder):
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        for parent in (*reversed(missing), folder):
            parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def read_limited(path: Path, limit_bytes: int) -> bytes | None:
    """What the file holds; None when it is absent.

    At most one byte more than `limit_bytes` is read, so that a caller sees that
    there is too much. A pipe or a device is refused, not waited for.
    """
    with reporting("read", path):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise StoreError(
                    f"cannot read {path}: it is not a file", hint=f"ls -ld {quote(str(path))}"
                )
            return file.read(limit_bytes + 1)


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Replace the file's content: after a crash it holds the old or the new, never a mix.

    `mode` None keeps the mode of the file that is there, else 0600. A symbolic link
    stays; what it points to is replaced.
    """
    with reporting("write", path):
        target = path.resolve() if path.is_symlink() else path
        if mode is None:
            mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else PRIVATE_FILE
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        descriptor, temporary = tempfile.mkstemp(
            prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent
        )
        try:
            _fill(descriptor, content, mode)
            Path(temporary).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
        sync_folder(target.parent)


def _fill(descriptor: int, content: bytes, mode: int) -> None:
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Make what was written to the file durable."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the folder's names durable. A file system that cannot is left alone."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
