"""The user's choices in hand-editable YAML files."""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import (
    make_private_folder,
    read_limited,
    sync_folder,
    write_atomically,
)
from capsule_adapters.store.lock import FileLock
from capsule_adapters.store.profile_file import SUFFIX, file_values, is_profile, profile_in
from capsule_adapters.store.yaml_document import LIMIT_BYTES, read_document
from capsule_adapters.store.yaml_edit import edited, fresh
from capsule_adapters.store.yaml_model import as_model
from capsule_domain.errors import Conflict
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import OpenmeshSettings, Settings


class YamlChoices:
    """`Choices` over config.yml, openmesh.yml and configs/<profile>.yml of a home.

    Nothing is made before something is changed; PyYAML is imported when a file is there.
    """

    def __init__(self, home: Path, *, waiting_seconds: float = 10.0) -> None:
        self._home = home
        self._configs = home / "configs"
        self._config = home / "config.yml"
        self._openmesh = home / "openmesh.yml"
        self._turn = threading.RLock()
        self._depth = 0
        self._waiting_seconds = waiting_seconds

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the home's lock, which every saving of every Capsule takes."""
        with self._turn:
            if self._depth:
                yield
                return
            with FileLock(self._home / ".lock", timeout_seconds=self._waiting_seconds):
                self._depth = 1
                try:
                    yield
                finally:
                    self._depth = 0

    def settings(self) -> Settings:
        """config.yml, or its defaults."""
        document = read_document(self._config)
        return Settings() if document is None else as_model(document, Settings)

    def save_settings(self, settings: Settings) -> None:
        """Write config.yml; comments stay where the value beside them stays."""
        self._save(self._config, settings.model_dump(mode="json", exclude_none=True))

    def openmesh(self) -> OpenmeshSettings:
        """openmesh.yml, or its defaults."""
        document = read_document(self._openmesh)
        return OpenmeshSettings() if document is None else as_model(document, OpenmeshSettings)

    def save_openmesh(self, settings: OpenmeshSettings) -> None:
        """Write openmesh.yml; comments stay where the value beside them stays."""
        unset = None if settings.budgets else {"budgets"}
        values = settings.model_dump(mode="json", exclude_none=True, exclude=unset)
        self._save(self._openmesh, values)

    def profiles(self) -> Mapping[str, Profile]:
        """The user's own profiles by name, sorted. Other files in the folder are left alone."""
        found = (_profile(file) for file in self._profile_files())
        return {profile.name: profile for profile in found if profile is not None}

    def profile_names(self) -> Sequence[str]:
        """The names of the user's own profiles, sorted; the files are not opened."""
        return [file.stem for file in self._profile_files()]

    def profile(self, name: str) -> Profile | None:
        """One of the user's own profiles, whatever state the others are in."""
        return _profile(self._profile_file(name)) if name in self.profile_names() else None

    def save_profile(self, profile: Profile) -> None:
        """Write configs/<profile>.yml; comments stay where the value beside them stays."""
        self._save(self._profile_file(profile.name), file_values(profile))

    def delete_profile(self, name: str) -> None:
        """Remove configs/<name>.yml, also one that does not hold. One already gone is a success."""
        with self.changing():
            if name in self.profile_names():
                self._remove([self._profile_file(name)])

    def files(self) -> Mapping[str, str]:
        """config.yml and the profiles: paths inside the home, sorted, with their SHA-256."""
        found = {str(file.relative_to(self._home)): file for file in self._own_files()}
        return {path: _fingerprint(file) for path, file in found.items()}

    def clear(self, files: Mapping[str, str]) -> None:
        """Remove what `files` told. Raises Conflict when anything changed since."""
        with self.changing():
            if self.files() != files:
                raise Conflict(
                    "another Capsule changed profiles or config.yml meanwhile",
                    hint="look, then again: capsule profiles",
                )
            self._remove([self._home / path for path in files])

    def _own_files(self) -> list[Path]:
        with reporting("read", self._config):
            config = [self._config] if self._config.is_symlink() or self._config.exists() else []
        return [*config, *self._profile_files()]

    def _profile_files(self) -> list[Path]:
        found = (file for file in _files(self._configs) if is_profile(file))
        return sorted(found, key=lambda file: file.stem)

    def _profile_file(self, name: str) -> Path:
        return self._configs / f"{name}{SUFFIX}"

    def _remove(self, files: Sequence[Path]) -> None:
        for file in files:
            with reporting("remove", file):
                file.unlink(missing_ok=True)
        for folder in {file.parent for file in files}:
            with reporting("remove from", folder):
                sync_folder(folder)

    def _save(self, file: Path, values: dict[str, Any]) -> None:
        with self.changing():
            make_private_folder(file.parent)
            document = read_document(file)
            text = fresh(values) if document is None else edited(document, values)
            write_atomically(file, text.encode())


def _fingerprint(file: Path) -> str:
    content = read_limited(file, LIMIT_BYTES)
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _files(folder: Path) -> list[Path]:
    with reporting("read", folder):
        try:
            return list(folder.iterdir())
        except FileNotFoundError:
            return []


def _profile(file: Path) -> Profile | None:
    """The profile of one file; None when the file went away meanwhile."""
    document = read_document(file)
    return None if document is None else profile_in(document)
