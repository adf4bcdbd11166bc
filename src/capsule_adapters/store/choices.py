"""The user's choices in hand-editable YAML files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder, write_atomically
from capsule_adapters.store.lock import FileLock
from capsule_adapters.store.yaml_document import Document, read_document
from capsule_adapters.store.yaml_edit import edited, fresh
from capsule_adapters.store.yaml_model import as_model
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.base import Model
from capsule_domain.models.profile import Profile
from capsule_domain.models.stack import AttributePath, Name
from capsule_domain.ports.settings import OpenmeshSettings, Settings


class _ProfileFile(Model):
    """configs/<profile>.yml: a profile whose name is the file's."""

    version: int = Field(default=1, ge=1, le=1)
    name: Name | None = None
    summary: str = ""
    extends: Name | None = None
    stacks: tuple[Name, ...] = ()
    packages: tuple[AttributePath, ...] = ()
    unfree: tuple[str, ...] = ()


class YamlChoices:
    """`Choices` over config.yml, openmesh.yml and configs/<profile>.yml of a home.

    Nothing is made before something is saved; PyYAML is imported when a file is there.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._configs = home / "configs"

    def settings(self) -> Settings:
        """config.yml, or its defaults."""
        document = read_document(self._home / "config.yml")
        return Settings() if document is None else as_model(document, Settings)

    def save_settings(self, settings: Settings) -> None:
        """Write config.yml; comments stay where the value beside them stays."""
        self._save(self._home / "config.yml", settings.model_dump(mode="json", exclude_none=True))

    def openmesh(self) -> OpenmeshSettings:
        """openmesh.yml, or its defaults."""
        document = read_document(self._home / "openmesh.yml")
        return OpenmeshSettings() if document is None else as_model(document, OpenmeshSettings)

    def profiles(self) -> Mapping[str, Profile]:
        """The user's own profiles by name, sorted. Other files in the folder are left alone."""
        found = (
            _profile(file)
            for file in _files(self._configs)
            if file.suffix == ".yml" and not file.name.startswith(".")
        )
        return {profile.name: profile for profile in found if profile is not None}

    def save_profile(self, profile: Profile) -> None:
        """Write configs/<profile>.yml; comments stay where the value beside them stays."""
        values = profile.model_dump(mode="json", exclude={"name", "builtin"}, exclude_defaults=True)
        self._save(self._configs / f"{profile.name}.yml", {"version": 1, **values})

    def _save(self, file: Path, values: dict[str, Any]) -> None:
        with FileLock(self._home / ".lock"):
            make_private_folder(file.parent)
            document = read_document(file)
            text = fresh(values) if document is None else edited(document, values)
            write_atomically(file, text.encode())


def _files(folder: Path) -> list[Path]:
    with reporting("read", folder):
        try:
            return sorted(folder.iterdir())
        except FileNotFoundError:
            return []


def _profile(file: Path) -> Profile | None:
    """The profile of one file; None when the file went away meanwhile."""
    document = read_document(file)
    if document is None:
        return None
    written = as_model(document, _ProfileFile)
    if written.name not in (None, file.stem):
        raise _misnamed(
            document, f"name: the file is called {file.name}, so the name is {file.stem}"
        )
    values = written.model_dump(exclude={"version", "name"})
    try:
        return Profile(name=file.stem, **values)
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise _misnamed(document, f"the file's name is the profile's: {why}") from error


def _misnamed(document: Document, message: str) -> ConfigurationError:
    line = document.line(("name",))
    return ConfigurationError(message, file=str(document.file), line=line, field="name")
