"""A profile onto a machine over SSH: looked at, planned, done step by step, seen growing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from capsule_domain.errors import CommandFailed
from capsule_domain.models.facts import MachineFacts
from capsule_domain.models.nixos import PreviewFormat
from capsule_domain.models.planting import (
    BuildOn,
    Planted,
    PlantEvent,
    PlantFile,
    PlantPlan,
    PlantRecord,
    PlantStep,
    PlantWish,
    Rooted,
)
from capsule_domain.models.profile import Environment
from capsule_domain.ports.host import Destination
from capsule_domain.ports.nix_renderer import NixRenderer
from capsule_domain.ports.plot import Greenhouse, NixInstallers, Plot, Plots, Seeds
from capsule_domain.services.nix_there import nix_way
from capsule_domain.services.plan_planting import asked_files, plan_planting

Progress = Callable[[PlantEvent], None]


@dataclass(frozen=True)
class Planting:
    """What is wanted where, what is there, and the way between: to be shown, then run."""

    destination: Destination
    wish: PlantWish
    facts: MachineFacts
    plan: PlantPlan


@dataclass(frozen=True)
class Plant:
    """Puts a profile on another machine. Doing it again changes nothing.

    Broken off anywhere, doing it again completes it: each step is found done or not done.
    """

    plots: Plots
    greenhouse: Greenhouse
    seeds: Seeds
    installers: NixInstallers
    renderer: NixRenderer

    def plan(
        self,
        destination: Destination,
        environment: Environment,
        *,
        build_on: BuildOn = BuildOn.AUTO,
        capsule: bool = True,
    ) -> Planting:
        """Look at the machine in one round trip. `capsule`: Capsule itself goes there too.

        Nothing is changed there. Raises HostError, Conflict, ConfigurationError.
        """
        wish = self._wish(environment, capsule=capsule)
        with self.plots.open(destination) as plot:
            facts = plot.facts(asked_files(wish), reach=self.installers.url)
        bare = facts.nix is None or facts.nix_version is None
        way = nix_way(facts, place=destination.label) if bare else None
        plan = plan_planting(
            destination,
            facts,
            wish,
            build_on=build_on,
            here=self.greenhouse.system(),
            installer=self.installers.fetch() if way else None,
            way=way,
        )
        return Planting(destination, wish, facts, plan)

    def run(self, planting: Planting, *, progress: Progress) -> Planted:
        """Carry exactly that plan out, then look again as a person who logs in would.

        Raises HostError, NixFailed among them; what was there before a failed step is as
        it was.
        """
        plan = planting.plan
        with self.plots.open(planting.destination) as plot:
            store_path = self._grow(plot, planting, progress)
            if plan.has(PlantStep.PATH):
                progress(PlantEvent(step=PlantStep.PATH))
                plot.enter_path()
            if plan.has(PlantStep.CAPSULE) and planting.wish.wheel is not None:
                heard = _begin(progress, PlantStep.CAPSULE)
                plot.install_capsule(planting.wish.wheel, heard=heard)
            progress(PlantEvent(step=PlantStep.VERIFY))
            seen = plot.rooted()
        _refuse_what_is_not_seen(planting, seen)
        return Planted(
            destination=plan.destination,
            profile=plan.profile,
            store_path=store_path,
            changes=plan.changes,
            seen=seen,
        )

    def _wish(self, environment: Environment, *, capsule: bool) -> PlantWish:
        name = environment.profile.name
        flake = PlantFile(
            path=f"environment/{name}/flake.nix",
            text=self.renderer.preview(environment, PreviewFormat.FLAKE),
        )
        active = PlantFile(
            path="config.yml", text=f"version: 1\nactive_profile: {name}\n", keep=True
        )
        return PlantWish(
            profile=name,
            flake=flake,
            lock=self.seeds.lock(name),
            others=(*self.seeds.own_files(environment), active) if capsule else (),
            wheel=self.seeds.wheel() if capsule else None,
        )

    def _grow(self, plot: Plot, planting: Planting, progress: Progress) -> str:
        """Nix, the files and the packages; returns what Capsule's Nix profile leads to."""
        plan, wish = planting.plan, planting.wish
        if plan.installer is not None:
            heard = _begin(progress, PlantStep.NIX)
            plot.install_nix(plan.installer, multi_user=plan.multi_user, heard=heard)
        files = [file for file in _all_files(wish) if file.path in plan.files]
        if not plan.has(PlantStep.ENVIRONMENT):
            self._write(plot, files, progress)
            return planting.facts.earth.store_path or ""
        if plan.build_on == "remote":
            self._write(plot, files, progress)
            heard = _begin(progress, PlantStep.ENVIRONMENT)
            store_path = plot.build(f"environment/{wish.profile}", heard=heard)
            sent = wish.lock
        else:
            store_path, sent = self._transplant(plot, planting, files, progress)
        plot.record(
            PlantRecord(
                profile=wish.profile,
                flake_sha256=wish.flake.sha256,
                lock_sha256=sent.sha256 if sent else None,
                store_path=store_path,
            )
        )
        return store_path

    def _transplant(
        self, plot: Plot, planting: Planting, files: list[PlantFile], progress: Progress
    ) -> tuple[str, PlantFile | None]:
        """Built here and sent, with the lock that it was built with."""
        wish = planting.wish
        heard = _begin(progress, PlantStep.ENVIRONMENT)
        grown = self.greenhouse.build(wish.flake, wish.lock, heard=heard)
        if grown.lock is not None and grown.lock != wish.lock:
            files = [grown.lock, *(file for file in files if file.path != grown.lock.path)]
        self._write(plot, files, progress)
        nix = plot.facts([]).nix
        if nix is None:
            raise CommandFailed(f"{planting.plan.destination} has no Nix to send packages to")
        self.greenhouse.send(grown.store_path, planting.destination, nix=nix, heard=heard)
        return plot.adopt(grown.store_path), grown.lock or wish.lock

    def _write(self, plot: Plot, files: list[PlantFile], progress: Progress) -> None:
        if files:
            progress(PlantEvent(step=PlantStep.FILES))
            plot.write(files)


def _all_files(wish: PlantWish) -> tuple[PlantFile, ...]:
    return (*((wish.lock,) if wish.lock else ()), wish.flake, *wish.others)


def _begin(progress: Progress, step: PlantStep) -> Callable[[str], None]:
    """Tell that the step begins; what is heard while it lasts is told too."""
    progress(PlantEvent(step=step))
    return partial(_tell, progress, step)


def _tell(progress: Progress, step: PlantStep, line: str) -> None:
    progress(PlantEvent(step=step, detail=line))


def _refuse_what_is_not_seen(planting: Planting, seen: Rooted) -> None:
    place, wheel = planting.plan.destination, planting.wish.wheel
    look = f"look at {planting.facts.start_up_file} there: something in it may leave early"
    if not seen.environment_on_path:
        raise CommandFailed(
            f"a fresh login shell on {place} does not have the profile on its PATH", hint=look
        )
    if seen.program is not None and seen.found is None:
        raise CommandFailed(
            f"a fresh login shell on {place} does not find {seen.program}", hint=look
        )
    if wheel is not None and seen.capsule_version != wheel.version:
        found = f"Capsule {seen.capsule_version}" if seen.capsule_version else "none"
        raise CommandFailed(
            f"a fresh login shell on {place} finds {found}, not Capsule {wheel.version}", hint=look
        )
