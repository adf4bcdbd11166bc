"""Backing up the home, and restoring it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from capsule_domain.errors import Conflict, UnsafePlan
from capsule_domain.models.backup import (
    STATE_FILE,
    Archive,
    Backup,
    Change,
    FileDifference,
    Restoration,
    SavedFile,
    Snapshot,
    is_secret,
)
from capsule_domain.ports.backups import Backups

_NAMES_SHOWN = 5


@dataclass(frozen=True)
class BackUp:
    """Makes a backup, and reads it back before it says so."""

    backups: Backups

    def run(self, file: str | None = None, *, note: str = "", with_secrets: bool = False) -> Backup:
        """Save the home.

        Raises Conflict when `file` is there, StoreError, and ConfigurationError when what
        was written does not read back.
        """
        path = self.backups.save(note=note, file=file, with_secrets=with_secrets)
        archive = self.backups.look(path)
        manifest = archive.manifest
        return Backup(
            path=path,
            sha256=archive.sha256,
            created_at=manifest.created_at,
            capsule=manifest.capsule,
            note=manifest.note,
            secrets=manifest.secrets,
            files=len(manifest.files),
            size_bytes=manifest.size_bytes,
            skipped=self.backups.here(with_secrets=with_secrets).skipped,
        )

    def rehearse(self, *, with_secrets: bool = False) -> Snapshot:
        """What a backup of now would hold; nothing is written."""
        return self.backups.here(with_secrets=with_secrets)


@dataclass(frozen=True)
class Restore:
    """Brings a home back, after it said what that changes."""

    backups: Backups

    def plan(self, file: str | None = None, *, keep_state: bool = False) -> "PlannedRestore":
        """Verify the archive at `file`, or the newest, and compare it with the home.

        Raises NotFound, ConfigurationError for one that is damaged or was tampered with,
        StoreError for one of a newer Capsule.
        """
        archive = self.backups.look(self.backups.newest() if file is None else file)
        here = self.backups.here(with_secrets=archive.manifest.secrets)
        manifest = archive.manifest
        changes = tuple(differences(here, archive.snapshot, keep_state=keep_state))
        touched = any(change.path == STATE_FILE for change in changes)
        told = Restoration(
            path=archive.path,
            sha256=archive.sha256,
            created_at=manifest.created_at,
            capsule=manifest.capsule,
            note=manifest.note,
            secrets=manifest.secrets,
            keep_state=keep_state,
            changes=changes,
            forgotten=tuple(_forgotten(here, archive.snapshot)) if touched else (),
        )
        return PlannedRestore(archive, told)

    def run(self, planned: "PlannedRestore", *, force: bool = False) -> Restoration:
        """Carry out exactly that plan; the home is backed up first.

        Raises UnsafePlan when living xNodes would be forgotten, unless `force`;
        Conflict when the archive changed meanwhile; StoreError: nothing is changed then.
        """
        told = planned.told
        if told.forgotten and not force:
            raise UnsafePlan(
                f"this would forget what may be billed: {_some(told.forgotten)}",
                hint="--keep-inventory leaves state.db as it is; --force restores it all the same",
            )
        saved_as = self.backups.restore(planned.archive, keep_state=told.keep_state)
        self._look_again(planned)
        return told.model_copy(update={"saved_as": saved_as})

    def _look_again(self, planned: "PlannedRestore") -> None:
        """Truth is asked. (A database is the same when it knows the same, in whatever bytes.)"""
        wanted = planned.archive.snapshot
        here = self.backups.here(with_secrets=planned.told.secrets)
        left = [change.path for change in differences(here, wanted, keep_state=True)]
        if any(change.path == STATE_FILE for change in planned.told.changes) and (
            (here.xnodes, here.unfinished) != (wanted.xnodes, wanted.unfinished)
        ):
            left.append(STATE_FILE)
        if left:
            raise Conflict(
                f"restored, but another program has changed since: {_some(left)}",
                hint="capsule restore --dry-run",
            )


@dataclass(frozen=True)
class PlannedRestore:
    """An archive that was verified, and what restoring it changes."""

    archive: Archive
    told: Restoration


def differences(here: Snapshot, wanted: Snapshot, *, keep_state: bool) -> Iterator[FileDifference]:
    """What makes `here` into `wanted`, by path. State is never removed; secrets are not shown."""
    old, new = _by_path(here.files), _by_path(wanted.files)
    for path in sorted(old.keys() | new.keys()):
        if path == STATE_FILE and (keep_state or path not in new):
            continue
        if path not in old:
            yield FileDifference(path=path, change=Change.NEW, diff=_diff(here, wanted, path))
        elif path not in new:
            yield FileDifference(path=path, change=Change.REMOVED)
        elif old[path] != new[path]:
            yield FileDifference(path=path, change=Change.CHANGED, diff=_diff(here, wanted, path))


def _by_path(files: Sequence[SavedFile]) -> dict[str, SavedFile]:
    return {file.path: file for file in files}


def _diff(here: Snapshot, wanted: Snapshot, path: str) -> str:
    if is_secret(path) or path not in wanted.texts:
        return ""
    before = here.texts.get(path, "").splitlines()
    after = wanted.texts[path].splitlines()
    lines = unified_diff(before, after, f"now/{path}", f"backup/{path}", lineterm="", n=2)
    return "\n".join(_harmless(line) for line in lines)


def _harmless(line: str) -> str:
    """A line of an archive that anyone may have written, without a terminal's commands."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in line)


def _forgotten(here: Snapshot, wanted: Snapshot) -> Iterator[str]:
    for known, then in ((here.xnodes, wanted.xnodes), (here.unfinished, wanted.unfinished)):
        for identity, name in sorted(known.items(), key=lambda item: item[1]):
            if identity not in then:
                yield name


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
