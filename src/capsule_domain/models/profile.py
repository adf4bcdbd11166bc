"""Profiles: a named choice of stacks and packages, and what it comes to."""

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.stack import AttributePath, Name, ResolvedStack


class Profile(Model):
    """A named choice. Built-in ones are read-only; `extends` adds another profile's choice."""

    name: Name
    summary: str = ""
    extends: Name | None = None
    stacks: tuple[Name, ...] = ()
    packages: tuple[AttributePath, ...] = ()
    unfree: tuple[str, ...] = ()
    builtin: bool = False


class ProfileRow(Model):
    """A profile as `capsule profiles` lists it."""

    name: str
    summary: str
    builtin: bool
    active: bool
    extends: str | None
    stacks: tuple[str, ...]
    packages: tuple[str, ...]


class Environment(Model):
    """A profile resolved: everything it brings, dependencies first, nothing twice.

    `packages` and `python_packages` are sorted; `stacks` are in dependency order.
    """

    profile: Profile
    stacks: tuple[ResolvedStack, ...]
    packages: tuple[AttributePath, ...]
    python_packages: tuple[AttributePath, ...]
    services: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    unfree: tuple[str, ...] = ()


class ProfileChange(Model):
    """What a changing command did to the active profile.

    `copied_from` names the built-in profile that was copied because it is read-only.
    """

    profile: Profile
    added: tuple[str, ...] = Field(default=())
    removed: tuple[str, ...] = Field(default=())
    copied_from: str | None = None
