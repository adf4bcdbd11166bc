"""The machine below: Python, the terminal, the search path, room on the disks."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from capsule_adapters.sandbox.isolation import best_isolation
from capsule_domain.models.diagnosis import Diagnosis, error, ok, skipped, warning
from capsule_domain.ports.nix_environment import NixEnvironment
from capsule_domain.ports.search_path import SearchPath

_GIB = 1024**3
_LEAST_INODES_PERCENT = 1.0


def python() -> Iterator[Diagnosis]:
    """What runs Capsule. (One that is too old does not come so far.)"""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield ok("python", f"Python {version} in {sys.prefix}")


def terminal(encoding: str | None) -> Iterator[Diagnosis]:
    """Whether ● and ✓ can be shown."""
    if encoding is None:
        yield skipped("terminal", "nobody looks")
    elif encoding.lower().replace("-", "").replace("_", "") in (
        "utf8",
        "utf8sig",
    ):
        yield ok("terminal", "shows UTF-8")
    else:
        yield warning(
            "terminal", f"the terminal takes {encoding}, not UTF-8", hint="export LANG=C.UTF-8"
        )


def path(environment: NixEnvironment, search_path: SearchPath) -> Iterator[Diagnosis]:
    """Whether what `setup` installs is found by the shell."""
    programs = Path(environment.link) / "bin"
    if not os.path.lexists(environment.link):
        yield skipped("path", "nothing is installed yet", hint="capsule setup")
    elif search_path.holds(programs):
        yield ok("path", f"{programs} is on PATH")
    else:
        yield warning(
            "path",
            f"{programs} is not on PATH: what setup installed is not found",
            hint=search_path.line(programs),
        )


def disk(folders: Sequence[tuple[Path, float, float]]) -> Iterator[Diagnosis]:
    """Room where things are written: each folder with its GiB for a warning and an error."""
    for folder, wanted_gib, needed_gib in folders:
        place = next(p for p in (folder, *folder.parents) if p.exists())
        free_gib = shutil.disk_usage(place).free / _GIB
        room = f"{free_gib:.1f} GiB free for {folder}"
        if free_gib < needed_gib:
            yield error("disk", f"only {room}", hint=_make_room(folder))
        elif free_gib < wanted_gib:
            yield warning("disk", f"only {room}", hint=_make_room(folder))
        elif _inodes_percent(place) < _LEAST_INODES_PERCENT:
            yield warning("disk", f"hardly any inodes are free for {folder}", hint=f"df -i {place}")
        else:
            yield ok("disk", room)


def _make_room(folder: Path) -> str:
    if folder.is_relative_to("/nix"):
        return "nix-collect-garbage, after: capsule generations"
    return f"df -h {folder}"


def _inodes_percent(place: Path) -> float:
    """Free for a user; 100 where the file system does not count them."""
    found = os.statvfs(place)
    return 100.0 * found.f_favail / found.f_files if found.f_files else 100.0


def sandbox() -> Iterator[Diagnosis]:
    """How the rehearsal's machines are kept apart."""
    name = best_isolation().name
    if name == "folders" and sys.platform == "linux":
        hint = "install bubblewrap (apt install bubblewrap), and allow user namespaces"
        yield warning("sandbox", "rehearsed machines are kept apart by folders alone", hint=hint)
    else:
        yield ok("sandbox", f"rehearsed machines are kept apart by {name}")
