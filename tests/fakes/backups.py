"""Backups in memory."""

from datetime import UTC, datetime
from hashlib import sha256

from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.backup import Archive, Manifest, SavedFile, Snapshot, is_secret

STATE = "state.db"


class FakeBackups:
    """Archives of a home that is one Snapshot. `full_disk` makes every saving fail.

    `home` is what there is, secrets included; tests may replace it.
    """

    def __init__(self, home: Snapshot | None = None) -> None:
        self.home = home or Snapshot()
        self.archives: dict[str, Archive] = {}
        self.full_disk = False

    def put(self, path: str, text: str) -> None:
        """Write a file of the home."""
        file = SavedFile(
            path=path,
            size_bytes=len(text.encode()),
            sha256=sha256(text.encode()).hexdigest(),
            mode=0o600,
        )
        others = [one for one in self.home.files if one.path != path]
        files = tuple(sorted([*others, file], key=lambda one: one.path))
        texts = self.home.texts if is_secret(path) else {**self.home.texts, path: text}
        self.home = self.home.model_copy(update={"files": files, "texts": texts})

    def know(self, identity: str, name: str) -> None:
        """Take a living xNode into the inventory."""
        xnodes = {**self.home.xnodes, identity: name}
        self.put(STATE, "\n".join(sorted(xnodes)))
        texts = {path: text for path, text in self.home.texts.items() if path != STATE}
        self.home = self.home.model_copy(update={"xnodes": xnodes, "texts": texts})

    def save(self, *, note: str, file: str | None = None, with_secrets: bool = False) -> str:
        if self.full_disk:
            raise StoreError("cannot write /home/backups: the disk is full", hint="df -h /home")
        number = len(self.archives)
        path = file or f"/home/backups/2026-11-23T12-00-{number:02}Z.tar.gz"
        if path in self.archives:
            raise Conflict(f"{path} is there already")
        snapshot = self.here(with_secrets=with_secrets)
        manifest = Manifest(
            capsule="0",
            created_at=datetime(2026, 11, 23, 12, 0, number, tzinfo=UTC),
            note=note,
            secrets=with_secrets,
            files=snapshot.files,
        )
        self.archives[path] = Archive(
            path=path, sha256=f"{number:064}", manifest=manifest, snapshot=snapshot
        )
        return path

    def newest(self) -> str:
        if not self.archives:
            raise NotFound("backup", "/home/backups", hint="capsule backup")
        return list(self.archives)[-1]

    def here(self, *, with_secrets: bool) -> Snapshot:
        kept = [f for f in self.home.files if with_secrets or not is_secret(f.path)]
        return self.home.model_copy(update={"files": tuple(kept)})

    def look(self, file: str) -> Archive:
        if file not in self.archives:
            raise NotFound("backup", file, known=self.archives)
        return self.archives[file]

    def restore(self, archive: Archive, *, keep_state: bool) -> str:
        if self.look(archive.path).sha256 != archive.sha256:
            raise Conflict(f"{archive.path} was changed meanwhile")
        before = self.save(
            note=f"before restoring {archive.path}", with_secrets=archive.manifest.secrets
        )
        new = {f.path: f for f in archive.snapshot.files}
        old = {f.path: f for f in self.home.files}
        if keep_state or STATE not in new:
            new.pop(STATE, None)
            new |= {path: f for path, f in old.items() if path == STATE}
        if not archive.manifest.secrets:
            new |= {path: f for path, f in old.items() if is_secret(path)}
        self.home = _rebuilt(self.home, archive.snapshot, new, keep_state=keep_state)
        return before


def _rebuilt(
    home: Snapshot, wanted: Snapshot, files: dict[str, SavedFile], *, keep_state: bool
) -> Snapshot:
    state = home if keep_state or STATE not in {f.path for f in wanted.files} else wanted
    return Snapshot(
        files=tuple(sorted(files.values(), key=lambda file: file.path)),
        texts=wanted.texts,
        xnodes=state.xnodes,
        unfinished=state.unfinished,
    )
