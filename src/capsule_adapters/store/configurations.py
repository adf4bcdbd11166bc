"""Generated configurations in folders, with a manifest of what Capsule wrote there."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from shlex import quote
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import read_limited
from capsule_adapters.store.lock import FileLock
from capsule_adapters.store.staging import recover, replace_together
from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.base import Model
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.ports.configurations import SINGLE

MANIFEST = ".capsule.json"
_FLEET = "_fleet"
"""No host can be called so: an underscore is in no host name."""

_LIMIT_BYTES = 10_000_000


def _inside(path: str) -> str:
    """A relative path that does not lead out of its folder."""
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError("the path leads out of the folder")
    return path


class _Manifest(Model):
    """`.capsule.json`: the SHA-256 of each file as Capsule last wrote it, by its path.

    `state_version` is that of a single host's folder, `hosts` those of a fleet's.
    """

    version: int = Field(default=1, ge=1, le=1)
    state_version: str | None = None
    hosts: dict[str, str] = Field(default_factory=dict)
    files: dict[Annotated[str, AfterValidator(_inside)], str] = Field(default_factory=dict)

    @property
    def state_versions(self) -> dict[str, str]:
        """By host; that of a single host's folder is below ""."""
        single = {} if self.state_version is None else {SINGLE: self.state_version}
        return {**self.hosts, **single}

    def after(self, state_versions: Mapping[str, str], files: dict[str, str]) -> "_Manifest":
        """With these files; the first state versions stay."""
        all_of_them = {**state_versions, **self.state_versions}
        single = all_of_them.pop(SINGLE, None)
        hosts = dict(sorted(all_of_them.items()))
        return _Manifest(state_version=single, hosts=hosts, files=files)


class ConfigurationFolders:
    """`Configurations` over `<home>/nixos/<hostname>`, or a folder that a person names.

    A file is Capsule's own when its content is what the manifest says; any other was
    written or edited by a person. The folder itself may be a symbolic link; links
    inside it are never followed.
    """

    def __init__(self, home: Path) -> None:
        self._home = home

    def folder(self, hostname: str, output: str | None = None) -> Path:
        """Where that host's configuration is or will be: an absolute path."""
        if output is not None:
            return Path(output).absolute()
        if hostname in ("", "..") or PurePath(hostname).name != hostname:
            raise NotFound("host", hostname, hint="capsule nixos generate --hostname NAME")
        return (self._home / "nixos" / hostname).absolute()

    def fleet_folder(self, output: str | None = None) -> Path:
        """Where the configuration of the whole fleet is or will be: an absolute path."""
        return self.folder(_FLEET, output)

    def state_versions(self, folder: PurePath) -> Mapping[str, str]:
        """The `system.stateVersion` that each host there was first generated with."""
        return (_read_manifest(Path(folder)) or _Manifest()).state_versions

    def write(
        self,
        folder: PurePath,
        files: Sequence[RenderedFile],
        *,
        state_versions: Mapping[str, str],
        force: bool,
    ) -> Sequence[str]:
        """Write all of them or none, and note them in the manifest.

        A file that Capsule wrote before below the same folder as one of `files`, and
        that is not among them any more, is removed unless a person edited it. (Files
        at the top stay: a single part of a configuration may be written alone.)
        """
        with FileLock(self._home / ".lock"):
            root = Path(folder).resolve()
            recover(root)
            before = _read_manifest(root) or _Manifest()
            new = {
                _checked(root, file.path): file.text.encode()
                for file in files
                if not _yields(root, file, before)
            }
            edited = [path for path, text in new.items() if _is_a_persons(root, path, text, before)]
            if edited and not force:
                raise Conflict(
                    f"{root}: written or edited by hand: {', '.join(edited)}",
                    hint="--force replaces them",
                )
            stale = _stale(root, new, before)
            kept = {path: sha for path, sha in before.files.items() if path not in stale}
            written = {path: _sha256(content) for path, content in new.items()}
            after = before.after(state_versions, dict(sorted({**kept, **written}.items())))
            manifest = after.model_dump_json(indent=2).encode() + b"\n"
            replace_together(root, {**new, MANIFEST: manifest}, stale)
            return list(new)

    def generated(self) -> Sequence[Path]:
        """The folders under the home that hold a configuration, sorted."""
        start = (self._home / "nixos").absolute()
        with reporting("read", start):
            if not start.is_dir():
                return []
            return sorted(folder for folder in start.iterdir() if (folder / MANIFEST).is_file())

    def edited(self, folder: PurePath) -> Sequence[str]:
        """The files there that Capsule wrote and a person changed since, sorted."""
        root = Path(folder).resolve()
        noted = (_read_manifest(root) or _Manifest()).files
        return sorted(
            path for path, sha in noted.items() if _sha_of(root / path) not in (sha, None)
        )

    def is_locked(self, folder: PurePath) -> bool:
        """Whether the inputs of the flake in that folder are locked."""
        return Path(folder, "flake.lock").is_file()

    def nix_files(self, path: str) -> Sequence[Path]:
        """Every .nix file of a folder, or the one file, sorted; hidden folders are left out."""
        start = Path(path).absolute()
        with reporting("read", start):
            if start.is_file():
                return [start]
            if not start.is_dir():
                raise NotFound("configuration", path, hint="capsule nixos generate")
            return sorted(_nix_files(start))

    def text(self, file: str) -> str:
        """What is in one of its files."""
        content = read_limited(Path(file), _LIMIT_BYTES)
        if content is None:
            raise NotFound("file", file)
        return content.decode(errors="replace")


