"""What Nix is asked before anything is installed, and how its answers are read."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter, ValidationError

from capsule_adapters.nix.literal import nix_literal
from capsule_domain.errors import NixFailed
from capsule_domain.models.forecast import BuildPlan, Forecast, LockedNixpkgs, PackageFacts
from capsule_domain.models.stack import NixpkgsFlag

FEATURES = ("--extra-experimental-features", "nix-command flakes")
"""Said on every command line, so that nobody has to have them in a configuration."""

_HEADER = re.compile(
    r"(?P<what>will be (?:built|fetched)|don't know how to build these paths)"
    r"[^(:]*(?:\((?P<sizes>[^)]*)\))?:\s*$"
)
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?) (?P<unit>[KMGT]?i?B) (?P<what>download|unpacked)")
_MIB = {"B": 2.0**-20, "KiB": 2.0**-10, "MiB": 1.0, "GiB": 2.0**10, "TiB": 2.0**20}
_STORE_ITEM = re.compile(r"^\s+(?P<path>/.*/[0-9a-z]{32}-(?P<name>[^/]+))$")

_FACTS = TypeAdapter(dict[str, PackageFacts])


def locked_nixpkgs(lock: str | None) -> tuple[LockedNixpkgs, Mapping[str, Any] | None]:
    """The nixpkgs that a flake.lock names, for a person and as `fetchTree` takes it.

    None for a flake without such an input. Raises NixFailed for a lock of an unknown form.
    """
    if lock is None:
        return LockedNixpkgs(), None
    try:
        graph = json.loads(lock)
        nodes = graph["nodes"]
        name = nodes[graph["root"]].get("inputs", {}).get("nixpkgs")
        if name is None:
            return LockedNixpkgs(), None
        locked = nodes[name]["locked"]
        modified = locked.get("lastModified")
        date = None if modified is None else datetime.fromtimestamp(modified, UTC)
        return LockedNixpkgs(revision=locked.get("rev"), date=date), locked
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise NixFailed(
            "cannot read flake.lock: its form is unknown", hint="capsule setup --update"
        ) from error


def facts_expression(
    nixpkgs: Mapping[str, Any],
    packages: Sequence[str],
    flags: Mapping[NixpkgsFlag, Sequence[str]],
) -> str:
    """An expression worth the facts of each attribute path."""
    text = files("capsule_adapters.nix").joinpath("facts.nix").read_text(encoding="utf-8")
    platforms = {str(name): [*map(str, systems)] for name, systems in flags.items()}
    return (
        f"({text}) {{ nixpkgs = builtins.fetchTree {nix_literal(nixpkgs)};"
        f" system = builtins.currentSystem; packages = {nix_literal(list(packages))};"
        f" flags = {nix_literal(platforms)}; }}"
    )


def read_facts(answer: str) -> Mapping[str, PackageFacts]:
    """Facts from the JSON of `facts_expression`. Raises NixFailed."""
    try:
        return _FACTS.validate_json(answer)
    except ValidationError as error:
        raise NixFailed("cannot read what nix says of the packages") from error


def read_forecast(answer: str, lines: Sequence[str]) -> Forecast | None:
    """The forecast of `nix build --dry-run --json`: its JSON, and its lines on stderr.

    None when the JSON does not tell the path that would be made.
    """
    try:
        [made] = json.loads(answer)
        store_path, own = made["outputs"]["out"], made.get("drvPath")
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(store_path, str):
        return None
    return Forecast(store_path=store_path, **read_build_plan(lines, own).model_dump())


def read_build_plan(lines: Sequence[str], own: str | None = None) -> BuildPlan:
    """What a dry build says on stderr; `own` is what all else is built for.

    The words for people changed over the versions of Nix; what is not understood is left out.
    """
    lists: dict[str, list[tuple[str, str]]] = {"built": [], "fetched": [], "paths": []}
    sizes: dict[str, float] = {}
    current: list[tuple[str, str]] | None = None
    for line in lines:
        if header := _HEADER.search(line):
            current = lists[header["what"].rpartition(" ")[2]]
            for size in _SIZE.finditer(header["sizes"] or ""):
                sizes[size["what"]] = float(size["number"]) * _MIB.get(size["unit"], 0.0)
        elif item := _STORE_ITEM.match(line):
            if current is not None:
                current.append((item["path"], item["name"]))
        else:
            current = None
    return BuildPlan(
        fetch=len(lists["fetched"]),
        download_mib=sizes.get("download"),
        unpacked_mib=sizes.get("unpacked"),
        build=tuple(
            name.removesuffix(".drv") for path, name in lists["built"] if _is_made(path, name, own)
        ),
        unknown=tuple(name for _, name in lists["paths"]),
    )


def _is_made(path: str, name: str, own: str | None) -> bool:
    """Whether it is compiled or fetched: putting links together takes no time."""
    return path != own and not name.endswith("-env.drv")
