"""The person's packages, as one Nix profile with its generations."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import PurePath
from typing import Protocol

from capsule_domain.models.finding import Finding
from capsule_domain.models.forecast import Forecast, LockedNixpkgs, PackageFacts
from capsule_domain.models.generation import Generation, InstalledEnvironment
from capsule_domain.models.stack import NixpkgsFlag

Progress = Callable[[float, str], None]
"""Called at least every three seconds while Nix works: seconds since it began, last words."""


class PreparedFlake(Protocol):
    """A flake on disk with its lock complete. Nothing is installed yet.

    Raises NixFailed with Nix's own words, HostUnreachable when something could not be
    downloaded, StoreError when the disk is full or not ours to write.
    """

    @property
    def nixpkgs(self) -> LockedNixpkgs:
        """The nixpkgs that the lock names."""

    def facts(
        self, packages: Sequence[str], *, flags: Mapping[NixpkgsFlag, Sequence[str]]
    ) -> Mapping[str, PackageFacts]:
        """What the locked nixpkgs says of each attribute path, in one evaluation.

        `flags` are settings of nixpkgs, each with the platforms on which it is on.
        """

    def forecast(self) -> Forecast:
        """What installing it would take."""

    def install(self, record: InstalledEnvironment) -> Generation:
        """Make it the current generation and remember `record`; read back before it returns.

        Whatever ends this early, the generation before it stays the current one. Where
        it is current already, only `record` is kept. One Capsule at a time: others wait.
        Raises OutcomeUnknown when something else is current afterwards.
        """


class NixEnvironment(Protocol):
    """One Nix profile, the folder of the flakes it is made from, and what was written down.

    Every implementation passes tests/contracts/test_nix_environment.py. Raises
    ToolMissing where there is no Nix and it is needed, and StoreError.
    """

    @property
    def link(self) -> PurePath:
        """The link to the current generation; `<link>/bin` belongs on PATH."""

    def generations(self) -> Sequence[Generation]:
        """Every generation, by number. Needs no Nix."""

    def recorded(self, store_path: str) -> InstalledEnvironment | None:
        """What was written down of that environment. Needs no Nix."""

    def versions(self, store_path: str) -> Mapping[str, str | None]:
        """Names and versions of the packages that can be seen in an environment.

        As far as its links tell: for an environment that nothing was written down of.
        Needs no Nix.
        """

    def parse(self, flake: str) -> Sequence[Finding]:
        """Syntax errors of a flake's text. Raises ToolMissing, HostError."""

    def prepare(
        self, profile: str, flake: str, *, update: bool, progress: Progress
    ) -> AbstractContextManager[PreparedFlake]:
        """`flake` with the profile's lock, completed; with `update` locked anew.

        Leaving the context takes away what was not installed. Raises ToolMissing,
        NixFailed, HostUnreachable, StoreError.
        """

    def switch(self, generation: int, *, progress: Progress) -> Generation:
        """Make a generation the current one; read back before it returns.

        Raises NotFound for a number that there is not, NixFailed, OutcomeUnknown.
        """
