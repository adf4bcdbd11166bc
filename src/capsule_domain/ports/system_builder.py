"""What builds whole systems, and brings them to machines."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from capsule_domain.models.base import Model
from capsule_domain.models.closure import ClosureDifference
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.host import Destination
from capsule_domain.ports.nixos_hosts import Machine

Progress = Callable[[float, str], None]
"""Called at least every three seconds: seconds since the work began, and how far it is."""


class StoreTrust(StrEnum):
    """How a machine's store takes what is built elsewhere.

    TRUSTED: from our user. SIGNED: with our signature, as it knows our key. NEITHER.
    """

    TRUSTED = "trusted"
    SIGNED = "signed"
    NEITHER = "neither"


class BuildOrder(Model):
    """One host's system. `where` None: here; `on_machine`: where it will run."""

    source: SystemsSource
    host: str
    nixpkgs: str | None = None
    on_machine: bool = False
    where: Destination | None = None


class SystemBuilder(Protocol):
    """Evaluates, builds, copies, compares.

    Every implementation passes tests/contracts/test_system_builder.py. Raises ToolMissing,
    NixFailed, HostError, StoreError.
    """

    def describe(self, order: BuildOrder, machine: Machine, progress: Progress) -> EvaluatedSystem:
        """What the configuration says of itself; nothing is built. Where there is no Nix here,
        the machine is asked: it is NixOS, and has one.

        Raises ConfigurationError for one that does not hold, NotFound for an unknown host.
        """

    def builds_here(self, system: str) -> bool:
        """Whether the Nix of this machine builds for `system`, such as `x86_64-linux`."""

    def build(self, order: BuildOrder, machine: Machine, progress: Progress) -> str:
        """The store path of the system, which is then where it was built."""

    def trust(self, machine: Machine, live: LiveSystem) -> StoreTrust:
        """Found out before anything is built. What a machine builds itself needs none."""

    def signing_key(self) -> str:
        """The public half of Capsule's own key, `name:base64`, made on first use: a line for
        `nix.settings.trusted-public-keys`. What is brought to a machine that knows it is signed.
        """

    def bring(self, order: BuildOrder, path: str, machine: Machine, progress: Progress) -> None:
        """The system's closure to the machine, which fetches itself what it can; what is there
        is not sent again. Nothing to do is a success.
        """

    def compare(self, before: str, after: str, machine: Machine) -> ClosureDifference:
        """Two systems that are in the machine's store. Raises NotFound for one that is not."""
