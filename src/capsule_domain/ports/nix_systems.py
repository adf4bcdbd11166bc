"""NixOS systems, evaluated by the Nix of this machine."""

from collections.abc import Callable
from typing import Protocol

from capsule_domain.models.forecast import BuildPlan
from capsule_domain.models.systems import SystemsReport, SystemsSource

Progress = Callable[[float, str], None]
"""Called at least every three seconds: seconds since the work began, and how far it is."""


class NixSystems(Protocol):
    """Whole NixOS systems. `nixpkgs` is a folder; None for a flake that is locked.

    Raises ToolMissing, HostUnreachable when something would have to be downloaded and
    cannot be, NixFailed, StoreError.
    """

    def nixpkgs(self, folder: str | None, progress: Progress) -> str | None:
        """The nixpkgs at hand: `folder`, or `<nixpkgs>`; None when there is none.

        Raises ConfigurationError for a folder that is no nixpkgs.
        """

    def evaluate(
        self, source: SystemsSource, *, nixpkgs: str | None, progress: Progress
    ) -> SystemsReport:
        """Every system, with its assertions and warnings; what is wrong is in the report.

        Nix is started a bounded number of times, however many systems there are.
        """

    def plan(self, source: SystemsSource, *, nixpkgs: str | None, progress: Progress) -> BuildPlan:
        """What building them all would take. Nothing is built."""
