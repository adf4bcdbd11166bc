"""Whole configurations, asked of Nix many at a time: which options they set, and to what."""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from capsule_adapters.nix.literal import nix_literal
from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.release import absent
from tests.nix.nix import evaluate
from tests.presets.module import libraries_of, packages_of
from tests.presets.nixos_options import fits, kind_at, leaves
from tests.tools import ROOT, shared_file

AT_ONCE = 40
"""Configurations for one start of Nix."""

HARDWARE = '{ fileSystems."/".device = "/dev/vda1"; boot.loader.grub.device = "/dev/vda"; }\n'

TOOLS = {
    ("sops", "defaultSopsFile"): "absolute path",
    ("sops", "age", "sshKeyPaths"): "list of absolute path",
    ("sops", "gnupg", "sshKeyPaths"): "list of absolute path",
    ("sops", "secrets", "*", "owner"): "null or string",
    ("age", "identityPaths"): "list of absolute path",
    ("age", "secrets", "*", "file"): "absolute path",
    ("age", "secrets", "*", "owner"): "string",
    ("home-manager", "useGlobalPkgs"): "boolean",
    ("home-manager", "useUserPackages"): "boolean",
    ("home-manager", "backupFileExtension"): "null or string",
}
"""What the modules of sops-nix, agenix and Home Manager declare, by their own sources."""


@dataclass(frozen=True)
class Machine:
    """What a configuration comes to: what it sets, and the options of ours it declares."""

    folder: Path
    set: dict[str, Any]
    declared: dict[str, dict[str, str]]


def write_machine(request: NixosRequest, folder: Path) -> None:
    """The configuration on disk, with a disk that was made up, and empty encrypted files."""
    for file in JinjaNixRenderer().configuration(request):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text)
    if request.hardware is None:
        (folder / "hardware-configuration.nix").write_text(HARDWARE)
    for name in ("secrets.yaml", *(f"{n.name}.age" for n in _needs(request))):
        (folder / "secrets").mkdir(exist_ok=True)
        (folder / "secrets" / name).touch()


def _needs(request: NixosRequest) -> Iterator[Any]:
    for entry in request.environment.stacks:
        yield from entry.stack.secrets


def machines(folders: Sequence[Path], start: str, folder: Path) -> Iterator[Machine]:
    """Each configuration, in order. `start` is Nix for its modules, from `folder`."""
    for first in range(0, len(folders), AT_ONCE):
        some = folders[first : first + AT_ONCE]
        said = evaluate(f"[ {' '.join(_expression(one, start) for one in some)} ]", folder)
        for place, found in zip(some, said, strict=True):
            yield Machine(place, found["set"], found["declared"])


def by_itself(name: str) -> str:
    """Nix for the modules of one file of a configuration."""
    return f'[ (folder + "/{name}") ]'


BY_THE_FLAKE = """
  let
    flake = (import (folder + "/flake.nix")).outputs (
      { self.rev = "0123456"; nixpkgs.lib.nixosSystem = system: system; }
      // builtins.listToAttrs (
        map (name: {
          inherit name;
          value.nixosModules = { home-manager = "n"; sops = "n"; default = "n"; };
        }) [ "home-manager" "sops-nix" "agenix" ]
      )
    );
  in
  (builtins.head (builtins.attrValues flake.nixosConfigurations)).modules
"""


def _expression(folder: Path, start: str) -> str:
    text = "\n".join(path.read_text() for path in sorted(folder.rglob("*.nix")))
    names = nix_literal(packages_of(text))
    python = nix_literal(libraries_of(text))
    stub = ROOT / "tests" / "nix" / "machine.nix"
    return (
        f"(let folder = {folder}; in import {stub} {{ start = {start}; names = {names};"
        f" python = {python}; extra = {{ sops = {{ }}; age = {{ }}; }}; }})"
    )


def faults(machine: Machine, release: str) -> list[str]:
    """What NixOS would not take: unknown options, wrong types, collisions, absent ones."""
    found = []
    for path, value in leaves(machine.set):
        name = ".".join(path)
        kind = _kind(path, machine)
        if path[-1] == "collision":
            if not str(_kind(path[:-1], machine)).startswith("strings concatenated"):
                found.append(f"{name}: {value}")
        elif kind is None:
            found.append(f"{name} is no option")
        elif not fits(kind, value):
            found.append(f"{name} = {value!r} is no {kind}")
        elif change := absent(name, release):
            found.append(f"{name} is not in {release}: {change.source}")
    return found


def _kind(path: tuple[str, ...], machine: Machine) -> str | None:
    if path[0] == "capsule":
        return machine.declared.get(path[1], {}).get(path[2]) if len(path) == 3 else None
    if path[:2] == ("home-manager", "users"):
        return "anything"
    for known, kind in TOOLS.items():
        if len(known) == len(path) and all(k in ("*", p) for k, p in zip(known, path, strict=True)):
            return kind
    return kind_at(path)


@cache
def home_options() -> dict[str, str]:
    """The type of each option of Home Manager."""
    with gzip.open(shared_file("nix/home-manager-options.json.gz"), "rt") as stream:
        listed = json.load(stream)
    return {name: str(option["type"]) for name, option in listed.items()}


def faults_at_home(machine: Machine) -> list[str]:
    """What Home Manager would not take of a home."""
    found = []
    for path, value in leaves(machine.set):
        above = [".".join(path[:end]) for end in range(len(path), 0, -1)]
        known = next((name for name in above if name in home_options()), None)
        if known is None:
            found.append(f"{above[0]} is no option")
        elif known == above[0] and not fits(home_options()[known], value):
            found.append(f"{known} = {value!r} is no {home_options()[known]}")
    return found
