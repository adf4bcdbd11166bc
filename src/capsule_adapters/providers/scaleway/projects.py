"""Projects: which of those that a key reaches is rented in."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from capsule_adapters.providers.scaleway.capabilities import NAME, UUID_PATTERN
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.errors import ConfigurationError, ProjectUnknown

PROJECT_VARIABLE = "SCW_DEFAULT_PROJECT_ID"


class Project(Wire):
    """A project. The first one of an organization has the organization's id."""

    id: str
    name: str
    organization_id: str

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["Project"]:
        yield cls.model_validate(raw)

    @property
    def is_default(self) -> bool:
        return self.id == self.organization_id


def checked_id(given: str) -> str:
    """An id as the cloud writes it. Raises ConfigurationError."""
    if not re.fullmatch(UUID_PATTERN, given.lower(), re.ASCII):
        raise ConfigurationError(
            f"{PROJECT_VARIABLE} is not the id of a project, which looks like "
            "01234567-89ab-cdef-0123-456789abcdef",
            hint="correct it: the project's settings at console.scaleway.com show it",
            field=PROJECT_VARIABLE,
        )
    return given.lower()


def chosen(found: Sequence[Project], given_id: str | None) -> Project:
    """The one of `given_id`; without it the only one, or else the organization's default one.

    Raises ProjectUnknown, and ConfigurationError when the variable must say which.
    """
    if given_id is not None:
        named = next((project for project in found if project.id == given_id), None)
        if named is None:
            raise ProjectUnknown(
                NAME,
                f"the key reaches no project {given_id}",
                hint=f"correct {PROJECT_VARIABLE}, or use a key of that project",
            )
        return named
    if not found:
        raise ProjectUnknown(NAME, "the key reaches no project", hint="use another key")
    default = next((project for project in found if project.is_default), None)
    if len(found) > 1 and default is None:
        raise ConfigurationError(
            f"the key of {NAME} reaches {len(found)} projects, none of them the default one: "
            f"{PROJECT_VARIABLE} must say which",
            hint=f"export {PROJECT_VARIABLE}=…",
            field=PROJECT_VARIABLE,
        )
    return default or found[0]
