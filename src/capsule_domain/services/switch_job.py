"""What one machine is told, and by whom it may be broken off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capsule_domain.models.switch import SwitchOrder, SwitchReport
from capsule_domain.ports.nixos_hosts import Machine

Heard = Callable[[str], None]
Agreed = Callable[[SwitchReport], bool]


@dataclass
class Interruption:
    """Set by whoever wants a switch undone, from any thread."""

    asked: bool = False


@dataclass(frozen=True)
class SwitchJob:
    """One machine, and what it is told. `endpoints` are where it has to be reached once it runs
    the new system, each over a connection of its own. `profile` is what it would start as now.
    """

    name: str
    key: str
    machine: Machine
    order: SwitchOrder
    endpoints: Sequence[Machine]
    profile: str | None = None
