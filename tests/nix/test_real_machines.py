"""Configurations evaluated by NixOS itself, to the derivation of the whole system.

Not part of the normal run: it wants a tree of nixpkgs, which `CAPSULE_NIXPKGS` names, and
`--full`. `CAPSULE_SOPS_NIX` and `CAPSULE_AGENIX` name the sources of those two. Nothing is
built and nothing is fetched.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.nix.literal import nix_literal
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.release import RELEASES
from capsule_domain.models.secret import SecretsTool
from capsule_domain.services.compose import Compose
from tests.fakes.presets import profile_of
from tests.nix.machines import write_machine
from tests.tools import needs_tool

pytestmark = pytest.mark.full

PRESETS = BuiltinPresets()
STACKS = tuple(Compose(PRESETS).stacks())
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKLIekc89rhx9YsMTjuAgzGQhHWQkFGZQ6wRNkFRWVp9 alice"
SOURCES = {
    SecretsTool.SOPS: ("CAPSULE_SOPS_NIX", "modules/sops"),
    SecretsTool.AGENIX: ("CAPSULE_AGENIX", "modules/age.nix"),
}

FLAGS = ("--readonly-mode", "--eval", "--strict", "--json")

# A tree may lack the long list of Haskell's packages, and so pandoc, which only makes manuals.
WRAPPER = """
{{ lib, ... }}:
{{
  imports = [ ./configuration.nix {more} ];
  nixpkgs.hostPlatform = "x86_64-linux";
  boot.loader.systemd-boot.enable = lib.mkForce false;
  fileSystems."/".fsType = "ext4";
  nixpkgs.overlays = lib.optional {lacks_haskell} (final: previous: {{ pandoc = final.hello; }});
}}
"""


def place(variable: str) -> Path:
    if variable not in os.environ:
        pytest.skip(f"not asked for: {variable} names no sources")
    return Path(os.environ[variable]).resolve()


def evaluated(request: NixosRequest, folder: Path) -> Any:
    """The system's derivation and its warnings, of a configuration that is written anew."""
    place("CAPSULE_NIXPKGS")
    write_machine(request, folder)
    return told(request, folder)


def told(request: NixosRequest, folder: Path) -> Any:
    """The same of what lies in the folder. A failed assertion is an error of Nix."""
    nixpkgs = place("CAPSULE_NIXPKGS")
    more = ""
    if request.secrets is not None:
        variable, module = SOURCES[request.secrets]
        more = str(place(variable) / module)
    haskell = nixpkgs / "pkgs/development/haskell-modules/hackage-packages.nix"
    lacks_haskell = not haskell.is_file() or haskell.stat().st_size < 1_000_000
    (folder / "wrapper.nix").write_text(
        WRAPPER.format(more=more, lacks_haskell=nix_literal(lacks_haskell))
    )
    expression = (
        f"let os = import {nixpkgs}/nixos {{ configuration = {folder}/wrapper.nix;"
        f' system = "x86_64-linux"; }}; in {{ path = os.config.system.build.toplevel.drvPath;'
        f" inherit (os.config) warnings; set = {_read(request)}; }}"
    )
    done = subprocess.run(
        [needs_tool("nix-instantiate"), *FLAGS, "-E", expression],
        env={**os.environ, "NIX_REMOTE": "dummy://", "NIX_PATH": "", "HOME": str(folder)},
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return json.loads(done.stdout)


def _read(request: NixosRequest) -> str:
    """A few values as NixOS itself merged them."""
    return (
        nix_literal({})
        if request.domain is None
        else (f'{{ tls = os.config.services.nginx.virtualHosts."{request.domain}".enableACME; }}')
    )


def accepted(request: NixosRequest, folder: Path) -> Any:
    found = evaluated(request, folder)
    assert found["path"].endswith(".drv")
    assert found["warnings"] == []
    return found["set"]


def of(*stacks: str) -> Environment:
    return Compose(PRESETS).resolve(Profile(name="mine", stacks=stacks))


@pytest.mark.parametrize("name", sorted(PRESETS.profiles()))
def test_nixos_accepts_every_profile(name: str, tmp_path: Path) -> None:
    environment = Compose(PRESETS).resolve(PRESETS.profiles()[name])
    accepted(NixosRequest(environment=environment, authorized_keys=(KEY,)), tmp_path)


@pytest.mark.parametrize("name", STACKS)
def test_nixos_accepts_each_stack_alone(name: str, tmp_path: Path) -> None:
    request = NixosRequest(environment=of(name), authorized_keys=(KEY,), release="26.11")
    accepted(request, tmp_path)


@pytest.mark.parametrize("name", sorted(PRESETS.sprouts()))
def test_nixos_accepts_each_sprout(name: str, tmp_path: Path) -> None:
    environment = Compose(PRESETS).resolve(profile_of(PRESETS.sprouts()[name]))
    accepted(NixosRequest(environment=environment, authorized_keys=(KEY,)), tmp_path)


@pytest.mark.parametrize("release", RELEASES)
def test_nixos_accepts_all_stacks_together_as_written_for_each_release(
    release: str, tmp_path: Path
) -> None:
    request = NixosRequest(
        environment=of(*STACKS), authorized_keys=(KEY,), release=release, username="root"
    )
    accepted(request, tmp_path)


@pytest.mark.parametrize("tool", SecretsTool)
def test_nixos_accepts_secrets_by_either_tool(tool: SecretsTool, tmp_path: Path) -> None:
    request = NixosRequest(
        environment=of("monitoring", "database", "tailscale", "k3s"),
        authorized_keys=(KEY,),
        secrets=tool,
        host_key=KEY,
    )
    accepted(request, tmp_path)


def test_nixos_accepts_a_site_with_a_certificate(tmp_path: Path) -> None:
    request = NixosRequest(
        environment=of("webserver"),
        authorized_keys=(KEY,),
        domain="www.example.org",
        email="admin@example.org",
    )
    assert accepted(request, tmp_path) == {"tls": True}


def test_nixos_warns_of_a_machine_that_nobody_can_enter(tmp_path: Path) -> None:
    found = evaluated(NixosRequest(environment=of()), tmp_path)
    assert len(found["warnings"]) == 1
    assert "nobody can log in" in found["warnings"][0]


def test_secrets_that_were_not_made_yet_are_said_plainly(tmp_path: Path) -> None:
    request = NixosRequest(
        environment=of("monitoring"), authorized_keys=(KEY,), secrets=SecretsTool.SOPS
    )
    place("CAPSULE_NIXPKGS")
    write_machine(request, tmp_path)
    (tmp_path / "secrets" / "secrets.yaml").unlink()
    with pytest.raises(AssertionError, match=r"secrets/secrets\.yaml is not there yet"):
        told(request, tmp_path)
