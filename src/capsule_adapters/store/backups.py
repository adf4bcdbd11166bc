"""Archives of a home on disk."""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from pydantic import ValidationError

from capsule_adapters.store.backup_archive import write_archive
from capsule_adapters.store.backup_contents import Contents, contents, shown_text
from capsule_adapters.store.backup_reading import read_archive
from capsule_adapters.store.backup_state import known_in
from capsule_adapters.store.backup_swap import new_stage, refuse_links, swap, undo_leftover
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import PRIVATE_FILE, make_private_folder, sync_folder
from capsule_adapters.store.lock import FileLock
from capsule_adapters.store.workroom import LEFTOVERS, new_file, workroom, write_new
from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.backup import STATE_FILE, Archive, Manifest, SavedFile, Snapshot
from capsule_domain.ports.clock import Clock

_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)(?:-(\d{1,6}))?\.tar\.gz")


@dataclass(frozen=True)
class ArchiveFolder:
    """Implements the `Backups` port. `capsule` is this Capsule's version, for the manifest.

    `move` puts a file into its place when one is restored.
    """

    home: Path
    clock: Clock
    capsule: str
    move: Callable[[Path, Path], object] = os.replace

    def save(self, *, note: str, file: str | None = None, with_secrets: bool = False) -> str:
        """Write an archive under the home's lock; it is complete and on the disk after."""
        with FileLock(self.home / ".lock"):
            undo_leftover(self.home)
            return self._save(note, file, with_secrets=with_secrets)[0]

    def newest(self) -> str:
        """The newest of the archives that Capsule named itself."""
        folder = self.home / "backups"
        with reporting("read", folder):
            try:
                names = [_NAME.fullmatch(entry.name) for entry in folder.iterdir()]
            except FileNotFoundError:
                names = []
        newest = max((n for n in names if n), key=lambda n: (n[1], int(n[2] or 1)), default=None)
        if newest is None:
            raise NotFound("backup", str(folder), hint="capsule backup")
        return str(folder / newest[0])

    def here(self, *, with_secrets: bool) -> Snapshot:
        """The home as an archive of now would hold it; nothing is written into it."""
        with workroom() as room:
            found = contents(self.home, room, with_secrets=with_secrets)
            xnodes, unfinished = _known(room / STATE_FILE, str(self.home))
        return Snapshot(
            files=found.files,
            skipped=found.skipped,
            texts=found.texts(),
            xnodes=xnodes,
            unfinished=unfinished,
        )

    def look(self, file: str) -> Archive:
        """Read an archive whole; its state is unpacked into a temporary folder and looked at."""
        path = _named(file)
        texts: dict[str, str] = {}
        with workroom() as room:

            def sink(saved: SavedFile, chunks: Iterator[bytes]) -> None:
                if saved.path == STATE_FILE:
                    write_new(room / STATE_FILE, chunks, PRIVATE_FILE)
                elif (text := shown_text(saved, b"".join(chunks))) is not None:
                    texts[saved.path] = text

            manifest, sha256 = read_archive(path, sink)
            xnodes, unfinished = _known(room / STATE_FILE, str(path))
        snapshot = Snapshot(files=manifest.files, texts=texts, xnodes=xnodes, unfinished=unfinished)
        return Archive(path=str(path), sha256=sha256, manifest=manifest, snapshot=snapshot)

    def restore(self, archive: Archive, *, keep_state: bool) -> str:
        """Unpack into a stage inside the home, back up what is there, then swap."""
        # Who pins a host key locks that file alone.
        with FileLock(self.home / ".lock"), FileLock(self.home / "known_hosts.lock"):
            undo_leftover(self.home)
            stage = new_stage(self.home)
            try:
                self._fill(stage, archive)
                note = f"before restoring {Path(archive.path).name}"[:200]
                saved_as, now = self._save(note, None, with_secrets=archive.manifest.secrets)
                new, gone = _moves(self.home, archive.manifest.files, now.files)
            except BaseException:
                shutil.rmtree(stage, ignore_errors=True)
                raise
            swap(
                self.home,
                [path for path in new if path != STATE_FILE],
                [path for path in gone if path != STATE_FILE],
                state=STATE_FILE in new and not keep_state,
                move=self.move,
            )
        return saved_as

    def _fill(self, stage: Path, archive: Archive) -> None:
        def sink(saved: SavedFile, chunks: Iterator[bytes]) -> None:
            if saved.path == STATE_FILE:
                write_new(stage / STATE_FILE, chunks, PRIVATE_FILE)
            else:
                write_new(stage / "new" / saved.path, chunks, saved.mode)

        _, sha256 = read_archive(Path(archive.path), sink)
        if sha256 != archive.sha256:
            raise Conflict(
                f"{archive.path} was changed since it was looked at",
                hint="look again: capsule restore --dry-run",
            )
        _known(stage / STATE_FILE, archive.path)

    def _save(self, note: str, file: str | None, *, with_secrets: bool) -> tuple[str, Contents]:
        target = self._default() if file is None else _named(file)
        with workroom(target.parent) as room:
            found = contents(self.home, room, with_secrets=with_secrets)
            manifest = self._manifest(note, found, with_secrets=with_secrets)
            packed = room / "packed"
            with reporting("write", target), new_file(packed) as stream:
                write_archive(stream, manifest, (held.chunks() for held in found.held))
            if os.path.lexists(target):
                raise Conflict(f"{target} is there already", hint="name another file")
            with reporting("write", target):
                packed.replace(target)
                sync_folder(target.parent)
        return str(target), found

    def _default(self) -> Path:
        folder = self.home / "backups"
        make_private_folder(folder)
        for leftover in folder.glob(LEFTOVERS):  # the lock is ours: nobody is in there
            shutil.rmtree(leftover, ignore_errors=True)
        name = f"{self.clock.now():%Y-%m-%dT%H-%M-%SZ}"
        target, number = folder / f"{name}.tar.gz", 1
        while os.path.lexists(target):
            number += 1
            target = folder / f"{name}-{number}.tar.gz"
        return target

    def _manifest(self, note: str, found: Contents, *, with_secrets: bool) -> Manifest:
        try:
            return Manifest(
                capsule=self.capsule,
                created_at=self.clock.now().replace(microsecond=0),
                note=note,
                secrets=with_secrets,
                files=found.files,
            )
        except ValidationError as error:
            why = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
            raise StoreError(
                f"cannot back up {self.home}: {why}",
                hint=f"du -ah {quote(str(self.home))} | sort -h | tail",
            ) from error


def _named(file: str) -> Path:
    try:
        return Path(file).expanduser().absolute()
    except (RuntimeError, ValueError) as error:
        raise NotFound("backup", file) from error


def _known(copy: Path, owner: str) -> tuple[dict[str, str], dict[str, str]]:
    """Who is known in a copy of the state; nobody where there is none."""
    if not copy.exists():
        return {}, {}
    try:
        return known_in(copy)
    except StoreError as error:
        told = error.message.replace(str(copy), f"the state in {owner}")
        raise StoreError(told, hint="capsule update, or take another backup") from error


def _moves(
    home: Path, wanted: Sequence[SavedFile], now: Sequence[SavedFile]
) -> tuple[list[str], list[str]]:
    """What has to be put into its place, and what has to go. Raises Conflict."""
    there = {file.path: file for file in now}
    new = [file.path for file in wanted if there.get(file.path) != file]
    names = {file.path for file in wanted}
    gone = [path for path in there if path not in names and path != STATE_FILE]
    refuse_links(home, [*new, *gone])
    for path in new:
        if path not in there and os.path.lexists(home / path):
            raise Conflict(
                f"{home / path} is there, and no backup could keep it",
                hint="move it away, then restore again",
            )
    return new, gone
