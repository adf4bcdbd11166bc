"""Profiles: a named choice of stacks and packages, and what it comes to."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from capsule_domain.models.base import Model
from capsule_domain.models.stack import (
    AttributePath,
    Name,
    NixpkgsFlag,
    PackageName,
    Platform,
    ResolvedStack,
)

_RELEASE = r"\d\d\.(05|11)"
_PIN = re.compile(
    rf"nixos-({_RELEASE}|unstable)(-small)?|nixpkgs-({_RELEASE}-darwin|unstable)|[0-9a-f]{{40}}",
    re.ASCII,
)


def _pin(text: str) -> str:
    if not _PIN.fullmatch(text):
        raise ValueError("a pin is a release branch, such as nixos-26.05, or a commit of 40 digits")
    return text


Pin = Annotated[str, AfterValidator(_pin)]
"""A branch of nixpkgs such as `nixos-26.05` or `nixos-unstable`, or a commit in full."""

Pins = dict[Literal["nixpkgs"], Pin]


class Profile(Model):
    """A named choice. Built-in ones are read-only; `extends` adds another profile's choice.

    `pins` says which nixpkgs the packages come from; empty takes Capsule's release.
    """

    name: Name
    summary: str = ""
    extends: Name | None = None
    stacks: tuple[Name, ...] = ()
    packages: tuple[AttributePath, ...] = ()
    unfree: tuple[PackageName, ...] = ()
    pins: Pins = Field(default_factory=dict)
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
    unfree: tuple[str, ...] = ()
    pins: Pins = Field(default_factory=dict)


class Environment(Model):
    """A profile resolved: everything it brings, dependencies first, nothing twice.

    `packages` and `python_packages` are sorted; `stacks` are in dependency order.
    `pins` are those of the profile nearest in the chain. `nixpkgs_flags` are set on the
    platforms behind each. `unsupported` names, for each platform that has any, the stacks
    that are not for it; `limited` has the packages that are therefore not everywhere, with
    where they are, Python's as `python3Packages.<name>`.
    """

    profile: Profile
    stacks: tuple[ResolvedStack, ...]
    packages: tuple[AttributePath, ...]
    python_packages: tuple[AttributePath, ...]
    services: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    unfree: tuple[str, ...] = ()
    pins: Pins = Field(default_factory=dict)
    nixpkgs_flags: dict[NixpkgsFlag, tuple[Platform, ...]] = Field(default_factory=dict)
    unsupported: dict[Platform, tuple[Name, ...]] = Field(default_factory=dict)
    limited: dict[AttributePath, tuple[Platform, ...]] = Field(default_factory=dict)


class ProfileChange(Model):
    """What a changing command did to the active profile.

    `copied_from` names the built-in profile that was copied because it is read-only.
    """

    profile: Profile
    added: tuple[str, ...] = Field(default=())
    removed: tuple[str, ...] = Field(default=())
    copied_from: str | None = None
