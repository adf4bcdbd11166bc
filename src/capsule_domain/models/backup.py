"""Backups: what an archive holds, and what restoring it would change."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from capsule_domain.models.base import Model, Moment

FORMAT_VERSION: Final = 1
STATE_FILE = "state.db"
KEPT_FILES = frozenset({"config.yml", "openmesh.yml", "monitoring.yml", "known_hosts", STATE_FILE})
KEPT_FOLDERS = frozenset({"configs", "presets", "nixos", "environment"})
SECRET_FILES = frozenset({"providers.yml", "channels.yml"})
SECRET_FOLDERS = frozenset({"ssh"})
NEVER_KEPT = frozenset({".git"})
"""Names that no path in a backup has: a repository brings programs that run by themselves."""

RECORDS = frozenset({"environment/generations.json"})
"""What was installed on this machine: true of no other, and of no other time."""

MAX_FILE_BYTES = 64 * 1024**2
"""Of one file but the state's."""
MAX_TOTAL_BYTES = 2 * 1024**3
MAX_FILES = 50_000
_MAX_PATH_BYTES = 250
_SHA256 = r"^[0-9a-f]{64}$"


def _saved_path(path: str) -> str:
    """A relative path of what a backup may hold, that leads nowhere else on any system."""
    parts = path.split("/")
    if len(path.encode("utf-8", "surrogatepass")) > _MAX_PATH_BYTES:
        raise ValueError(f"a path is longer than {_MAX_PATH_BYTES} bytes")
    if not path.isprintable() or "\\" in path or any("\ud800" <= c <= "\udfff" for c in path):
        raise ValueError("a path holds characters that no backup writes")
    if any(part in ("", ".", "..") for part in parts) or NEVER_KEPT.intersection(parts):
        raise ValueError("a path leads out of the home, or where no backup writes")
    known = KEPT_FOLDERS | SECRET_FOLDERS if len(parts) > 1 else KEPT_FILES | SECRET_FILES
    if parts[0] not in known or path in RECORDS:
        raise ValueError("a path is of something that is no part of a backup")
    return path


SavedPath = Annotated[str, AfterValidator(_saved_path)]
"""A path relative to the home, with slashes, of something that belongs in a backup."""


def is_secret(path: str) -> bool:
    """Whether a backup leaves `path` out unless it is asked to keep secrets."""
    first, *rest = path.split("/")
    return first in (SECRET_FOLDERS if rest else SECRET_FILES)


class SavedFile(Model):
    """One file: where, how long, what it holds, and its permissions (owner's first)."""

    path: SavedPath
    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=_SHA256)
    mode: int = Field(ge=0o400, le=0o755)


class Skipped(Model):
    """Something of the home that a backup could not take along, and why."""

    path: str
    why: str


class Manifest(Model):
    """manifest.json: what the archive holds, in its order, and where it comes from."""

    version: Literal[1] = FORMAT_VERSION
    capsule: str = Field(max_length=60)
    created_at: Moment
    note: str = Field(default="", max_length=200)
    secrets: bool = False
    """Whether credentials and private keys are among the files."""
    files: tuple[SavedFile, ...] = Field(default=(), max_length=MAX_FILES)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        paths = [file.path for file in self.files]
        if len(set(paths)) != len(paths):
            raise ValueError("two files have the same path")
        if _folders_of(paths) & set(paths):
            raise ValueError("a path is a file and a folder")
        if not self.secrets and any(is_secret(path) for path in paths):
            raise ValueError("secrets are in it, and it says that none are")
        if any(f.size_bytes > MAX_FILE_BYTES for f in self.files if f.path != STATE_FILE):
            raise ValueError(f"a file is larger than {MAX_FILE_BYTES // 1024**2} MiB")
        if any(file.mode & 0o022 for file in self.files):
            raise ValueError("a file could be written by others")
        if self.size_bytes > MAX_TOTAL_BYTES:
            raise ValueError(f"together larger than {MAX_TOTAL_BYTES // 1024**3} GiB")
        return self

    @property
    def size_bytes(self) -> int:
        """Of all files together, unpacked."""
        return sum(file.size_bytes for file in self.files)


def _folders_of(paths: Iterable[str]) -> set[str]:
    return {str(parent) for path in paths for parent in PurePosixPath(path).parents}


class Snapshot(Model):
    """The state in an archive, or in the home as it is now, fit to be compared.

    `texts`: what small text files hold, by path, never a secret one. `xnodes` and
    `unfinished`: the names of living xNodes and of unfinished deployments, by id.
    """

    files: tuple[SavedFile, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    texts: dict[str, str] = Field(default_factory=dict)
    xnodes: dict[str, str] = Field(default_factory=dict)
    unfinished: dict[str, str] = Field(default_factory=dict)


class Archive(Model):
    """An archive that was read whole, and whose every hash is right.

    `sha256` is of the archive's own file.
    """

    path: str
    sha256: str
    manifest: Manifest
    snapshot: Snapshot


class Backup(Model):
    """A backup that was made, and read back."""

    path: str
    sha256: str
    created_at: Moment
    capsule: str
    note: str
    secrets: bool
    files: int
    size_bytes: int
    skipped: tuple[Skipped, ...] = ()


class Change(StrEnum):
    """What restoring does to a file of the home."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"


class FileDifference(Model):
    """A file that restoring changes; `diff` is a unified one where the file is a small text."""

    path: str
    change: Change
    diff: str = ""


class Restoration(Model):
    """What restoring an archive does, before or after it is done.

    `forgotten`: the living xNodes and unfinished deployments that only today's state
    knows. `keep_state`: today's state stays, and nothing is forgotten. `saved_as` is the
    backup of what was there before, once it is done.
    """

    path: str
    sha256: str
    created_at: Moment
    capsule: str
    note: str
    secrets: bool
    keep_state: bool
    changes: tuple[FileDifference, ...]
    forgotten: tuple[str, ...]
    saved_as: str | None = None
