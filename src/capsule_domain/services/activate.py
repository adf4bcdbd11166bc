"""Activate: the active profile becomes what is installed on this machine; and back."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from capsule_domain.errors import ConfigurationError, NixFailed, ToolMissing
from capsule_domain.models.forecast import Forecast
from capsule_domain.models.generation import Activation, InstalledEnvironment
from capsule_domain.models.nixos import PreviewFormat
from capsule_domain.models.profile import Environment
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.nix_environment import NixEnvironment, PreparedFlake, Progress
from capsule_domain.ports.nix_renderer import NixRenderer
from capsule_domain.ports.nix_tool import NixTool
from capsule_domain.ports.search_path import SearchPath
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.installed import current_record, difference, wanted_packages
from capsule_domain.services.nix_version import (
    OLDEST_NIX,
    RECOMMENDED_NIX,
    dotted,
    is_old,
    is_too_old,
)
from capsule_domain.services.verdicts import Facts, errors_of, judged, left_out


@dataclass(frozen=True)
class Activate:
    """Installs the active profile as one new generation, or finds it installed."""

    profiles: ManageProfile
    renderer: NixRenderer
    nix: NixTool
    environment: NixEnvironment
    search_path: SearchPath
    clock: Clock

    def run(
        self,
        *,
        update: bool,
        dry_run: bool,
        agree: Callable[[Activation], None],
        progress: Progress,
    ) -> Activation:
        """Plan, ask `agree`, install. With `update` the lock moves to the newest nixpkgs.

        `agree` raises Declined to stop; it is asked only when something would change and
        this is no dry run. Raises ConfigurationError for a profile that does not hold or
        a Nix that is too old, ToolMissing without Nix, and all that NixEnvironment raises.
        """
        environment = self.profiles.show(None)
        flake = self.renderer.preview(environment, PreviewFormat.FLAKE)
        warnings = self._warnings()
        name = environment.profile.name
        with self.environment.prepare(name, flake, update=update, progress=progress) as made:
            forecast = self._forecast(environment, made)
            before, _ = current_record(self.environment)
            facts = {} if forecast.store_path == before else self._facts(environment, made)
            plan = self._plan(environment, made, forecast, facts, warnings)
            if dry_run:
                return plan
            if plan.changed:
                agree(plan)
            record = self._record(environment, flake, forecast, facts)
            generation = made.install(record)
        return plan.model_copy(update={"generation": generation.generation})

    def _warnings(self) -> tuple[str, ...]:
        """What is worth knowing of this Nix; missing or too old is an error."""
        said = self.nix.version()
        if said is None:
            raise ToolMissing("Nix", hint="capsule bootstrap")
        if is_too_old(said):
            raise ConfigurationError(
                f"nix {said} is too old: {dotted(OLDEST_NIX)} or newer is needed",
                hint="capsule bootstrap",
            )
        if is_old(said):
            return (f"nix {said} is old: {dotted(RECOMMENDED_NIX)} or newer is better",)
        return ()

    def _forecast(self, environment: Environment, made: PreparedFlake) -> Forecast:
        """What stands in the way is told by package, not by where Nix stumbled."""
        try:
            return made.forecast()
        except NixFailed as error:
            facts = self._facts(environment, made)
            findings = errors_of(list(judged(facts, environment)))
            if not findings:
                raise
            raise ConfigurationError(
                "; ".join(finding.message for finding in findings), hint="capsule check"
            ) from error

    def _facts(self, environment: Environment, made: PreparedFlake) -> Facts:
        """Versions for later; an environment that can be built is not refused without them."""
        try:
            return made.facts(wanted_packages(environment), flags=environment.nixpkgs_flags)
        except NixFailed:
            return {}

    def _plan(
        self,
        environment: Environment,
        made: PreparedFlake,
        forecast: Forecast,
        facts: Facts,
        warnings: tuple[str, ...],
    ) -> Activation:
        store_path, record = current_record(self.environment)
        numbers = [one.generation for one in self.environment.generations() if one.current]
        link = self.environment.link
        changed = forecast.store_path != store_path
        there = _available(environment, facts) if changed else ()
        without = left_out(facts, environment)
        added, removed = difference(record.packages if record and changed else (), there)
        return Activation(
            profile=environment.profile.name,
            changed=changed,
            generation=numbers[0] if numbers else None,
            store_path=forecast.store_path,
            link=str(link),
            path=str(link / "bin"),
            on_path=self.search_path.holds(link / "bin"),
            added=added,
            removed=removed,
            updated=_updated(record, facts),
            nixpkgs=made.nixpkgs,
            forecast=forecast,
            warnings=(*warnings, *(f"{why}, and is left out" for why in without.values())),
        )

    def _record(
        self,
        environment: Environment,
        flake: str,
        forecast: Forecast,
        facts: Facts,
    ) -> InstalledEnvironment:
        there = _available(environment, facts)
        versions = {n: fact.version for n, fact in facts.items() if n in there and fact.version}
        fresh = InstalledEnvironment(
            store_path=forecast.store_path,
            profile=environment.profile.name,
            stacks=tuple(entry.stack.name for entry in environment.stacks),
            packages=there,
            versions=versions,
            flake=flake,
            flake_sha256=sha256(flake.encode()).hexdigest(),
            installed_at=self.clock.now(),
        )
        known = self.environment.recorded(forecast.store_path)
        if known is None:
            return fresh
        # The same store path holds the same packages, whether or not they were looked at now.
        kept = {"installed_at"} if facts else {"installed_at", "packages", "versions"}
        return fresh.model_copy(update={name: getattr(known, name) for name in kept})


def _available(environment: Environment, facts: Facts) -> tuple[str, ...]:
    missing = left_out(facts, environment)
    return tuple(name for name in wanted_packages(environment) if name not in missing)


def _updated(record: InstalledEnvironment | None, facts: Facts) -> dict[str, str]:
    before = record.versions if record else {}
    return {
        name: f"{before[name]} → {fact.version}"
        for name, fact in sorted(facts.items())
        if fact.version and before.get(name, fact.version) != fact.version
    }
