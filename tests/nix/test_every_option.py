"""Every profile, stack and flag: each option that is set is one of NixOS, and fits."""

from itertools import product
from pathlib import Path
from random import Random

import pytest

from capsule_adapters.nix.tool import NixCommand
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.release import RELEASES
from capsule_domain.models.secret import SecretsTool
from capsule_domain.services.compose import Compose
from tests.nix.machines import (
    BY_THE_FLAKE,
    Machine,
    by_itself,
    faults,
    faults_at_home,
    machines,
    write_machine,
)
from tests.tools import needs_tool

PRESETS = BuiltinPresets()
WAYS = [
    pytest.param(by_itself("configuration.nix"), id="server"),
    pytest.param(BY_THE_FLAKE, id="flake"),
]
STACKS = sorted(Compose(PRESETS).stacks())
KEYS = (
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA1b alice\'s "key" ${HOME} \\',
    "ssh-rsa AAAAB3NzaC1yc2EAAAA bob",
)


def environment(*stacks: str, packages: tuple[str, ...] = ()) -> Environment:
    profile = Profile(name="mine", stacks=stacks, packages=packages, unfree=("vscode",))
    return Compose(PRESETS).resolve(profile)


def of_profile(name: str) -> Environment:
    return Compose(PRESETS).resolve(PRESETS.profiles()[name])


def written(requests: list[NixosRequest], folder: Path) -> list[Path]:
    folders = [folder / f"machine-{number}" for number in range(len(requests))]
    for request, place in zip(requests, folders, strict=True):
        write_machine(request, place)
    return folders


def judge(requests: list[NixosRequest], folder: Path, start: str) -> None:
    needs_tool("nix-instantiate")
    folders = written(requests, folder)
    files = [file for place in folders for file in sorted(place.rglob("*.nix"))]
    assert NixCommand().parse(files) == []
    found = machines(folders, start, folder)
    for request, machine in zip(requests, found, strict=True):
        assert machine.set, request
        assert faults(machine, request.release) == [], request.environment.profile.name


def at_random(count: int, seed: int) -> list[NixosRequest]:
    """Stacks and flags by a die that always falls the same way."""
    die = Random(seed)  # noqa: S311  (nothing secret)
    requests = []
    for _ in range(count):
        domain = die.choice([None, "www.example.org"])
        requests.append(
            NixosRequest(
                environment=environment(
                    *die.sample(STACKS, die.randrange(len(STACKS))),
                    packages=tuple(die.sample(["hello", "python3Packages.requests", "jq"], 2)),
                ),
                hostname=die.choice(["nixos", "web-1", "0"]),
                username=die.choice(["admin", "root", "_a-b"]),
                release=die.choice(RELEASES),
                state_version=die.choice([None, *RELEASES]),
                timezone=die.choice(["UTC", "Europe/Berlin"]),
                authorized_keys=tuple(die.sample(KEYS, die.randrange(3))),
                domain=domain,
                email=domain and "admin@example.org",
                disk=die.choice([None, "/dev/vda"]),
                secrets=die.choice([None, *SecretsTool]),
                host_key=die.choice([None, KEYS[0]]),
            )
        )
    return requests


@pytest.mark.parametrize(
    "start", [by_itself("configuration.nix"), BY_THE_FLAKE], ids=["server", "flake"]
)
def test_every_profile_for_every_release_sets_what_nixos_has(start: str, tmp_path: Path) -> None:
    every = product(sorted(PRESETS.profiles()), RELEASES)
    requests = [NixosRequest(environment=of_profile(p), release=r) for p, r in every]
    judge(requests, tmp_path, start)


def test_every_home_for_every_release_sets_what_home_manager_has(tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    every = product(sorted(PRESETS.profiles()), RELEASES)
    requests = [NixosRequest(environment=of_profile(p), release=r) for p, r in every]
    folders = written(requests, tmp_path)
    for machine in machines(folders, by_itself("home.nix"), tmp_path):
        assert machine.set["home"]["stateVersion"] in RELEASES
        assert faults_at_home(machine) == []


@pytest.mark.parametrize("tool", [None, *SecretsTool])
def test_each_stack_alone_and_all_together(tool: SecretsTool | None, tmp_path: Path) -> None:
    sets = [*((name,) for name in STACKS), tuple(STACKS)]
    requests = [NixosRequest(environment=environment(*some), secrets=tool) for some in sets]
    judge(requests, tmp_path, by_itself("configuration.nix"))


def test_sets_of_stacks_and_flags_at_random(tmp_path: Path) -> None:
    judge(at_random(20, seed=1), tmp_path, by_itself("configuration.nix"))


@pytest.mark.full
@pytest.mark.parametrize(
    "start", [by_itself("configuration.nix"), BY_THE_FLAKE], ids=["server", "flake"]
)
def test_two_hundred_sets_of_stacks_and_flags_at_random(start: str, tmp_path: Path) -> None:
    judge(at_random(200, seed=2), tmp_path, start)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("services.nginx.enabel = true;", "services.nginx.enabel is no option"),
        ("services.ollama.acceleration = null;", "services.ollama.acceleration is no option"),
        ('services.nginx.enable = "yes";', "services.nginx.enable = 'yes' is no boolean"),
        ("capsule.bad.more = 1;", "capsule.bad.more is no option"),
        ('time.timeZone = "Mars";', "time.timeZone.collision: ['UTC', 'Mars']"),
        ('hardware.nvidia.branch = "beta";', "hardware.nvidia.branch is not in 25.11"),
    ],
)
def test_a_bad_module_is_found_out(line: str, said: str, tmp_path: Path) -> None:
    bad = PRESETS.stacks()["base"].model_copy(
        update={
            "name": "bad",
            "module": "{ config, lib, ... }: {\n"
            '  options.capsule.bad.enable = lib.mkEnableOption "it";\n'
            f"  config = lib.mkIf config.capsule.bad.enable {{ {line} }};\n}}\n",
        }
    )
    resolved = environment()
    stacks = (*resolved.stacks, resolved.stacks[0].model_copy(update={"stack": bad}))
    request = NixosRequest(
        environment=resolved.model_copy(update={"stacks": stacks}), release="25.11"
    )
    write_machine(request, tmp_path / "machine")
    machine: Machine = next(
        machines([tmp_path / "machine"], by_itself("configuration.nix"), tmp_path)
    )
    assert [fault for fault in faults(machine, "25.11") if fault.startswith(said)]
