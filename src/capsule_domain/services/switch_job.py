"""What one machine is told, and by whom it may be broken off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capsule_domain.models.switch import SwitchMode, SwitchOrder, SwitchReport
from capsule_domain.ports.nixos_hosts import Machine

Heard = Callable[[str], None]
Agreed = Callable[[SwitchReport], bool]


@dataclass
class Interruption:
    """Set by whoever wants a switch undone, from any thread."""

    asked: bool = False


@dataclass(frozen=True)
class TrialWish:
    """How a new system is to be tried, whichever it is."""

    mode: SwitchMode = SwitchMode.TRIAL
    confirm_seconds: int = 90
    activation_seconds: int = 600
    allow_failed_units: bool = False


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
