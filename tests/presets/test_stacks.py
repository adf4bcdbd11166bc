"""The built-in stacks: each folder whole, and everything in it known to nixpkgs."""

import csv
import gzip
import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.nix.literal import nix_literal
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_adapters.presets.root import presets_root
from tests.nix.nix import evaluate
from tests.tools import ROOT, shared_file

STACKS = BuiltinPresets().stacks()
STUB = ROOT / "tests" / "nix" / "module.nix"


@cache
def packages() -> frozenset[str]:
    with gzip.open(shared_file("nix/packages.tsv.gz"), "rt") as lines:
        return frozenset(row[0] for row in csv.reader(lines, delimiter="\t"))


@cache
def options(file: str) -> dict[tuple[str, ...], Any]:
    with gzip.open(shared_file(f"nix/{file}.json.gz"), "rt") as stream:
        return {tuple(name.split(".")): option for name, option in json.load(stream).items()}


def module(name: str, folder: Path, **set_options: object) -> Any:
    """What the module of a stack declares and sets, by a stub of nixpkgs' lib."""
    text = folder / f"{name}.nix"
    text.write_text(STACKS[name].module or "")
    call = f"import {nix_literal(STUB)} {{ stack = {nix_literal(name)};"
    return evaluate(
        f"{call} module = {nix_literal(text)}; options = {nix_literal(set_options)}; }}", folder
    )


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths at which a configuration sets something."""
    if isinstance(value, dict) and value != {"absent": True}:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif value != {"absent": True}:
        yield path


def is_known(path: tuple[str, ...], known: dict[tuple[str, ...], Any]) -> bool:
    """Whether an option of that path exists, or one above it that takes anything."""
    if path in known:
        return True
    for end in range(len(path), 0, -1):
        for option in known:
            if len(option) == end and all(
                o in (p, "<name>", "*") for o, p in zip(option, path[:end], strict=True)
            ):
                return end == len(path) or takes_anything(str(known[option]["type"]))
    return False


def takes_anything(kind: str) -> bool:
    """Whether an option of that type has contents of no fixed names."""
    sets = "attribute set" in kind and "submodule" not in kind
    return sets or "open submodule" in kind or "JSON value" in kind


@pytest.mark.parametrize("name", STACKS)
def test_a_stacks_folder_is_whole(name: str) -> None:
    folder = presets_root() / "stacks" / name
    assert {"README.md", "module.nix", "preset.toml"} <= {e.name for e in folder.iterdir()}
    readme = (folder / "README.md").read_text()
    assert readme.startswith(f"# {name}\n")
    for section in ("## What you get", "## Options", "## Example"):
        assert section in readme


def test_the_six_stacks_and_the_two_profiles_are_there() -> None:
    assert {"base", "docker", "monitoring", "python", "security", "webserver"} <= set(STACKS)
    profiles = BuiltinPresets().profiles()
    assert profiles["prod"].stacks == ("webserver", "security", "monitoring")
    assert profiles["minimal"].packages == ("htop", "tmux")


@pytest.mark.parametrize("name", STACKS)
def test_every_package_of_a_stack_is_in_nixpkgs(name: str) -> None:
    for package in STACKS[name].packages:
        assert package.split(".")[0] in packages(), package


def test_every_package_of_a_profile_is_in_nixpkgs() -> None:
    for profile in BuiltinPresets().profiles().values():
        assert {package.split(".")[0] for package in profile.packages} <= packages()


@pytest.mark.parametrize("name", STACKS)
def test_a_module_declares_its_own_options_only_each_with_type_and_words(
    name: str, tmp_path: Path
) -> None:
    found = module(name, tmp_path)
    assert found["roots"] == ["capsule"]
    assert "enable" in found["options"]
    for option in found["options"].values():
        assert option["isOption"]
        assert option["type"]
        assert str(option["description"]).strip().endswith(".")


@pytest.mark.parametrize("name", STACKS)
def test_the_readme_of_a_stack_tells_every_option_and_no_other(name: str, tmp_path: Path) -> None:
    declared = {f"capsule.{name}.{option}" for option in module(name, tmp_path)["options"]}
    readme = (presets_root() / "stacks" / name / "README.md").read_text()
    table = re.findall(r"^\| `(capsule\.[\w.-]+)`", readme, re.MULTILINE)
    assert sorted(table) == sorted(declared)


@pytest.mark.parametrize("name", STACKS)
def test_the_example_of_a_readme_is_sound_nix(name: str, tmp_path: Path) -> None:
    readme = (presets_root() / "stacks" / name / "README.md").read_text()
    example = re.search(r"```nix\n(.*?)```", readme, re.DOTALL)
    assert example
    assert evaluate(f"builtins.typeOf ({example[1]})", tmp_path) in ("set", "lambda")


@pytest.mark.parametrize("name", STACKS)
def test_every_option_that_a_module_sets_is_known_to_nixos(name: str, tmp_path: Path) -> None:
    known = options("nixos-options")
    set_paths = list(leaves(module(name, tmp_path)["config"]))
    assert set_paths
    for path in set_paths:
        assert is_known(path, known), ".".join(path)


def test_a_misspelt_option_would_be_found() -> None:
    known = options("nixos-options")
    assert is_known(("services", "nginx", "enable"), known)
    assert is_known(("users", "groups", "docker", "members"), known)
    assert not is_known(("services", "nginx", "recomendedGzipSettings"), known)
    assert not is_known(("users", "groups", "docker", "member"), known)


@pytest.mark.parametrize("name", STACKS)
def test_the_ports_that_a_module_opens_are_those_of_its_preset(name: str, tmp_path: Path) -> None:
    config = module(name, tmp_path)["config"]
    opened = config.get("networking", {}).get("firewall", {}).get("allowedTCPPorts", [])
    assert tuple(opened) == STACKS[name].ports


def test_the_webserver_serves_a_domain_with_tls(tmp_path: Path) -> None:
    config = module("webserver", tmp_path, domain="www.example.org", email="a@example.org")[
        "config"
    ]
    site = config["services"]["nginx"]["virtualHosts"]["www.example.org"]
    assert site["enableACME"]
    assert site["forceSSL"]
    assert config["security"]["acme"] == {
        "acceptTerms": True,
        "defaults": {"email": "a@example.org"},
    }
    assert all(entry["assertion"] for entry in config["assertions"])
    for path in leaves(config):
        assert is_known(path, options("nixos-options")), ".".join(path)


def test_the_webserver_refuses_a_domain_without_an_address_to_write_to(tmp_path: Path) -> None:
    config = module("webserver", tmp_path, domain="www.example.org")["config"]
    refused = [entry["message"] for entry in config["assertions"] if not entry["assertion"]]
    assert len(refused) == 1
    assert "capsule.webserver.email" in refused[0]


def test_the_webserver_keeps_the_firewall_shut_on_request(tmp_path: Path) -> None:
    config = module("webserver", tmp_path, openFirewall=False)["config"]
    assert config["networking"]["firewall"]["allowedTCPPorts"] == {"absent": True}


def test_monitoring_listens_on_loopback_only(tmp_path: Path) -> None:
    services = module("monitoring", tmp_path)["config"]["services"]
    assert services["prometheus"]["listenAddress"] == "127.0.0.1"
    assert services["prometheus"]["exporters"]["node"]["listenAddress"] == "127.0.0.1"
    assert services["grafana"]["settings"]["server"]["http_addr"] == "127.0.0.1"


def test_grafana_reads_its_secrets_from_files_that_the_machine_makes(tmp_path: Path) -> None:
    config = module("monitoring", tmp_path)["config"]
    secrets = config["services"]["grafana"]["settings"]["security"]
    assert secrets["secret_key"] == "$__file{/var/lib/capsule-grafana/secret_key}"
    assert secrets["admin_password"] == "$__file{/var/lib/capsule-grafana/admin_password}"
    unit = config["systemd"]["services"]["capsule-grafana-secrets"]
    assert unit["before"] == unit["requiredBy"] == ["grafana.service"]
    assert unit["serviceConfig"]["User"] == "grafana"
    assert unit["serviceConfig"]["UMask"] == "0077"


def test_grafanas_secrets_are_made_once_and_for_its_eyes_only(tmp_path: Path) -> None:
    config = module("monitoring", tmp_path)["config"]
    unit = config["systemd"]["services"]["capsule-grafana-secrets"]
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "admin_password").touch()  # what a power cut may leave

    def started() -> dict[str, str]:
        script = f"umask {unit['serviceConfig']['UMask']}\n{unit['script']}"
        environment = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": str(folder)}
        subprocess.run(["sh", "-eu", "-c", script], env=environment, check=True, timeout=30)
        return {path.name: path.read_text() for path in folder.iterdir()}

    first = started()
    assert sorted(first) == ["admin_password", "secret_key"]
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in first.values())
    assert len(set(first.values())) == 2
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
    assert started() == first


def test_grafana_takes_secrets_of_ones_own(tmp_path: Path) -> None:
    config = module("monitoring", tmp_path, secretKeyFile="/run/secrets/grafana")["config"]
    secrets = config["services"]["grafana"]["settings"]["security"]
    assert secrets["secret_key"] == "$__file{/run/secrets/grafana}"


def test_docker_lets_in_administrators_and_publishes_on_loopback(tmp_path: Path) -> None:
    config = module("docker", tmp_path)["config"]
    assert config["users"]["groups"]["docker"]["members"] == ["alice"]
    daemon = config["virtualisation"]["docker"]["daemon"]["settings"]
    assert daemon["ip"] == "127.0.0.1"
    assert daemon["default-network-opts"] == {
        "bridge": {"com.docker.network.bridge.host_binding_ipv4": "127.0.0.1"}
    }
