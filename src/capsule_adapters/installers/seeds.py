"""What this machine gives along when a profile is planted elsewhere."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_domain.errors import ConfigurationError, StoreError
from capsule_domain.models.planting import PlantFile, Wheel
from capsule_domain.models.profile import Environment

LIMIT_BYTES = 4 * 1024 * 1024
LOCK = "flake.lock"
STACK_FILES = ("README.md", "module.nix", "preset.toml")


@dataclass(frozen=True)
class HomeSeeds:
    """Implements the `Seeds` port over the person's own Capsule home."""

    home: Path

    def own_files(self, environment: Environment) -> Sequence[PlantFile]:
        """The profile's file with those of the profiles it extends, and its own stacks' folders."""
        files = list(self._profiles(environment))
        for entry in environment.stacks:
            folder = self.home / "presets" / "stacks" / entry.stack.name
            if folder.is_dir():
                files += self._stack(folder)
        return sorted(files, key=lambda file: file.path)

    def lock(self, profile: str) -> PlantFile | None:
        """`environment/<profile>/flake.lock`, as `setup` keeps it."""
        return self._read(self.home / "environment" / profile / LOCK)

    def wheel(self) -> Wheel:
        """Made anew, and kept in `<home>/installers`."""
        from capsule_adapters.installers.wheel import wheel

        name, version, content = wheel()
        path = self.home / "installers" / name
        make_private_folder(path.parent)
        write_atomically(path, content, mode=0o600)
        sha256 = hashlib.sha256(content).hexdigest()
        return Wheel(path=str(path), version=version, sha256=sha256, size_bytes=len(content))

    def _profiles(self, environment: Environment) -> Iterator[PlantFile]:
        """The profile's file, and those that it extends as far as they are the person's."""
        seen: set[str] = set()
        name: str | None = environment.profile.name
        while name is not None and name not in seen:
            seen.add(name)
            file = self._read(self.home / "configs" / f"{name}.yml")
            if file is None:
                return
            yield file
            name = _extended(file.text)

    def _stack(self, folder: Path) -> Iterator[PlantFile]:
        for name in STACK_FILES:
            file = self._read(folder / name)
            if file is not None:
                yield file

    def _read(self, path: Path) -> PlantFile | None:
        content = read_limited(path, LIMIT_BYTES)
        if content is None:
            return None
        if len(content) > LIMIT_BYTES:
            raise StoreError(f"{path} is too large to be sent", hint=f"ls -l {path}")
        try:
            text = content.decode()
            return PlantFile(path=path.relative_to(self.home).as_posix(), text=text)
        except (UnicodeDecodeError, ValidationError) as error:
            raise ConfigurationError(
                "only text files with plain names can be sent to another machine", file=str(path)
            ) from error


def _extended(text: str) -> str | None:
    """What a profile's file says that it extends."""
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    name = found.get("extends") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None
