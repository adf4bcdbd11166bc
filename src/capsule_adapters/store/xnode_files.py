"""Files of xNodes: read in pieces, written beside and renamed."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import sync_folder
from capsule_domain.errors import ConfigurationError, Conflict, NotFound, StoreError

_PIECE_CHARACTERS = 64 * 1024
_ORIGINAL = "inventory.json"


class LocalXNodeFiles:
    """Implements `XNodeFiles` on this machine; `home` may hold the original's inventory."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def lines(self, path: str) -> Iterator[str]:
        """Lines, none longer than 64 Ki characters."""
        number = 1
        with reporting("read", Path(path)), _opened(path) as file:
            try:
                while piece := file.readline(_PIECE_CHARACTERS):
                    yield piece
                    number += piece.endswith(("\n", "\r"))
            except UnicodeDecodeError as error:
                raise ConfigurationError(
                    "not UTF-8 text", hint="save it as UTF-8", file=path, line=number
                ) from error

    def write(self, path: str, chunks: Iterable[str], *, replace: bool) -> str:
        """0600 when new; one that is replaced keeps its mode, and a link its target."""
        file = Path(path).expanduser().absolute()
        with reporting("write", file):
            if not replace and os.path.lexists(file):
                raise Conflict(f"{file} is there already", hint="another --output, or --force")
            target = file.resolve() if file.is_symlink() else file
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            _write(target, chunks)
        return str(file)

    def original(self) -> str | None:
        """`<home>/inventory.json`."""
        file = self._home / _ORIGINAL
        return str(file) if file.is_file() else None

    def set_aside(self, path: str) -> str:
        """`<path>.orig`, `<path>.orig.1`, …"""
        file, number = Path(path), 0
        aside = Path(f"{file}.orig")
        with reporting("rename", file):
            while os.path.lexists(aside):
                number += 1
                aside = Path(f"{file}.orig.{number}")
            file.rename(aside)
        return str(aside)


def _opened(path: str) -> TextIO:
    """Line ends stay as they are. A pipe or a device is refused, not waited for."""
    file = Path(path).expanduser()
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NotFound("file", path) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StoreError(f"cannot read {path}: it is not a file")
    return os.fdopen(descriptor, "r", encoding="utf-8-sig", newline="")


def _write(target: Path, chunks: Iterable[str]) -> None:
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    descriptor, temporary = tempfile.mkstemp(
        prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent
    )
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    sync_folder(target.parent)