def _nix_files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            found += _nix_files(entry)
        elif entry.suffix == ".nix" and entry.is_file():
            found.append(entry)
    return found


def _read_manifest(folder: Path) -> _Manifest | None:
    file = folder / MANIFEST
    content = read_limited(file, _LIMIT_BYTES)
    if content is None:
        return None
    try:
        return _Manifest.model_validate_json(content)
    except ValidationError as error:
        shown = quote(str(file))
        raise StoreError(f"{file} is damaged", hint=f"mv {shown} {shown}.orig") from error


def _checked(root: Path, path: str) -> str:
    """`path`, when it stays inside `root` and nothing that no file can replace is there."""
    try:
        parents = _inside(path).split("/")[:-1]
    except ValueError as error:
        raise Conflict(f"{path}: {error}") from error
    place = root
    for part in parents:
        place = place / part
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise Conflict(
                f"{place} is not a folder of its own", hint=f"ls -ld {quote(str(place))}"
            )
    target = root / path
    if target.is_dir() and not target.is_symlink():
        raise Conflict(f"{target} is a folder", hint=f"ls -ld {quote(str(target))}")
    return path


def _is_a_persons(root: Path, path: str, new: bytes, before: _Manifest) -> bool:
    """Whether replacing the file would lose what a person wrote."""
    target = root / path
    if target.is_symlink():
        return True
    there = read_limited(target, _LIMIT_BYTES)
    return there is not None and there != new and _sha256(there) != before.files.get(path)


def _yields(root: Path, file: RenderedFile, before: _Manifest) -> bool:
    """Whether what is there stays in the file's stead."""
    if not file.placeholder:
        return False
    text = file.text.encode()
    there = read_limited(root / file.path, _LIMIT_BYTES)
    if there is not None and file.only_over is not None:
        return there not in (text, *(weaker.encode() for weaker in file.only_over))
    return _is_a_persons(root, file.path, text, before)


def _stale(root: Path, new: dict[str, bytes], before: _Manifest) -> list[str]:
    """What Capsule wrote beside the `new` files in subfolders, and nobody edited since."""
    subfolders = {PurePath(path).parts[0] for path in new if "/" in path}
    return [
        path
        for path, sha in before.files.items()
        if path not in new
        and "/" in path
        and PurePath(path).parts[0] in subfolders
        and not (root / path).is_symlink()
        and _sha_of(root / path) == sha
    ]


def _sha_of(file: Path) -> str | None:
    content = read_limited(file, _LIMIT_BYTES)
    return None if content is None else _sha256(content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
