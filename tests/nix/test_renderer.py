"""What is rendered, asked of Nix itself."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsule_adapters.nix.literal import nix_literal
from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.nix.tool import NixCommand
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.models.nixos import NixosPart, NixosRequest, PreviewFormat
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.services.compose import Compose
from tests.nix.nix import evaluate
from tests.tools import ROOT, needs_tool, shared_file

KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1 alice\'s "key" ${HOME} \\'


def environment_of(profile: Profile) -> Environment:
    return Compose(BuiltinPresets()).resolve(profile)


EVERYTHING = environment_of(
    Profile(
        name="everything",
        stacks=tuple(BuiltinPresets().stacks()),
        packages=("python3Packages.numpy", "with"),
        unfree=("allowed",),
    )
)


def write(request: NixosRequest, folder: Path) -> list[Path]:
    """The configuration of `request` on disk; returns its .nix files."""
    for file in JinjaNixRenderer().configuration(request):
        path = folder / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_text(file.text)
    return sorted(folder.rglob("*.nix"))


def read(request: NixosRequest, folder: Path) -> Any:
    """What Nix makes of the configuration of `request`."""
    write(request, folder)
    plain: dict[str, Any] = {}
    for package in request.environment.packages:
        place = plain
        *way, last = package.split(".")
        for step in way:
            place = place.setdefault(step, {})
        place[last] = package
    pkgs = {"plain": plain, "python": list(request.environment.python_packages)}
    stub = nix_literal(ROOT / "tests" / "nix" / "configuration.nix")
    return evaluate(
        f"import {stub} {{ folder = {nix_literal(folder)}; pkgs = {nix_literal(pkgs)}; }}", folder
    )


@pytest.mark.parametrize("name", BuiltinPresets().profiles())
def test_every_file_of_a_built_in_profile_is_sound_nix(name: str, tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    environment = environment_of(BuiltinPresets().profiles()[name])
    assert NixCommand().parse(write(NixosRequest(environment=environment), tmp_path)) == []


@pytest.mark.parametrize("form", PreviewFormat)
@pytest.mark.parametrize("environment", [EVERYTHING, environment_of(Profile(name="bare"))])
def test_every_preview_is_sound_nix(
    form: PreviewFormat, environment: Environment, tmp_path: Path
) -> None:
    needs_tool("nix-instantiate")
    (tmp_path / "preview.nix").write_text(JinjaNixRenderer().preview(environment, form))
    assert NixCommand().parse([tmp_path / "preview.nix"]) == []


def test_the_configuration_says_what_was_asked_for(tmp_path: Path) -> None:
    request = NixosRequest(
        environment=EVERYTHING,
        hostname="web-1",
        username="alice",
        timezone="Europe/Berlin",
        state_version="25.11",
        authorized_keys=(KEY, KEY),
    )
    said = read(request, tmp_path)
    found = said["configuration"]
    assert said["imports"] == [
        "hardware-configuration.nix",
        "access.nix",
        "guard.nix",
        *(f"{name}.nix" for name in sorted(BuiltinPresets().stacks())),
    ]
    assert found["networking"]["hostName"] == "web-1"
    assert found["time"]["timeZone"] == "Europe/Berlin"
    assert found["system"]["stateVersion"] == "25.11"
    assert found["users"]["users"]["alice"] == {"isNormalUser": True, "extraGroups": ["wheel"]}
    assert {name: {"enable": True} for name in BuiltinPresets().stacks()} == found["capsule"]
    assert found["nix"]["settings"]["experimental-features"] == ["nix-command", "flakes"]
    assert said["unfree"] == [True, False]


def test_what_no_module_brings_is_listed(tmp_path: Path) -> None:
    said = read(NixosRequest(environment=EVERYTHING), tmp_path)
    assert said["configuration"]["environment"]["systemPackages"] == ["with"]


def test_libraries_of_a_profile_join_the_one_interpreter() -> None:
    own = Profile(name="own", stacks=("ml",), packages=("python3Packages.requests",))
    request = NixosRequest(environment=environment_of(own))
    files = {file.path: file.text for file in JinjaNixRenderer().configuration(request)}
    text = files["configuration.nix"]
    assert "capsule.python.pythonPackages = ps: [\n    ps.requests\n  ];" in text
    assert "withPackages" not in text
    assert "ps.torch" in files["modules/ml.nix"]


def test_libraries_without_the_stack_python_have_an_interpreter_of_their_own(
    tmp_path: Path,
) -> None:
    own = Profile(name="own", packages=("python3Packages.requests",))
    said = read(NixosRequest(environment=environment_of(own)), tmp_path)
    assert said["configuration"]["environment"]["systemPackages"] == ["python3 with requests"]


def test_without_unfree_packages_no_licence_is_touched(tmp_path: Path) -> None:
    said = read(NixosRequest(environment=environment_of(Profile(name="bare"))), tmp_path)
    assert said["unfree"] == [None, None]


def test_the_way_in_is_keys_only_and_the_keys_are_whole(tmp_path: Path) -> None:
    request = NixosRequest(environment=EVERYTHING, username="alice", authorized_keys=(KEY,))
    access = read(request, tmp_path)["access"]
    assert access["services"]["openssh"] == {
        "enable": True,
        "ports": [22],
        "openFirewall": True,
        "settings": {
            "PasswordAuthentication": False,
            "KbdInteractiveAuthentication": False,
            "PermitRootLogin": "prohibit-password",
        },
    }
    for user in ("alice", "root"):
        assert access["users"]["users"][user]["openssh"]["authorizedKeys"]["keys"] == [KEY]
    assert "warnings" not in access
    assert "lock you out" in (tmp_path / "access.nix").read_text().splitlines()[0]


def test_a_machine_without_keys_warns_that_nobody_can_log_in(tmp_path: Path) -> None:
    access = read(NixosRequest(environment=EVERYTHING), tmp_path)["access"]
    assert len(access["warnings"]) == 1
    assert "nobody can log in" in access["warnings"][0]
    assert "nobody could log in" in (tmp_path / "README.md").read_text()


def test_root_as_the_user_is_not_declared_a_second_time(tmp_path: Path) -> None:
    request = NixosRequest(environment=EVERYTHING, username="root", authorized_keys=(KEY,))
    said = read(request, tmp_path)
    assert said["configuration"]["users"] == {"mutableUsers": True}
    assert list(said["access"]["users"]["users"]) == ["root"]
    assert said["home"]["home"]["homeDirectory"] == "/root"


def test_the_hardware_placeholder_refuses_to_be_evaluated(tmp_path: Path) -> None:
    said = read(NixosRequest(environment=EVERYTHING), tmp_path)
    assert said["placeholder"] == {"success": False, "value": False}
    text = (tmp_path / "hardware-configuration.nix").read_text()
    assert "nixos-generate-config --show-hardware-config" in text


def test_the_flake_pins_the_release_and_builds_the_host(tmp_path: Path) -> None:
    request = NixosRequest(environment=EVERYTHING, hostname="web-1", release="25.11")
    flake = read(request, tmp_path)["flake"]
    assert flake["inputs"] == {
        "nixpkgs": {"url": "github:NixOS/nixpkgs/nixos-25.11"},
        "home-manager": {
            "url": "github:nix-community/home-manager/release-25.11",
            "inputs": {"nixpkgs": {"follows": "nixpkgs"}},
        },
    }
    assert flake["hosts"] == ["web-1"]
    assert flake["modules"] == ["path", "string", "set"]
    assert flake["revision"] == "0123456"


def home_options(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every name on the way to what a home sets."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield ".".join((*path, name))
            yield from home_options(inner, (*path, name))


def test_every_option_of_the_home_is_known_to_home_manager(tmp_path: Path) -> None:
    with gzip.open(shared_file("nix/home-manager-options.json.gz"), "rt") as stream:
        known = json.load(stream)
    home = read(NixosRequest(environment=EVERYTHING), tmp_path)["home"]
    assert home["home"]["stateVersion"] == "26.05"
    assert home["programs"]["git"]["settings"]["init"] == {"defaultBranch": "main"}
    names = list(home_options(home))
    leaves = [name for name in names if not any(n.startswith(f"{name}.") for n in names)]
    for leaf in leaves:
        above = [".".join(leaf.split(".")[:end]) for end in range(1, leaf.count(".") + 2)]
        assert any(name in known for name in above), leaf


def test_a_home_by_itself_brings_the_packages() -> None:
    text = JinjaNixRenderer().preview(EVERYTHING, PreviewFormat.HOME)
    assert "home.packages = available [" in text
    assert "    pkgs.docker-compose\n" in text
    assert "pkgs.python3.withPackages" in text


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    hostname=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True),
    username=st.from_regex(r"[a-z_][a-z0-9_-]{0,30}", fullmatch=True),
    keys=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0")).map(
            lambda comment: f"ssh-ed25519 AAAAC3Nz {comment}"
        ),
        max_size=5,
    ),
)
def test_whatever_is_asked_for_arrives_whole(
    tmp_path: Path, hostname: str, username: str, keys: list[str]
) -> None:
    request = NixosRequest(
        environment=EVERYTHING, hostname=hostname, username=username, authorized_keys=tuple(keys)
    )
    said = read(request, tmp_path)
    assert said["configuration"]["networking"]["hostName"] == hostname
    assert said["flake"]["hosts"] == [hostname]
    root = said["access"]["users"]["users"]["root"]
    assert root["openssh"]["authorizedKeys"]["keys"] == sorted(set(keys))
    assert said["home"]["home"]["username"] == username


def test_a_part_of_the_whole_needs_no_module_of_a_stack() -> None:
    request = NixosRequest(environment=EVERYTHING, part=NixosPart.FLAKE)
    assert [file.path for file in JinjaNixRenderer().configuration(request)] == ["flake.nix"]
