"""The archive's own form, written: a gzipped tar of a manifest and what the manifest names."""

import gzip
from collections.abc import Iterable
from typing import BinaryIO, Final

from capsule_domain.models.backup import Manifest

MANIFEST_NAME: Final = "manifest.json"
BLOCK_BYTES: Final = 512
END: Final = bytes(2 * BLOCK_BYTES)


def header(path: str, size_bytes: int, mode: int, seconds: int) -> bytes:
    """The one header (ustar) that a file of an archive has. ValueError for a path too long."""
    prefix, name = _split(path.encode())
    block = bytearray(BLOCK_BYTES)
    fields = [
        (0, name),
        (100, b"%07o" % mode),
        (108, b"%07o" % 0),
        (116, b"%07o" % 0),
        (124, b"%011o" % size_bytes),
        (136, b"%011o" % seconds),
        (148, b" " * 8),
        (156, b"0"),
        (257, b"ustar\x0000"),
        (345, prefix),
    ]
    for start, value in fields:
        block[start : start + len(value)] = value
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _split(path: bytes) -> tuple[bytes, bytes]:
    """The path as the prefix and the name that a header has room for."""
    if len(path) <= 100:
        return b"", path
    for at in range(min(155, len(path) - 1), 0, -1):
        if path[at : at + 1] == b"/" and len(path) - at - 1 <= 100:
            return path[:at], path[at + 1 :]
    raise ValueError("the path is too long for an archive")


def write_archive(
    stream: BinaryIO, manifest: Manifest, contents: Iterable[Iterable[bytes]]
) -> None:
    """Write `manifest` and the `contents` of its files, in its order. The same gives the same."""
    seconds = int(manifest.created_at.timestamp())
    told = manifest.model_dump_json(indent=1).encode()
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=6) as out:
        out.write(header(MANIFEST_NAME, len(told), 0o600, seconds) + told + padding(len(told)))
        for file, content in zip(manifest.files, contents, strict=True):
            out.write(header(file.path, file.size_bytes, file.mode, seconds))
            for chunk in content:
                out.write(chunk)
            out.write(padding(file.size_bytes))
        out.write(END)


def padding(size_bytes: int) -> bytes:
    """What fills up the last block of a file."""
    return bytes(-size_bytes % BLOCK_BYTES)
