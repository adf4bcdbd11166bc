"""Folders of generated configurations, in memory."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath, PurePosixPath

from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.nixos import RenderedFile

_HOME = PurePosixPath("/home/person/.capsule")


class FakeConfigurations:
    """Configurations without a disk.

    `texts` is every file there is, by its absolute path; a test edits it to play the
    person. `full_disk` makes every writing fail, and nothing is changed then.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.full_disk = False
        self._written: dict[str, dict[str, str]] = {}
        self._state_versions: dict[str, dict[str, str]] = {}

    def folder(self, hostname: str, output: str | None = None) -> PurePath:
        return PurePosixPath(output) if output else _HOME / "nixos" / hostname

    def fleet_folder(self, output: str | None = None) -> PurePath:
        return self.folder("_fleet", output)

    def state_versions(self, folder: PurePath) -> Mapping[str, str]:
        return self._state_versions.get(str(folder), {})

    def write(
        self,
        folder: PurePath,
        files: Sequence[RenderedFile],
        *,
        state_versions: Mapping[str, str],
        force: bool,
    ) -> Sequence[str]:
        if self.full_disk:
            raise StoreError(f"{folder}: no space left on device", hint="free some space")
        ours = self._written.get(str(folder), {})
        files = [file for file in files if not self._yields(folder, file, ours)]
        edited = [file.path for file in files if self._is_a_persons(folder, file, ours)]
        if edited and not force:
            raise Conflict(f"{', '.join(edited)}: edited by hand", hint="--force replaces them")
        for file in files:
            self.texts[str(folder / file.path)] = file.text
        self._written[str(folder)] = ours | {file.path: file.text for file in files}
        first = self._state_versions.get(str(folder), {})
        self._state_versions[str(folder)] = {**state_versions, **first}
        return [file.path for file in files]

    def generated(self) -> Sequence[PurePath]:
        start = str(_HOME / "nixos")
        return sorted(PurePosixPath(one) for one in self._written if one.startswith(start))

    def edited(self, folder: PurePath) -> Sequence[str]:
        ours = self._written.get(str(folder), {})
        texts = {path: self.texts.get(str(folder / path)) for path in ours}
        return sorted(path for path, text in texts.items() if text not in (None, ours[path]))

    def is_locked(self, folder: PurePath) -> bool:
        return str(folder / "flake.lock") in self.texts

    def nix_files(self, path: str) -> Sequence[PurePath]:
        if path in self.texts:
            return [PurePosixPath(path)]
        below = [name for name in self.texts if name.startswith(f"{path.rstrip('/')}/")]
        if not below:
            raise NotFound("configuration", path, hint="capsule nixos generate")
        return [PurePosixPath(name) for name in sorted(below) if name.endswith(".nix")]

    def text(self, file: str) -> str:
        if file not in self.texts:
            raise NotFound("file", file)
        return self.texts[file]

    def _yields(self, folder: PurePath, file: RenderedFile, ours: dict[str, str]) -> bool:
        there = self.texts.get(str(folder / file.path))
        if file.placeholder and file.only_over is not None and there is not None:
            return there not in (file.text, *file.only_over)
        return file.placeholder and self._is_a_persons(folder, file, ours)

    def _is_a_persons(self, folder: PurePath, file: RenderedFile, ours: dict[str, str]) -> bool:
        there = self.texts.get(str(folder / file.path))
        return there is not None and there not in (ours.get(file.path), file.text)
