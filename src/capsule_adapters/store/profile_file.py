"""The form of configs/<profile>.yml."""

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from capsule_adapters.store.yaml_document import Document
from capsule_adapters.store.yaml_model import as_model
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.base import Model
from capsule_domain.models.profile import Pins, Profile
from capsule_domain.models.stack import AttributePath, Name, PackageName

SUFFIX = ".yml"


class _ProfileFile(Model):
    """A profile whose name is the file's."""

    version: int = Field(default=1, ge=1, le=1)
    name: Name | None = None
    summary: str = ""
    extends: Name | None = None
    stacks: tuple[Name, ...] = ()
    packages: tuple[AttributePath, ...] = ()
    unfree: tuple[PackageName, ...] = ()
    pins: Pins = Field(default_factory=dict)


def is_profile(file: Path) -> bool:
    """Whether the file's name is that of a profile."""
    return file.suffix == SUFFIX and not file.name.startswith(".")


def profile_in(document: Document) -> Profile:
    """The profile that the file holds. Raises ConfigurationError with its line."""
    return profile_called(document.file.stem, document)


def profile_called(name: str, document: Document, *, renamed: bool = False) -> Profile:
    """What the file holds, as a profile called `name`; with `renamed` whatever it says."""
    written = as_model(document, _ProfileFile)
    if not renamed and written.name not in (None, name):
        raise _misnamed(document, f"name: the file is called {name}{SUFFIX}, so the name is {name}")
    values = written.model_dump(exclude={"version", "name"})
    try:
        return Profile(name=name, **values)
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise _misnamed(document, f"the file's name is the profile's: {why}") from error


def file_values(profile: Profile) -> dict[str, Any]:
    """What the file of `profile` says."""
    values = profile.model_dump(mode="json", exclude={"name", "builtin"}, exclude_defaults=True)
    return {"version": 1, **values}


def _misnamed(document: Document, message: str) -> ConfigurationError:
    line = document.line(("name",))
    return ConfigurationError(message, file=str(document.file), line=line, field="name")
