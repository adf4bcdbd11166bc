"""Installed: what is wanted, what is there, and in which version."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import unified_diff

from capsule_domain.errors import NotFound
from capsule_domain.models.generation import InstalledEnvironment, PackageRow
from capsule_domain.models.profile import Environment
from capsule_domain.ports.nix_environment import NixEnvironment

PYTHON_SET = "python3Packages."


def wanted_packages(environment: Environment) -> tuple[str, ...]:
    """Every package of an environment as an attribute path into nixpkgs, sorted."""
    python = (f"{PYTHON_SET}{name}" for name in environment.python_packages)
    return tuple(sorted((*environment.packages, *python)))


def current_record(nix: NixEnvironment) -> tuple[str | None, InstalledEnvironment | None]:
    """The store path of the current generation, and what was written down of it."""
    current = next((one for one in nix.generations() if one.current), None)
    if current is None:
        return None, None
    return current.store_path, nix.recorded(current.store_path)


def package_rows(environment: Environment, nix: NixEnvironment) -> Sequence[PackageRow]:
    """What is wanted or installed, by name.

    What was written down says what is installed. Of a generation that somebody else
    made, only what its links show is known.
    """
    store_path, record = current_record(nix)
    seen = nix.versions(store_path) if store_path else {}
    wanted = set(wanted_packages(environment))
    recorded = set(record.packages) if record else None
    rows = []
    for package in sorted(wanted | (recorded or set())):
        found, version = _seen(package, seen)
        installed = package in recorded if recorded is not None else found
        known = (record.versions.get(package) if record else None) or version
        rows.append(
            PackageRow(
                package=package,
                wanted=package in wanted,
                installed=installed,
                missing=package in wanted and not installed,
                version=known if installed else None,
            )
        )
    return rows


def flake_difference(flake: str, nix: NixEnvironment) -> str:
    """A unified diff from the flake that is installed to `flake`; empty when they are the same.

    Raises NotFound when nothing was written down of what is installed.
    """
    store_path, record = current_record(nix)
    if store_path is not None and record is None:
        raise NotFound("flake of", store_path, hint="capsule setup")
    before = record.flake if record else ""
    name = f"installed ({record.profile})" if record else "nothing installed"
    lines = unified_diff(before.splitlines(), flake.splitlines(), name, "flake.nix", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def difference(before: Iterable[str], after: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """What comes, and what goes, each sorted."""
    old, new = set(before), set(after)
    return tuple(sorted(new - old)), tuple(sorted(old - new))


def _seen(package: str, seen: Mapping[str, str | None]) -> tuple[bool, str | None]:
    """Whether an environment's links show `package`, and its version.

    A package may call itself otherwise than its attribute: then it is not seen.
    """
    is_python = package.startswith(PYTHON_SET)
    own = _plain(package if is_python else package.rpartition(".")[2])
    for name, version in seen.items():
        if _plain(name) == own:
            return True, version
    return False, None


def _plain(name: str) -> str:
    """One spelling for the names of Python's packages, which have several."""
    return re.sub(r"[-_.]+", "-", name).lower()
