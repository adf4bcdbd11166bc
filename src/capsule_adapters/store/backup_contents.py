"""What of a home belongs in a backup, as it is now."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from capsule_adapters.store.backup_archive import header
from capsule_adapters.store.backup_state import copy_state
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import read_limited
from capsule_domain.models.backup import (
    KEPT_FILES,
    KEPT_FOLDERS,
    MAX_FILE_BYTES,
    NEVER_KEPT,
    RECORDS,
    SECRET_FILES,
    SECRET_FOLDERS,
    STATE_FILE,
    SavedFile,
    SavedPath,
    Skipped,
    is_secret,
)

_CHUNK_BYTES = 256 * 1024
_STAGES = (".capsule-stage-", ".stage-")
_TEXT_SUFFIXES = (".yml", ".yaml", ".toml", ".nix")
_TEXT_LIMIT_BYTES = 64 * 1024
_UNSHOWN = frozenset({"monitoring.yml"})
"""May hold addresses of channels, which are secrets of a kind."""

_PATH: TypeAdapter[str] = TypeAdapter(SavedPath)


@dataclass(frozen=True)
class Held:
    """A file of the home with its content: in memory, or for the state in a copy."""

    file: SavedFile
    content: bytes | Path

    def chunks(self) -> Iterator[bytes]:
        if isinstance(self.content, bytes):
            yield self.content
            return
        with reporting("read", self.content), self.content.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk


@dataclass(frozen=True)
class Contents:
    """Everything that a backup takes along, by path, and what it cannot."""

    held: tuple[Held, ...]
    skipped: tuple[Skipped, ...]

    @property
    def files(self) -> tuple[SavedFile, ...]:
        return tuple(held.file for held in self.held)

    def texts(self) -> dict[str, str]:
        """The small texts among them that may be shown."""
        pairs = ((held.file, held.content) for held in self.held)
        found = {f.path: shown_text(f, c) for f, c in pairs if isinstance(c, bytes)}
        return {path: text for path, text in found.items() if text is not None}


def shown_text(file: SavedFile, content: bytes) -> str | None:
    """What the file says, when it is a small text without secrets; else None."""
    if is_secret(file.path) or file.path in _UNSHOWN or len(content) > _TEXT_LIMIT_BYTES:
        return None
    if not file.path.endswith(_TEXT_SUFFIXES):
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def contents(home: Path, workroom: Path, *, with_secrets: bool) -> Contents:
    """What a backup of `home` holds now. The state is copied into the folder `workroom`.

    Raises StoreError for what is there and cannot be read.
    """
    held: list[Held] = []
    skipped: list[Skipped] = []
    for path in _candidates(home, skipped, with_secrets=with_secrets):
        why = _unfit(path)
        content = None if why else _content(home / path)
        if why or content is None:
            skipped.append(Skipped(path=_printable(path), why=why or "it is larger than 64 MiB"))
        else:
            held.append(_held(home, path, content))
    if (home / STATE_FILE).is_file():
        held.append(_state(home, workroom))
    return Contents(tuple(sorted(held, key=lambda one: one.file.path)), tuple(skipped))


def _candidates(home: Path, skipped: list[Skipped], *, with_secrets: bool) -> Iterator[str]:
    files = (KEPT_FILES | (SECRET_FILES if with_secrets else set())) - {STATE_FILE}
    folders = KEPT_FOLDERS | (SECRET_FOLDERS if with_secrets else set())
    with reporting("read", home):
        for name in sorted(files):
            if (home / name).exists():  # a link to a file is a person's own arrangement
                yield name
        for name in sorted(folders):
            yield from _below(home, name, skipped)


def _below(home: Path, folder: str, skipped: list[Skipped]) -> Iterator[str]:
    """The files below a folder. Links are not followed; what Capsule left lying is no part."""
    place = home / folder
    if place.is_symlink():
        skipped.append(Skipped(path=_printable(folder), why="it is a symbolic link"))
        return
    try:
        entries = sorted(os.scandir(place), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if path in RECORDS or _left_lying(path, entry.name):
            continue
        if entry.name in NEVER_KEPT:
            skipped.append(Skipped(path=_printable(path), why="a repository is not taken along"))
        elif entry.is_symlink():
            skipped.append(Skipped(path=_printable(path), why="it is a symbolic link"))
        elif entry.is_dir():
            yield from _below(home, path, skipped)
        elif entry.is_file():
            yield path
        else:
            skipped.append(Skipped(path=_printable(path), why="it is not a file"))


def _left_lying(path: str, name: str) -> bool:
    """Locks, and what is in the making or was interrupted."""
    if name.startswith("."):
        return name.endswith((".tmp", ".lock")) or name.startswith((*_STAGES, ".lock"))
    return path.startswith("ssh/") and name.endswith(".lock")


def _unfit(path: str) -> str | None:
    try:
        header(_PATH.validate_python(path), 0, 0, 0)
    except ValidationError as error:
        return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    except ValueError as error:
        return str(error)
    return None


def _content(file: Path) -> bytes | None:
    content = read_limited(file, MAX_FILE_BYTES)
    return content if content is None or len(content) <= MAX_FILE_BYTES else None


def _held(home: Path, path: str, content: bytes) -> Held:
    with reporting("read", home / path):
        rights = stat.S_IMODE((home / path).stat().st_mode)
    mode = 0o600 if is_secret(path) else (rights & 0o755) | 0o600
    return Held(_saved(path, len(content), [content], mode), content)


def _state(home: Path, workroom: Path) -> Held:
    copy = workroom / STATE_FILE
    copy_state(home / STATE_FILE, copy)
    with reporting("read", copy):
        size = copy.stat().st_size
    held = Held(_saved(STATE_FILE, size, (), 0o600), copy)
    return Held(_saved(STATE_FILE, size, held.chunks(), 0o600), copy)


def _saved(path: str, size_bytes: int, chunks: Iterable[bytes], mode: int) -> SavedFile:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return SavedFile(path=path, size_bytes=size_bytes, sha256=digest.hexdigest(), mode=mode)


def _printable(path: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in path)
