"""What ships with Capsule as data, and the user's own stacks and sprouts."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.resources.abc import Traversable
from pathlib import Path

from capsule_adapters.presets.root import presets_root
from capsule_adapters.presets.toml import line_of, read_model, read_text
from capsule_domain.errors import ConfigurationError, StoreError
from capsule_domain.models.profile import Profile
from capsule_domain.models.sprout import Sprout
from capsule_domain.models.stack import Stack

_TOML = ".toml"


class BuiltinPresets:
    """Presets from what ships with Capsule, and stacks and sprouts from `<home>/presets/`.

    Files are read on first use and once. `home` None has nothing of the user's own.
    """

    def __init__(self, home: Path | None = None) -> None:
        self._home = home

    def stacks(self) -> Mapping[str, Stack]:
        """Every stack by name, sorted; a user's own overrides a built-in one."""
        return self._stacks

    def profiles(self) -> Mapping[str, Profile]:
        """The built-in profiles by name, sorted."""
        return self._profiles

    def sprouts(self) -> Mapping[str, Sprout]:
        """Every sprout by name, sorted; a user's own overrides a built-in one."""
        return self._sprouts

    @cached_property
    def _stacks(self) -> Mapping[str, Stack]:
        folders = self._folders("stacks")
        found = {stack.name: stack for folder in folders for stack in _stacks_in(folder)}
        return dict(sorted(found.items()))

    @cached_property
    def _sprouts(self) -> Mapping[str, Sprout]:
        folders = self._folders("sprouts")
        found = {sprout.name: sprout for folder in folders for sprout in _sprouts_in(folder)}
        return dict(sorted(found.items()))

    @cached_property
    def _profiles(self) -> Mapping[str, Profile]:
        profiles = {}
        for file in _toml_files(presets_root() / "profiles"):
            profile = read_model(Profile, file, builtin=True)
            _named_as(file, profile.name, file.name.removesuffix(_TOML))
            profiles[profile.name] = profile
        return dict(sorted(profiles.items()))

    def _folders(self, kind: str) -> list[Traversable]:
        """Where presets of a kind are, the user's own last."""
        own = [] if self._home is None else [self._home / "presets" / kind]
        return [presets_root() / kind, *own]


def _stacks_in(folder: Traversable) -> Iterator[Stack]:
    for entry in _entries(folder):
        if entry.is_dir():
            yield _stack(entry)


def _stack(folder: Traversable) -> Stack:
    preset = folder / "preset.toml"
    if not preset.is_file():
        raise ConfigurationError(
            "a stack's folder has a preset.toml",
            file=str(folder),
            hint="copy the preset.toml of a built-in stack and change it",
        )
    stack = read_model(Stack, preset, module=_text_of(folder / "module.nix"))
    _named_as(preset, stack.name, folder.name)
    return stack


def _sprouts_in(folder: Traversable) -> Iterator[Sprout]:
    """Each `<name>.toml`, with the module of `<name>.nix` where there is one."""
    for file in _toml_files(folder):
        name = file.name.removesuffix(_TOML)
        sprout = read_model(Sprout, file, module=_text_of(folder / f"{name}.nix"))
        _named_as(file, sprout.name, name)
        yield sprout


def _text_of(file: Traversable) -> str | None:
    return read_text(file) if file.is_file() else None


def _toml_files(folder: Traversable) -> list[Traversable]:
    return [file for file in _entries(folder) if file.name.endswith(_TOML)]


def _entries(folder: Traversable) -> list[Traversable]:
    """What is in a folder, by name, without hidden files; nothing when it is not there."""
    try:
        found = [entry for entry in folder.iterdir() if not entry.name.startswith((".", "_"))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or 'cannot be read'}") from error
    return sorted(found, key=lambda entry: entry.name)


def _named_as(file: Traversable, name: str, expected: str) -> None:
    """A preset is found by its file's name, so it must not call itself otherwise."""
    if name != expected:
        raise ConfigurationError(
            f"name is '{name}', but its place says '{expected}'",
            hint=f'set name = "{expected}", or rename it',
            file=str(file),
            line=line_of(read_text(file), ("name",)),
            field="name",
        )
