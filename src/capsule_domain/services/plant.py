"""A profile onto a machine over SSH: looked at, planned, done step by step, seen growing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from capsule_domain.errors import CommandFailed
from capsule_domain.models.nixos import PreviewFormat
from capsule_domain.models.planting import (
    BuildOn,
    Planted,
    PlantEvent,
    PlantFile,
    PlantRecord,
    PlantStep,
    PlantWish,
)
from capsule_domain.models.profile import Environment
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.nix_renderer import NixRenderer
from capsule_domain.ports.plot import Greenhouse, NixInstallers, Plot, Plots, Seeds
from capsule_domain.services.nix_there import nix_way
from capsule_domain.services.plan_planting import asked_files, plan_planting
from capsule_domain.services.planting import (
    Planting,
    refuse_other_earth,
    refuse_what_is_not_seen,
    written_down,
)

Progress = Callable[[PlantEvent], None]
Left = Callable[[], float | None]
"""How many seconds are left; None: as many as it takes."""


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
    clock: Clock

    def plan(
        self,
        machine: Target | Destination,
        environment: Environment,
        *,
        build_on: BuildOn = BuildOn.AUTO,
        capsule: bool = True,
    ) -> Planting:
        """Look at the machine in one round trip. `capsule`: Capsule itself goes there too.

        Nothing is changed there. Raises HostError, Conflict, ConfigurationError.
        """
        wish = self._wish(environment, capsule=capsule)
        with self.plots.open(machine) as plot:
            facts = plot.facts(asked_files(wish), reach=self.installers.url)
        bare = facts.nix is None or facts.nix_version is None
        way = nix_way(facts, place=machine.label) if bare else None
        plan = plan_planting(
            machine,
            facts,
            wish,
            build_on=build_on,
            here=self.greenhouse.system(),
            installer=self.installers.fetch() if way else None,
            way=way,
        )
        return Planting(machine, environment, wish, facts, plan)

    def run(
        self, planting: Planting, *, progress: Progress, timeout_seconds: float | None = None
    ) -> Planted:
        """Carry exactly that plan out, then look again as a person who logs in would.

        Raises HostError, NixFailed among them; what was there before a failed step is as
        it was. Raises Conflict while another one plants there, or did since it was looked at.
        """
        plan = planting.plan
        store_path = planting.facts.earth.store_path or ""
        left = self._counting_down(timeout_seconds)
        with self.plots.open(planting.machine, timeout_seconds=timeout_seconds) as plot:
            if plan.changes:
                with plot.alone():
                    refuse_other_earth(plot, planting)
                    store_path = self._change(plot, planting, progress, left)
            progress(PlantEvent(step=PlantStep.VERIFY))
            seen = plot.rooted()
        refuse_what_is_not_seen(planting, seen)
        return Planted(
            destination=plan.destination,
            profile=plan.profile,
            store_path=store_path,
            changes=plan.changes,
            seen=seen,
        )

    def _counting_down(self, timeout_seconds: float | None) -> Left:
        begun = self.clock.monotonic()

        def left() -> float | None:
            if timeout_seconds is None:
                return None
            return max(timeout_seconds - (self.clock.monotonic() - begun), 0.0)

        return left

    def _change(self, plot: Plot, planting: Planting, progress: Progress, left: Left) -> str:
        """Every step of the plan; returns what Capsule's Nix profile leads to after it."""
        store_path = self._grow(plot, planting, progress, left)
        if planting.plan.has(PlantStep.PATH):
            progress(PlantEvent(step=PlantStep.PATH))
            plot.enter_path()
        if planting.plan.has(PlantStep.CAPSULE) and planting.wish.wheel is not None:
            heard = _begin(progress, PlantStep.CAPSULE)
            plot.install_capsule(planting.wish.wheel, heard=heard)
        return store_path

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

    def _grow(self, plot: Plot, planting: Planting, progress: Progress, left: Left) -> str:
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
            store_path, sent = self._transplant(plot, planting, files, progress, left)
        plot.remember(written_down(planting, store_path, sent, self.clock.now()))
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
        self,
        plot: Plot,
        planting: Planting,
        files: list[PlantFile],
        progress: Progress,
        left: Left,
    ) -> tuple[str, PlantFile | None]:
        """Built here and sent, with the lock that it was built with."""
        wish = planting.wish
        heard = _begin(progress, PlantStep.ENVIRONMENT)
        grown = self.greenhouse.build(wish.flake, wish.lock, heard=heard, timeout_seconds=left())
        if grown.lock is not None and grown.lock != wish.lock:
            files = [grown.lock, *(file for file in files if file.path != grown.lock.path)]
        self._write(plot, files, progress)
        nix = plot.facts([]).nix
        if nix is None:
            raise CommandFailed(f"{planting.plan.destination} has no Nix to send packages to")
        self.greenhouse.send(
            grown.store_path, planting.machine, nix=nix, heard=heard, timeout_seconds=left()
        )
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
