"""NixOS machines that are entered to be looked at and switched."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from capsule_domain.models.generation import Generation
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.switch import SwitchOrder, SwitchReport
from capsule_domain.ports.host import Destination, Target

Machine = Target | Destination | None
"""A machine; None is the one that we are on."""


class NixosHost(Protocol):
    """One that is entered. Raises HostError whenever it cannot be asked or does not answer.

    All but `generations` need root, and raise ConfigurationError where sudo asks for a password.
    """

    def look(self) -> LiveSystem:
        """All that must be known before anything is changed, in one round trip.

        Raises ConfigurationError for a machine that is not NixOS.
        """

    def generations(self) -> Sequence[Generation]:
        """Those of its system, by number; no root is needed. Which is current, running and
        booted is told apart, and `kernel_version` and the like are None where they are not seen.
        """

    def begin(self, order: SwitchOrder) -> None:
        """Keep the old system from being collected, and start the watchdog, which does all
        the rest whether anyone is connected or not. Returns when the watchdog runs.

        Asked twice for one id, it begins once. Raises Conflict when something else is
        switching the machine, NotFound when `order.new` is not there (any more), UnsafePlan
        for a reboot that could not be undone.
        """

    def follow(self, switch_id: str) -> SwitchReport:
        """What it says of a switch now, read from what outlives a power cut too.

        Raises NotFound when the machine knows nothing of it: it remembers ten.
        """

    def confirm(self, switch_id: str) -> None:
        """Say that the machine was reached. Only `committed` in `follow` says that it took it.

        Twice is as good as once. Raises Conflict when it does not wait for that yet, or not any
        more: it goes back then.
        """

    def give_up(self, switch_id: str) -> None:
        """Have it revert now. A switch that ended stays as it is."""


class NixosHosts(Protocol):
    """The ways into them.

    Every implementation passes tests/contracts/test_nixos_hosts.py.
    """

    def enter(
        self, machine: Machine, *, timeout_seconds: float = 15.0
    ) -> AbstractContextManager[NixosHost]:
        """A fresh TCP and SSH connection, shared with nothing; root by sudo where needed.

        Raises HostUnreachable, HostKeyChanged; where root needs a password ConfigurationError,
        here or at the first call that needs root.
        """
