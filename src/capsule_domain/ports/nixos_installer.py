"""What puts NixOS onto a machine."""

from collections.abc import Callable
from typing import Protocol

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.ports.host import Target


class NixosJob(Model):
    """NixOS onto one server. `folder` holds its configuration, a flake, and `hostname` is the
    one in it. `whole_disk`: the root is all of the disk, with no partitions.
    """

    way: NixosWay
    target: Target
    folder: str
    hostname: str
    whole_disk: bool = False
    disk: str | None = None
    """The disk that is laid out anew; None: the one below its root."""
    by_sudo: bool = False
    """Whether its user becomes root by sudo, without a password."""
    installer_port: int = Field(default=22, ge=1, le=65535)
    """Where we reach port 22 of it, at which an installer listens."""


class NixosInstaller(Protocol):
    """Puts NixOS onto a machine that is entered with its pinned host key, and keeps that key.

    Every implementation passes tests/contracts/test_nixos_installer.py.
    """

    def refuse_unable(self, way: NixosWay) -> None:
        """Raises ToolMissing when this machine lacks what that way needs."""

    def install(self, job: NixosJob, *, heard: Callable[[str], None]) -> str | None:
        """Do it. When this returns the machine is NixOS, or about to start as that: as the
        system with this store path, where that is known.

        `heard` is given what the programs say, line by line, perhaps in another thread.
        Raises ToolMissing, HostError: the machine may then be of no use, and doing it again
        is safe while it can be entered.
        """
