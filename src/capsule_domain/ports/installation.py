"""This installation of Capsule: how it came here, and commands that change it."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from capsule_domain.models.base import Model

Progress = Callable[[float, str], None]
"""Called at least every three seconds: seconds since it began, and the last words."""


class Means(StrEnum):
    """What put this Capsule here."""

    SCRIPT = "install.sh"
    PLANTED = "plant"
    CHECKOUT = "checkout"
    NIX = "nix"
    PIPX = "pipx"
    UV = "uv"
    PIP = "pip"


class Origin(Model):
    """How this Capsule came here. `place` is its environment, or its path in the Nix store.

    `source` is the folder that it was installed from, or runs from when `editable`; None
    when nobody wrote that down. `revision` is the commit that stands there, and
    `obstacle` says why that folder cannot be brought up to date by itself.
    """

    means: Means
    version: str
    place: str
    source: str | None = None
    editable: bool = False
    revision: str | None = None
    obstacle: str | None = None


class Installation(Protocol):
    """This installation. Every implementation passes tests/contracts/test_installation.py."""

    def origin(self) -> Origin:
        """How it came here, found out by looking; nothing is changed, no network is used."""

    def run(self, command: Sequence[str], progress: Progress) -> None:
        """Run a program to its end. Interrupted, it is ended and waited for.

        Raises ToolMissing, and CommandFailed with the program's own last words.
        """

    def version(self) -> str:
        """What a newly started Capsule of this installation says of itself.

        Raises CommandFailed when it does not start.
        """
