"""What tells two closures apart: packages and versions, as `nix store diff-closures` does it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from capsule_adapters.nix.building.stores import Closure
from capsule_domain.models.closure import ClosureDifference, PackageChange

T = TypeVar("T")

WORTH_TELLING_BYTES = 8 * 1024
"""A package of the same versions is told when its size changes by so much."""

_STORE_NAME = re.compile(r"(?:.*/)?[0-9a-z]{32}-(?P<name>[^/]+)")
# An output's name cannot be told from a suffix such as `-unstable`: both are left away.
_OUTPUT = re.compile(r"(?P<name>.*)-(?:[a-z]+|lib32|lib64)", re.DOTALL)
_VERSION = re.compile(r"(?P<name>.*?)-(?P<version>[^A-Za-z].*)", re.DOTALL)
_DATABASE = re.compile(r"[0-9a-z]{32}-postgresql(?:-and-plugins)?-(?P<major>\d+)")


def parted(path: str) -> tuple[str, str]:
    """The package and the version that a store path is of; `` for one without a version."""
    matched = _STORE_NAME.fullmatch(path)
    name = matched["name"] if matched else path.rpartition("/")[2]
    if output := _OUTPUT.fullmatch(name):
        name = output["name"]
    if versioned := _VERSION.fullmatch(name):
        return versioned["name"], versioned["version"]
    return name, ""


def difference(before: Closure, after: Closure) -> ClosureDifference:
    """From one to the other."""
    was, now = _packages(before.sizes), _packages(after.sizes)
    changes = (_change(name, was.get(name, {}), now.get(name, {})) for name in {*was, *now})
    return ClosureDifference(
        before=before.system,
        after=after.system,
        changes=tuple(sorted(filter(_is_worth_telling, changes), key=lambda one: one.name)),
        added_paths=len(after.sizes.keys() - before.sizes.keys()),
        removed_paths=len(before.sizes.keys() - after.sizes.keys()),
        size_bytes=sum(after.sizes.values()) - sum(before.sizes.values()),
        kernel=_differing(before.kernel, after.kernel),
        postgresql=_differing(database_major(before.databases), database_major(after.databases)),
    )


def database_major(names: Iterable[str]) -> int | None:
    """The major version of the database that these packages are of; the newest of several."""
    found = (_DATABASE.match(name) for name in names)
    return max((int(match["major"]) for match in found if match), default=None)


Versions = Mapping[str, int]
"""Sizes in bytes, by version."""


def _packages(sizes: Mapping[str, int]) -> Mapping[str, Versions]:
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path, size in sizes.items():
        name, version = parted(path)
        found[name][version] += size
    return found


def _change(name: str, was: Versions, now: Versions) -> PackageChange:
    return PackageChange(
        name=name,
        before=_ordered(was),
        after=_ordered(now),
        size_bytes=sum(now.values()) - sum(was.values()),
    )


def _is_worth_telling(change: PackageChange) -> bool:
    return change.before != change.after or abs(change.size_bytes) >= WORTH_TELLING_BYTES


def _ordered(versions: Iterable[str]) -> tuple[str, ...]:
    """Older first: numbers in them count as numbers."""
    return tuple(sorted(versions, key=lambda text: [_rank(part) for part in _parts(text)]))


def _parts(version: str) -> Sequence[str]:
    return re.findall(r"[0-9]+|[^0-9]+", version)


def _rank(part: str) -> tuple[bool, int, str]:
    number = part.isascii() and part.isdecimal()
    return (number, int(part) if number else 0, part)


def _differing(before: T | None, after: T | None) -> tuple[T, T] | None:
    """Both, where both are known and differ."""
    if before is None or after is None or before == after:
        return None
    return before, after
