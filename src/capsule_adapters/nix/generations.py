"""A Nix profile as it stands on the disk: `capsule` → `capsule-3-link` → the store."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from capsule_adapters.store.faults import reporting

_STORE_ITEM = re.compile(r"[0-9a-z]{32}-(?P<name>.+)")
_NAME_VERSION = re.compile(r"(?P<name>.+?)-(?P<version>\d.*)")
_OUTPUTS = re.compile(r"-(bin|dev|doc|info|lib|man|out|terminfo)$")
_DIST_INFO = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)\.dist-info")


@dataclass(frozen=True)
class Numbered:
    """One generation: its number, when it was made, and what it points to."""

    number: int
    date: datetime
    store_path: str
    current: bool


def read_generations(link: Path) -> Sequence[Numbered]:
    """Every generation of the profile at `link`, by number. Raises StoreError.

    Read from the links themselves: `nix-env --list-generations` takes a lock for it.
    """
    form = re.compile(rf"{re.escape(link.name)}-(\d+)-link")
    with reporting("read", link.parent):
        try:
            names = [path.name for path in link.parent.iterdir()]
        except FileNotFoundError:
            return []
        current = str(link.readlink()).rpartition("/")[2] if link.is_symlink() else None
        found = []
        for name in names:
            matched = form.fullmatch(name)
            path = link.parent / name
            if matched and path.is_symlink():
                made = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
                found.append(Numbered(int(matched[1]), made, str(path.readlink()), name == current))
    return sorted(found, key=lambda one: one.number)


def current_generation(link: Path) -> Numbered | None:
    """The generation that `link` points to; None when there is none."""
    return next((one for one in read_generations(link) if one.current), None)


def seen_versions(store_path: Path) -> Mapping[str, str | None]:
    """Packages that the links of an environment lead to, by the name they call themselves.

    Python's are found by what is installed for its interpreter. Raises StoreError.
    """
    found: dict[str, str | None] = {}
    with reporting("read", store_path):
        for path in _links(store_path):
            for part in path.readlink().parts:
                if item := _STORE_ITEM.fullmatch(part):
                    name, version = _parted(item["name"])
                    found[name] = version
        for info in store_path.glob("lib/python3*/site-packages/*.dist-info"):
            if told := _DIST_INFO.fullmatch(info.name):
                found[f"python3Packages.{told['name'].lower().replace('_', '-')}"] = told["version"]
    return found


def _links(folder: Path) -> list[Path]:
    """The symbolic links in an environment, two folders deep."""
    if not folder.is_dir():
        return []
    first = list(folder.iterdir())
    second = [p for sub in first if sub.is_dir() and not sub.is_symlink() for p in sub.iterdir()]
    return [path for path in (*first, *second) if path.is_symlink()]


def _parted(name: str) -> tuple[str, str | None]:
    """`ripgrep` and `14.1.0` of `ripgrep-14.1.0-man`."""
    matched = _NAME_VERSION.fullmatch(_OUTPUTS.sub("", name))
    return (matched["name"], matched["version"]) if matched else (name, None)
