"""The archive's own form, read with suspicion.

A reader that knows what has to come does not parse: after the manifest each header must be,
byte by byte, the one that the writer would have written. So no link, device, foreign path,
second entry of one name or endless file can be in an archive that is accepted.
"""

import gzip
import hashlib
import io
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from capsule_adapters.store.backup_archive import BLOCK_BYTES, END, MANIFEST_NAME, header, padding
from capsule_adapters.store.backup_manifest import damaged, read_manifest
from capsule_adapters.store.faults import reporting
from capsule_domain.errors import NotFound, StoreError
from capsule_domain.models.backup import Manifest, SavedFile

MANIFEST_LIMIT_BYTES: Final = 16 * 1024**2
_CHUNK_BYTES: Final = 256 * 1024
_KINDS: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"5": "a folder",
    b"6": "a pipe",
}

Sink = Callable[[SavedFile, Iterator[bytes]], None]
"""Takes one file's content, and must take all of it."""


def read_archive(path: Path, sink: Sink) -> tuple[Manifest, str]:
    """Read it whole, hand each file to `sink`, and return the manifest and the archive's SHA-256.

    Only when this returns was everything as the manifest says. Raises NotFound, StoreError
    for what cannot be read or a newer Capsule wrote, ConfigurationError for all else.
    """
    with _opened(path) as raw:
        hashed = _Hashing(raw)
        with _damage_told(path), gzip.GzipFile(fileobj=hashed, mode="rb") as stream:
            manifest = _first(path, stream)
            seconds = int(manifest.created_at.timestamp())
            for file in manifest.files:
                expected = header(file.path, file.size_bytes, file.mode, seconds)
                if (found := _exactly(stream, BLOCK_BYTES)) != expected:
                    raise damaged(path, _why(found, file.path))
                _pass_on(path, stream, file, sink)
            if stream.read(len(END) + 1) != END:
                raise damaged(path, "something follows what the manifest names")
        return manifest, hashed.sha256()


def _first(path: Path, stream: gzip.GzipFile) -> Manifest:
    """The manifest, which stands first."""
    block = _exactly(stream, BLOCK_BYTES)
    size, seconds = _octal(block[124:136]), _octal(block[136:148])
    if not 0 <= size <= MANIFEST_LIMIT_BYTES or seconds < 0:
        raise damaged(path, "it does not begin with a manifest")
    if block != header(MANIFEST_NAME, size, 0o600, seconds):
        raise damaged(path, "it does not begin with a manifest")
    manifest = read_manifest(path, _exactly(stream, size))
    if int(manifest.created_at.timestamp()) != seconds:
        raise damaged(path, "its manifest is of another time")
    _expect_padding(path, stream, size)
    return manifest


def _octal(field: bytes) -> int:
    digits = field.rstrip(b"\0 ")
    return int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else -1


def _pass_on(path: Path, stream: gzip.GzipFile, file: SavedFile, sink: Sink) -> None:
    digest = hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        left = file.size_bytes
        while left:
            chunk = _exactly(stream, min(left, _CHUNK_BYTES))
            digest.update(chunk)
            left -= len(chunk)
            yield chunk

    sink(file, chunks())
    if digest.hexdigest() != file.sha256:
        raise damaged(path, f"{file.path} is not what the manifest says")
    _expect_padding(path, stream, file.size_bytes)


def _expect_padding(path: Path, stream: gzip.GzipFile, size_bytes: int) -> None:
    expected = padding(size_bytes)
    if _exactly(stream, len(expected)) != expected:
        raise damaged(path, "something is hidden between its files")


def _exactly(stream: gzip.GzipFile, size_bytes: int) -> bytes:
    parts = []
    left = size_bytes
    while left:
        part = stream.read(left)
        if not part:
            raise EOFError
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _why(found: bytes, wanted: str) -> str:
    """What stands where the header of `wanted` should, as far as it can be said."""
    kind = _KINDS.get(found[156:157])
    if kind:
        return f"{kind} stands in it, which no backup holds"
    if _octal(found[100:108]) & 0o7000:
        return f"{wanted} has rights that no backup gives"
    return f"{wanted} should follow, and something else does"


class _Hashing(io.RawIOBase):
    """Reads on, and keeps the sum of all that was read."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        part = self._raw.read(size)
        self._digest.update(part)
        return part

    def sha256(self) -> str:
        """Of the whole file; what nobody read yet is read now."""
        while self.read(_CHUNK_BYTES):
            pass
        return self._digest.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file at `path`, if it is one: a pipe is refused, not waited for."""
    with reporting("read", path):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFound("backup", str(path), hint="capsule backup") from error
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise StoreError(f"cannot read {path}: it is not a file")
            yield file


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Turn what gzip says of a damaged file into a ConfigurationError."""
    try:
        yield
    except EOFError as error:
        raise damaged(path, "it ends too early") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise damaged(path, "it is not a gzip file, or a damaged one") from error
