"""A planting: what was looked at and planned, and what must hold before and after it is done."""

from dataclasses import dataclass
from datetime import datetime

from capsule_domain.errors import CommandFailed, Conflict
from capsule_domain.models.facts import MachineFacts
from capsule_domain.models.generation import InstalledEnvironment
from capsule_domain.models.planting import PlantFile, PlantPlan, PlantWish, Rooted
from capsule_domain.models.profile import Environment
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.plot import Plot
from capsule_domain.services.installed import wanted_packages
from capsule_domain.services.plan_planting import asked_files


@dataclass(frozen=True)
class Planting:
    """What is wanted where, what is there, and the way between: to be shown, then run."""

    machine: Target | Destination
    environment: Environment
    wish: PlantWish
    facts: MachineFacts
    plan: PlantPlan


def written_down(
    planting: Planting, store_path: str, lock: PlantFile | None, now: datetime
) -> InstalledEnvironment:
    """What `setup` on that machine would have written down of it."""
    environment, flake = planting.environment, planting.wish.flake
    return InstalledEnvironment(
        store_path=store_path,
        profile=environment.profile.name,
        stacks=tuple(entry.stack.name for entry in environment.stacks),
        packages=wanted_packages(environment),
        flake=flake.text,
        flake_sha256=flake.sha256,
        lock=lock.text if lock else None,
        installed_at=now,
    )


def refuse_other_earth(plot: Plot, planting: Planting) -> None:
    """The plan is the way from what was there when it was shown. Raises Conflict."""
    was, now = planting.facts, plot.facts(asked_files(planting.wish))
    if (now.earth, now.nix) != (was.earth, was.nix):
        raise Conflict(
            f"{planting.plan.destination} is not as it was when this was planned: "
            "another Capsule planted or installed there",
            hint="look at it anew: the same command again",
        )


def refuse_what_is_not_seen(planting: Planting, seen: Rooted) -> None:
    """Only what a fresh login shell finds is called done. Raises CommandFailed."""
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
