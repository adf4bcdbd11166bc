"""What it takes to have a profile on a machine: nothing, when it is there already."""

from collections.abc import Iterator, Sequence
from typing import Literal

from capsule_domain.errors import (
    ConfigurationError,
    Conflict,
    HostError,
    ToolMissing,
)
from capsule_domain.models.facts import Earth, MachineFacts, OwnCapsule
from capsule_domain.models.planting import (
    BuildOn,
    Installer,
    PlantChange,
    PlantFile,
    PlantPlan,
    PlantStep,
    PlantWish,
)
from capsule_domain.ports.host import Destination, Target
from capsule_domain.services.nix_there import NixWay

BootPlace = Literal["local", "remote"]

LITTLE_MEMORY_MIB = 1800
"""What a machine of 2 GiB has at least: with less, Nix may be ended while it evaluates nixpkgs."""


def plan_planting(
    machine: Target | Destination,
    facts: MachineFacts,
    wish: PlantWish,
    *,
    build_on: BuildOn,
    here: str | None,
    installer: Installer | None = None,
    way: NixWay | None = None,
) -> PlantPlan:
    """The difference between `wish` and what is there. Nothing is changed, nobody is asked.

    `here` is what this machine's Nix builds for, None without one. `installer` and `way`
    are given where Nix is missing. Raises ConfigurationError, Conflict, HostError.
    """
    place = machine.label
    if wish.wheel is not None:
        _refuse_capsule(facts, place)
    where, because = _build_place(facts, place, build_on, here)
    files = _files(facts.earth, wish)
    changes = [
        *_nix(installer, way),
        *(_written(file, facts) for file in files),
        *_environment(facts, wish, where),
        *_path(facts),
        *_capsule(facts, wish),
    ]
    return PlantPlan(
        destination=place,
        machine=facts.title,
        profile=wish.profile,
        build_on=where,
        build_because=because,
        changes=tuple(changes),
        notes=(*(way.notes if way else ()), *_notes(facts, wish), *_memory(facts, where, changes)),
        installer=installer,
        multi_user=way.multi_user if way else False,
        files=tuple(file.path for file in files),
    )


def asked_files(wish: PlantWish) -> Sequence[str]:
    """The paths that the plan compares."""
    lock = wish.flake.path.replace("flake.nix", "flake.lock")
    return [wish.flake.path, lock, *(file.path for file in wish.others)]


def _refuse_capsule(facts: MachineFacts, place: str) -> None:
    if facts.earth.capsule == OwnCapsule.FOREIGN:
        raise Conflict(
            f"~/.local/bin/capsule on {place} is there already, and is not ours",
            hint="move it away there, or leave Capsule itself out: --no-capsule",
        )
    if facts.python is None:
        raise HostError(
            f"{place} has no Python of 3.11 or newer that makes environments",
            hint="install it there (Debian: python3-venv), or leave Capsule itself out: "
            "--no-capsule",
        )


def _build_place(
    facts: MachineFacts, place: str, build_on: BuildOn, here: str | None
) -> tuple[BootPlace, str]:
    there = facts.nix_system
    if build_on == BuildOn.REMOTE:
        return "remote", "as asked"
    if build_on == BuildOn.LOCAL:
        if here is None:
            raise ToolMissing("Nix", hint="capsule bootstrap, or --build-on remote")
        if here != there:
            raise ConfigurationError(
                f"this machine builds for {here}, and {place} is {there}",
                hint="--build-on remote",
            )
        return "local", "as asked"
    if facts.nix is not None:
        return "remote", "it has Nix"
    if here is None:
        return "remote", "this machine has no Nix"
    if here != there:
        return "remote", f"this machine is {here}"
    return "local", "it has no Nix yet, and this machine is of its kind"


def _files(earth: Earth, wish: PlantWish) -> list[PlantFile]:
    """What is missing or otherwise there; the lock comes before the flake that it locks."""
    wanted = [*((wish.lock,) if wish.lock else ()), wish.flake, *wish.others]
    return [file for file in wanted if not _is_there(file, earth, wish)]


def _is_there(file: PlantFile, earth: Earth, wish: PlantWish) -> bool:
    found = earth.files.get(file.path)
    if found is None:
        return False
    if file is wish.lock and earth.record is not None:
        # That machine's Nix may have completed what was sent: it counts as sent.
        return file.sha256 in (found, earth.record.lock_sha256)
    return file.keep or found == file.sha256


def _nix(installer: Installer | None, way: NixWay | None) -> Iterator[PlantChange]:
    if installer is not None and way is not None:
        users = "for all users, with a daemon" if way.multi_user else "for this user alone"
        yield PlantChange(
            step=PlantStep.NIX,
            what=f"install Nix {users}, by {installer.url} (sha256 {installer.sha256})",
            where="/nix",
            size_bytes=installer.size_bytes,
        )


def _written(file: PlantFile, facts: MachineFacts) -> PlantChange:
    verb = "replace" if file.path in facts.earth.files else "write"
    return PlantChange(
        step=PlantStep.FILES,
        what=f"{verb} {file.path.rpartition('/')[2]}",
        where=f"{facts.capsule_home}/{file.path}",
        size_bytes=file.size_bytes,
    )


def _environment(facts: MachineFacts, wish: PlantWish, where: BootPlace) -> Iterator[PlantChange]:
    record, earth = facts.earth.record, facts.earth
    lock = wish.lock.sha256 if wish.lock else None
    if (
        record is not None
        and record.store_path == earth.store_path
        and record.flake_sha256 == wish.flake.sha256
        and lock in (None, record.lock_sha256, earth.files.get(wish.lock.path if wish.lock else ""))
    ):
        return
    what = "build the packages there" if where == "remote" else "build the packages here, send them"
    yield PlantChange(
        step=PlantStep.ENVIRONMENT,
        what=f"{what}, and set Capsule's Nix profile",
        where="~/.local/state/nix/profiles/capsule",
    )


def _path(facts: MachineFacts) -> Iterator[PlantChange]:
    if not facts.earth.on_path:
        yield PlantChange(
            step=PlantStep.PATH,
            what="put the profile on PATH, between two marks",
            where=facts.start_up_file,
        )


def _capsule(facts: MachineFacts, wish: PlantWish) -> Iterator[PlantChange]:
    wheel = wish.wheel
    if wheel is None or facts.earth.capsule_stamp == wheel.sha256:
        return
    verb = "replace" if facts.earth.capsule == OwnCapsule.OURS else "install"
    yield PlantChange(
        step=PlantStep.CAPSULE,
        what=f"{verb} Capsule {wheel.version}, with Python {facts.python_version}",
        where=f"{facts.home}/.local/bin/capsule",
        size_bytes=wheel.size_bytes,
    )


def _notes(facts: MachineFacts, wish: PlantWish) -> Iterator[str]:
    kept = [file for file in wish.others if file.keep]
    if any(file.path in facts.earth.files for file in kept):
        yield "which profile is active for the Capsule there stays as it is"
    if facts.free_store_mib is not None and facts.free_store_mib < 2048:
        yield f"little room: {facts.free_store_mib} MiB are free for packages"


def _memory(facts: MachineFacts, where: BootPlace, changes: Sequence[PlantChange]) -> Iterator[str]:
    little = facts.memory_mib is not None and facts.memory_mib < LITTLE_MEMORY_MIB
    if little and where == "remote" and any(c.step == PlantStep.ENVIRONMENT for c in changes):
        yield (
            f"little memory for Nix to build in: {facts.memory_mib} MiB; "
            "with a Nix here, --build-on local spares it"
        )
