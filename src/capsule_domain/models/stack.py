"""Stacks: what a person wants on a machine, as data."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from capsule_domain.models.base import Model
from capsule_domain.models.secret import SecretNeed

_ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*(\.[A-Za-z_][A-Za-z0-9_'-]*)*", re.ASCII)
_PACKAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", re.ASCII)
_INSTALLS = re.compile(r"^\s*packages? = (lib\.)?mkOption\b", re.ASCII | re.MULTILINE)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


def _attribute_path(text: str) -> str:
    if not _ATTRIBUTE.fullmatch(text):
        raise ValueError("not a nixpkgs attribute path, such as ripgrep or python3Packages.numpy")
    return text


def _short_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("a name is lower-case letters, digits and dashes, 63 at most")
    return text


def _package_name(text: str) -> str:
    if not _PACKAGE.fullmatch(text):
        raise ValueError("not the name of one package, such as claude-code")
    return text


AttributePath = Annotated[str, AfterValidator(_attribute_path)]
"""A path into nixpkgs, such as `python3Packages.numpy`; safe to write into Nix as it is."""

Name = Annotated[str, AfterValidator(_short_name)]
"""A stack's or profile's name: `[a-z0-9][a-z0-9-]*`, 63 characters at most."""

PackageName = Annotated[str, AfterValidator(_package_name)]
"""What a package calls itself, such as `claude-code`: how a licence is allowed."""

Port = Annotated[int, Field(ge=1, le=65535)]


class Platform(StrEnum):
    """Where packages can be installed, in nixpkgs' words."""

    AARCH64_DARWIN = "aarch64-darwin"
    AARCH64_LINUX = "aarch64-linux"
    X86_64_DARWIN = "x86_64-darwin"
    X86_64_LINUX = "x86_64-linux"


class NixpkgsFlag(StrEnum):
    """What changes how nixpkgs builds packages. Nothing that waives a licence or a warning."""

    CUDA_SUPPORT = "cudaSupport"
    ROCM_SUPPORT = "rocmSupport"


class Stack(Model):
    """A technology with all it needs: packages for a user, a module for a NixOS machine.

    `packages` are nixpkgs attributes; `python_packages` are attributes of
    `python3Packages`, merged over all stacks into one interpreter; `services` names
    what runs on NixOS; `ports` are the TCP ports its module opens; `unfree` lists
    package names whose licence must be allowed; `platforms` says where the stack makes
    sense, empty for everywhere; `nixpkgs_flags` are set for all packages there; `secrets`
    are what its services read from files on NixOS; `module` is the text of a NixOS module
    that declares `options.capsule.<name>`.
    """

    name: Name
    category: str
    summary: str
    requires: tuple[Name, ...] = ()
    conflicts: tuple[Name, ...] = ()
    packages: tuple[AttributePath, ...] = ()
    python_packages: tuple[AttributePath, ...] = ()
    services: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    unfree: tuple[PackageName, ...] = ()
    platforms: tuple[Platform, ...] = ()
    nixpkgs_flags: tuple[NixpkgsFlag, ...] = ()
    secrets: tuple[SecretNeed, ...] = ()
    module: str | None = None

    @property
    def module_installs(self) -> bool:
        """Whether the module brings the packages itself: it says so by an option for them."""
        return self.module is not None and bool(_INSTALLS.search(self.module))


class ResolvedStack(Model):
    """A stack with the reason it is there: the profile, or the stacks that require it."""

    stack: Stack
    because: tuple[str, ...]


class StackRow(Model):
    """A stack as `capsule stacks` lists it."""

    name: str
    category: str
    summary: str
    requires: tuple[str, ...]
    packages: tuple[str, ...]
    services: tuple[str, ...]
    ports: tuple[int, ...]
    active: bool
