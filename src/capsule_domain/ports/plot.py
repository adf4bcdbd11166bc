"""A machine on which a profile is planted, and what this machine gives to it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from capsule_domain.models.facts import MachineFacts
from capsule_domain.models.generation import InstalledEnvironment
from capsule_domain.models.planting import (
    Grown,
    Installer,
    PlantFile,
    PlantRecord,
    Rooted,
    Wheel,
)
from capsule_domain.models.profile import Environment
from capsule_domain.ports.host import Destination, Target

Heard = Callable[[str], None]
"""Given each line that a program complains in, perhaps in another thread."""


class Plot(Protocol):
    """A machine, as far as planting goes: this one, or one over SSH.

    Each method leaves, wherever it is broken off, a machine on which doing it again
    succeeds. Every implementation passes tests/contracts/test_plot.py and fails only
    with a `HostError`, but for `alone`.
    """

    def facts(self, files: Sequence[str], *, reach: str | None = None) -> MachineFacts:
        """Everything about it, in one round trip. Nothing is changed.

        `files` are paths below its Capsule home to be compared; `reach` is a URL that is
        tried when Nix is missing.
        """

    def alone(self) -> AbstractContextManager[None]:
        """Nobody else plants or installs there for the length of the block.

        The machine itself gives it free when our connection ends, however that comes. Raises
        Conflict while another one has it.
        """

    def install_nix(self, installer: Installer, *, multi_user: bool, heard: Heard) -> str:
        """Run the installer there, from a file; returns the version of Nix that came of it."""

    def write(self, files: Sequence[PlantFile]) -> None:
        """Write them below its Capsule home, each in one step and in this order."""

    def build(self, flake_folder: str, *, heard: Heard) -> str:
        """Build the flake in that folder below its Capsule home onto Capsule's own Nix profile.

        Returns the store path that the profile leads to afterwards. When it fails the
        profile is as before.
        """

    def adopt(self, store_path: str) -> str:
        """Set Capsule's own Nix profile to what was sent; returns what it leads to then."""

    def enter_path(self) -> None:
        """Put the block into the login shell's start-up file that puts the profile on PATH."""

    def install_capsule(self, wheel: Wheel, *, heard: Heard) -> None:
        """Capsule itself, in an environment of its own, linked as ~/.local/bin/capsule."""

    def record(self, record: PlantRecord) -> None:
        """Note what the Nix profile was made from; `facts` gives it back."""

    def remember(self, environment: InstalledEnvironment) -> None:
        """Write down what a generation is made of, for the `generations` of the Capsule there.

        What is written down of other generations that are there stays. Only `alone`.
        """

    def rooted(self) -> Rooted:
        """What a login shell sees that starts now, with nothing inherited."""


class Plots(Protocol):
    """The ways to machines for planting."""

    def open(
        self,
        machine: Target | Destination | None,
        *,
        may_ask: bool = False,
        timeout_seconds: float | None = None,
    ) -> AbstractContextManager[Plot]:
        """A fresh connection; None is this machine. Raises HostUnreachable, HostKeyChanged.

        `may_ask`: what runs on this machine may ask the person at its terminal, as sudo does.
        `timeout_seconds` are for all that is done over it together; then HostUnreachable.
        """


class Greenhouse(Protocol):
    """The Nix of this machine, as far as it builds for another.

    Raises ToolMissing without Nix, CommandFailed when it fails.
    """

    def system(self) -> str | None:
        """What it builds for, such as `x86_64-linux`; None without Nix."""

    def build(
        self,
        flake: PlantFile,
        lock: PlantFile | None,
        *,
        heard: Heard,
        timeout_seconds: float | None = None,
    ) -> Grown:
        """Build the flake, with that lock where there is one."""

    def send(
        self,
        store_path: str,
        machine: Target | Destination,
        *,
        nix: str,
        heard: Heard,
        timeout_seconds: float | None = None,
    ) -> None:
        """Copy it with all that it needs; `nix` is the path of that machine's Nix."""


class Seeds(Protocol):
    """What this machine gives along. Raises StoreError, ConfigurationError."""

    def own_files(self, environment: Environment) -> Sequence[PlantFile]:
        """The person's own profiles and stacks that the environment is made of."""

    def lock(self, profile: str) -> PlantFile | None:
        """The lock of the profile's flake, where `setup` has made one here."""

    def wheel(self) -> Wheel:
        """This Capsule; the same Capsule gives the same bytes."""


class NixInstallers(Protocol):
    """Where Nix is installed from."""

    @property
    def url(self) -> str:
        """Where the installer is asked for."""

    def fetch(self) -> Installer:
        """Download the installer to a file, and run nothing. Raises HostError."""
