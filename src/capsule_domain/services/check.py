"""Check: would this profile install, as far as this machine can tell?"""

from dataclasses import dataclass, field

from capsule_domain.errors import (
    CapsuleError,
    ConfigurationError,
    Conflict,
    HostUnreachable,
    NixFailed,
    NotFound,
    ToolMissing,
)
from capsule_domain.models.finding import Finding
from capsule_domain.models.forecast import BuildPlan, Forecast, Inspection, InspectionStep
from capsule_domain.models.nixos import PreviewFormat
from capsule_domain.models.profile import Environment
from capsule_domain.ports.nix_environment import NixEnvironment, PreparedFlake, Progress
from capsule_domain.ports.nix_renderer import NixRenderer
from capsule_domain.ports.nix_tool import NixTool
from capsule_domain.ports.package_index import PackageIndex
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.installed import current_record, difference, wanted_packages
from capsule_domain.services.nix_version import OLDEST_NIX, dotted, is_too_old
from capsule_domain.services.verdicts import error_found, errors_of, judged

GRAPH, PARSE, EVALUATION, FORECAST = "graph", "parse", "evaluation", "forecast"

_NO_NIX = "Nix is not installed: capsule bootstrap"
_OFFLINE = "it needs the network, and --offline was given"


@dataclass
class _Seen:
    """What has been seen so far."""

    profile: str | None = None
    steps: list[InspectionStep] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    forecast: Forecast | None = None

    def done(self, name: str, detail: str) -> None:
        self.steps.append(InspectionStep(name=name, done=True, detail=detail))

    def not_done(self, why: str, *names: str) -> None:
        self.steps += [InspectionStep(name=name, done=False, detail=why) for name in names]


@dataclass(frozen=True)
class Check:
    """Looks at the active profile step by step; each step needs more than the one before."""

    profiles: ManageProfile
    renderer: NixRenderer
    nix: NixTool
    environment: NixEnvironment
    index: PackageIndex | None = None

    def run(self, *, offline: bool, progress: Progress) -> Inspection:
        """Every step that this machine can do. What is wrong is a finding, not an error.

        Raises StoreError, and HostError for a Nix that hangs.
        """
        seen = _Seen()
        environment = self._graph(seen)
        if environment is None:
            seen.not_done("the profile does not hold", PARSE, EVALUATION, FORECAST)
            return _inspection(seen)
        flake = self.renderer.preview(environment, PreviewFormat.FLAKE)
        version = self.nix.version()
        if version is None:
            seen.not_done(_NO_NIX, PARSE, EVALUATION, FORECAST)
        elif not self._parse(seen, flake):
            seen.not_done("the flake does not parse", EVALUATION, FORECAST)
        elif is_too_old(version):
            why = f"nix {version} is too old: {dotted(OLDEST_NIX)} or newer is needed"
            seen.not_done(why, EVALUATION, FORECAST)
        elif offline:
            seen.not_done(_OFFLINE, EVALUATION, FORECAST)
        else:
            self._ask(seen, environment, flake, progress)
        return self._compared(_inspection(seen), environment)

    def _graph(self, seen: _Seen) -> Environment | None:
        try:
            environment = self.profiles.show(None)
        except (ConfigurationError, Conflict, NotFound) as error:
            seen.findings.append(_misfit(error))
            seen.done(GRAPH, "the profile does not hold")
            return None
        seen.profile = environment.profile.name
        stacks = _counted(len(environment.stacks), "stack")
        packages = _counted(len(wanted_packages(environment)), "package")
        seen.done(GRAPH, f"{stacks}, {packages}")
        return environment

    def _parse(self, seen: _Seen, flake: str) -> bool:
        found = self.environment.parse(flake)
        seen.findings += found
        seen.done(PARSE, "the flake is Nix" if not found else "the flake is not Nix")
        return not found

    def _ask(self, seen: _Seen, environment: Environment, flake: str, progress: Progress) -> None:
        name = environment.profile.name
        try:
            with self.environment.prepare(name, flake, update=False, progress=progress) as made:
                if self._evaluate(seen, environment, made):
                    self._forecast(seen, made)
                else:
                    seen.not_done("not all packages can be evaluated", FORECAST)
        except (HostUnreachable, ToolMissing, NixFailed) as error:
            # Without a lock there is nothing to evaluate: that says nothing of the profile.
            left = [n for n in (EVALUATION, FORECAST) if n not in {s.name for s in seen.steps}]
            seen.not_done(error.message, *left)

    def _evaluate(self, seen: _Seen, environment: Environment, made: PreparedFlake) -> bool:
        wanted = wanted_packages(environment)
        try:
            facts = made.facts(wanted, flags=environment.nixpkgs_flags)
        except NixFailed as error:
            seen.findings.append(error_found(EVALUATION, error.message, hint=error.hint))
            seen.done(EVALUATION, "nixpkgs could not be evaluated")
            return False
        found = list(judged(facts, environment, self.index))
        seen.findings += found
        seen.done(EVALUATION, f"{_counted(len(wanted), 'package')} looked at")
        # What is broken is left out: the rest can be evaluated without it.
        return all(finding.rule == "broken" for finding in errors_of(found))

    def _forecast(self, seen: _Seen, made: PreparedFlake) -> None:
        try:
            seen.forecast = made.forecast()
        except NixFailed as error:
            seen.findings.append(error_found(FORECAST, error.message, hint=error.hint))
            seen.done(FORECAST, "the environment could not be evaluated")
            return
        seen.findings += [
            error_found(
                FORECAST, f"nix does not know how to come by {name}", hint="capsule setup --update"
            )
            for name in seen.forecast.unknown
        ]
        seen.done(FORECAST, told(seen.forecast))

    def _compared(self, inspection: Inspection, environment: Environment) -> Inspection:
        store_path, record = current_record(self.environment)
        before = record.packages if record else ()
        added, removed = difference(before, wanted_packages(environment))
        forecast = inspection.forecast
        changes = None if forecast is None else forecast.store_path != store_path
        return inspection.model_copy(
            update={"added": added, "removed": removed, "changes": changes}
        )


def _misfit(error: CapsuleError) -> Finding:
    """What is wrong with the profile, with the place apart from the words."""
    if not isinstance(error, ConfigurationError) or error.file is None:
        return error_found(GRAPH, error.message, hint=error.hint)
    place = error.file if error.line is None else f"{error.file}:{error.line}"
    found = error_found(GRAPH, error.message.removeprefix(f"{place}: "), hint=error.hint)
    return found.model_copy(update={"file": error.file, "line": error.line})


def told(forecast: BuildPlan) -> str:
    """A plan of Nix in a few words."""
    parts = [f"{forecast.fetch} to download"]
    if forecast.download_mib is not None:
        parts.append(f"{forecast.download_mib:.1f} MiB")
    if forecast.unpacked_mib is not None:
        parts.append(f"{forecast.unpacked_mib:.1f} MiB on disk")
    parts.append(f"{len(forecast.build)} to build here")
    return ", ".join(parts)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _inspection(seen: _Seen) -> Inspection:
    return Inspection(
        profile=seen.profile,
        steps=tuple(seen.steps),
        findings=tuple(seen.findings),
        forecast=seen.forecast,
    )
