"""A profile on a machine of the person's: what is wanted there, and what it takes."""

from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from pydantic import Field

from capsule_domain.models.base import Model

Sha256 = str
"""64 hexadecimal digits."""


class BuildOn(StrEnum):
    """Where packages are built. AUTO: there, unless only this machine has a Nix that can."""

    AUTO = "auto"
    LOCAL = "local"
    REMOTE = "remote"


class PlantStep(StrEnum):
    """What planting does, in this order."""

    NIX = "nix"
    FILES = "files"
    ENVIRONMENT = "environment"
    PATH = "path"
    CAPSULE = "capsule"
    VERIFY = "verify"

    @property
    def doing(self) -> str:
        """What is being done, for people."""
        return {
            self.NIX: "installing Nix",
            self.FILES: "writing the flake and what goes with it",
            self.ENVIRONMENT: "building the packages",
            self.PATH: "putting them on PATH",
            self.CAPSULE: "installing Capsule itself",
            self.VERIFY: "looking through a fresh login shell",
        }[self]


class PlantFile(Model):
    """A text file, and its path below the machine's Capsule home, with slashes."""

    path: str = Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$")
    text: str
    keep: bool = False
    """Whether a file that is there already stays as it is."""

    @property
    def sha256(self) -> Sha256:
        """Of its content in UTF-8."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def size_bytes(self) -> int:
        """Of its content in UTF-8."""
        return len(self.text.encode())


class Grown(Model):
    """A flake that was built here, and the lock that it was built with."""

    store_path: str
    lock: PlantFile | None = None


class PlantRecord(Model):
    """planted.json on the machine: what its Nix profile was made from."""

    version: Literal[1] = 1
    profile: str
    flake_sha256: Sha256
    lock_sha256: Sha256 | None = None
    """Of the lock that was sent along; None when that machine made its own."""
    store_path: str


class Installer(Model):
    """The Nix project's own installer, downloaded and not yet run."""

    url: str
    """Where it came from, after all redirections."""
    path: str
    """Where it lies on this machine, to be read."""
    sha256: Sha256
    size_bytes: int


class Wheel(Model):
    """This Capsule as one file that pip installs."""

    path: str
    version: str
    sha256: Sha256
    size_bytes: int


class PlantWish(Model):
    """What is wanted on the machine. `wheel` None leaves Capsule itself out."""

    profile: str
    flake: PlantFile
    lock: PlantFile | None = None
    others: tuple[PlantFile, ...] = ()
    """The person's own files that the profile is made of, and which profile is active."""
    wheel: Wheel | None = None


class PlantChange(Model):
    """One thing that planting changes: what, where, and how large, where that is known."""

    step: PlantStep
    what: str
    where: str
    size_bytes: int | None = None


def counted(changes: Sequence[PlantChange]) -> str:
    """`1 change`, `3 changes`."""
    return "1 change" if len(changes) == 1 else f"{len(changes)} changes"


class PlantPlan(Model):
    """What it takes to have the profile on the machine; nothing when it is there."""

    destination: str
    machine: str
    profile: str
    build_on: Literal["local", "remote"]
    build_because: str
    changes: tuple[PlantChange, ...]
    notes: tuple[str, ...] = ()
    installer: Installer | None = None
    """Where Nix is missing: what would install it."""
    multi_user: bool = False
    """How it would: with a daemon for all users, or for this user alone."""
    files: tuple[str, ...] = ()
    """Those that are to be written, by path below the machine's Capsule home."""

    def has(self, step: PlantStep) -> bool:
        """Whether something changes in that step."""
        return any(change.step == step for change in self.changes)


class PlantEvent(Model):
    """A step that began (no detail), or what is heard while it is done."""

    step: PlantStep
    detail: str = ""


class Rooted(Model):
    """What a fresh login shell on the machine sees."""

    environment_on_path: bool
    program: str | None = None
    """One of the profile's programs."""
    found: str | None = None
    """Where the shell finds a program of that name."""
    capsule_version: str | None = None
    """What the `capsule` that it finds says of itself."""


class Planted(Model):
    """A profile that is on a machine, as a fresh login shell there saw it."""

    destination: str
    profile: str
    store_path: str
    changes: tuple[PlantChange, ...]
    seen: Rooted


class BootstrapPlan(Model):
    """How Nix comes onto a machine; with a `nix_version` it is there already."""

    where: str
    machine: str
    nix_version: str | None = None
    nix: str | None = None
    installer: Installer | None = None
    multi_user: bool = False
    arguments: tuple[str, ...] = ()
    """What the installer is called with."""
    notes: tuple[str, ...] = ()


class Bootstrapped(Model):
    """A machine with Nix, as it said itself afterwards."""

    where: str
    nix: str
    nix_version: str
    changed: bool
    notes: tuple[str, ...] = ()
