"""Rooms for what is in the making, and files that were never there before."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import PRIVATE_FILE, PRIVATE_FOLDER

_PREFIX = ".backup-"
LEFTOVERS = f"{_PREFIX}*"
"""The rooms of those who were killed."""


@contextmanager
def workroom(folder: Path | None = None) -> Iterator[Path]:
    """A folder of its own inside `folder`, or where temporary things go; gone afterwards."""
    with reporting("write into", folder or Path(tempfile.gettempdir())):
        room = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder)
    with room as name:
        yield Path(name)


@contextmanager
def new_file(path: Path, *, mode: int = PRIVATE_FILE) -> Iterator[BinaryIO]:
    """A file that must not be there yet, not even as a link; on the disk when the block ends."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, PRIVATE_FILE), "wb") as stream:
        os.fchmod(stream.fileno(), mode)
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def write_new(path: Path, chunks: Iterable[bytes], mode: int) -> None:
    """Write a file that is not there yet, with the folders above it. Raises StoreError."""
    with reporting("write", path):
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with new_file(path, mode=mode) as stream:
            stream.writelines(chunks)
