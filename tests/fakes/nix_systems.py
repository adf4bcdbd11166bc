"""NixOS systems that evaluate to what a test says."""

from collections.abc import Mapping

from capsule_domain.errors import CapsuleError, ConfigurationError
from capsule_domain.models.forecast import BuildPlan
from capsule_domain.models.systems import SystemReport, SystemsReport, SystemsSource
from capsule_domain.ports.nix_systems import Progress


class FakeNixSystems:
    """`here` is the nixpkgs at hand, `folders` those that are one when they are named.

    `reports` are those of hosts that do not simply evaluate; `refuses` ends evaluating and
    planning.
    """

    def __init__(
        self,
        here: str | None = "/srv/nixpkgs",
        reports: Mapping[str, SystemReport] | None = None,
        *,
        folders: tuple[str, ...] = (),
        refuses: CapsuleError | None = None,
    ) -> None:
        self._here = here
        self._folders = folders
        self._reports = reports or {}
        self.refuses = refuses
        self.asked: list[tuple[SystemsSource, str | None]] = []

    def nixpkgs(self, folder: str | None, progress: Progress) -> str | None:
        progress(0.0, "looking for nixpkgs")
        if folder is None:
            return self._here
        if folder not in self._folders:
            raise ConfigurationError(f"{folder} is no nixpkgs")
        return folder

    def evaluate(
        self, source: SystemsSource, *, nixpkgs: str | None, progress: Progress
    ) -> SystemsReport:
        self._ask(source, nixpkgs)
        progress(1.0, "evaluating")
        hosts = source.files or {"of-the-flake": ""}
        sound = {host: SystemReport(host=host, derivation=f"/nix/store/{host}") for host in hosts}
        found = {**sound, **self._reports}
        return SystemsReport(systems=tuple(found[host] for host in sorted(found)))

    def plan(self, source: SystemsSource, *, nixpkgs: str | None, progress: Progress) -> BuildPlan:
        self._ask(source, nixpkgs)
        progress(1.0, "planning")
        return BuildPlan(fetch=3, download_mib=12.5, unpacked_mib=40.0, build=("etc",))

    def _ask(self, source: SystemsSource, nixpkgs: str | None) -> None:
        self.asked.append((source, nixpkgs))
        if self.refuses is not None:
            raise self.refuses
