"""What the modules of single stacks do: the decisions that matter."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.presets.builtin import BuiltinPresets
from tests.presets.module import module
from tests.presets.nixos_options import fits, kind_at, set_in_nixos


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
    for path, _ in set_in_nixos(config):
        assert kind_at(path) is not None, ".".join(path)


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


def test_postgresql_keeps_its_major_version_and_listens_on_loopback(tmp_path: Path) -> None:
    services = module("database", tmp_path, databases=["shop"])["config"]["services"]
    postgresql = services["postgresql"]
    assert postgresql["package"] == "postgresql_17"
    assert postgresql["enableTCPIP"] is False
    assert postgresql["ensureDatabases"] == ["shop"]
    assert postgresql["ensureUsers"] == [{"name": "shop", "ensureDBOwnership": True}]


def test_redis_has_a_port_on_loopback_and_its_password_stays_in_a_file(tmp_path: Path) -> None:
    config = module("database", tmp_path, redisPasswordFile="/run/secrets/redis")["config"]
    assert config["services"]["redis"]["servers"] == {
        "": {
            "enable": True,
            "bind": "127.0.0.1",
            "port": 6379,
            "requirePassFile": "/run/secrets/redis",
        }
    }


def test_either_database_can_be_left_out(tmp_path: Path) -> None:
    services = module("database", tmp_path, redis=False)["config"]["services"]
    assert services["redis"]["servers"][""] == {"absent": True}
    services = module("database", tmp_path, postgresql=False)["config"]["services"]
    assert services["postgresql"] == {"absent": True}


def test_ollama_listens_on_loopback_only(tmp_path: Path) -> None:
    ollama = module("ollama", tmp_path, models=["gemma3:4b"])["config"]["services"]["ollama"]
    assert ollama["host"] == "127.0.0.1"
    assert ollama["loadModels"] == ["gemma3:4b"]
    assert ollama["user"] == {"absent": True}


def test_cuda_says_which_kernel_part_and_loads_the_driver_without_a_screen(tmp_path: Path) -> None:
    config = module("cuda", tmp_path)["config"]
    assert config["hardware"]["nvidia"]["open"] is True
    assert config["hardware"]["graphics"] == {"enable": True}
    assert config["services"]["xserver"]["videoDrivers"] == ["nvidia"]
    assert config["nixpkgs"]["config"] == {"cudaSupport": True}
    config = module("cuda", tmp_path, open=False)["config"]
    assert config["hardware"]["nvidia"]["open"] is False


@pytest.mark.parametrize("docker", [True, False])
def test_containers_use_graphics_units_when_docker_is_there(
    *, docker: bool, tmp_path: Path
) -> None:
    config = module("cuda", tmp_path, docker=docker)["config"]
    assert config["hardware"]["nvidia-container-toolkit"] == {"enable": docker}


def test_cudas_licences_are_the_same_by_themselves_and_in_a_profile(tmp_path: Path) -> None:
    option = module("cuda", tmp_path)["options"]["unfreePackages"]
    assert option["readOnly"]
    assert tuple(option["default"]) == BuiltinPresets().stacks()["cuda"].unfree


def test_models_are_shared_only_on_request(tmp_path: Path) -> None:
    config = module("ml", tmp_path)["config"]
    assert config["environment"]["variables"] == {"absent": True}
    shared = module("ml", tmp_path, sharedModels="/srv/models", users=["alice"])["config"]
    assert shared["users"]["groups"]["ml"] == {"members": ["alice"]}
    folder = shared["systemd"]["tmpfiles"]["settings"]["capsule-ml"]["/srv/models"]
    assert folder == {"d": {"user": "root", "group": "ml", "mode": "2775"}}
    assert shared["environment"]["variables"]["HF_HOME"] == "/srv/models/huggingface"
    for path, value in set_in_nixos(shared):
        kind = kind_at(path)
        assert kind is not None, ".".join(path)
        assert fits(kind, value), ".".join(path)


def test_github_is_known_and_git_asks_gh_without_a_secret(tmp_path: Path) -> None:
    programs = module("github", tmp_path, hosts=["github.example.org"])["config"]["programs"]
    assert programs["git"]["config"]["credential"] == {
        "https://github.example.org": {"helper": ["", "!gh auth git-credential"]}
    }
    assert programs["ssh"]["knownHosts"]["github.com"]["publicKey"].startswith("ssh-ed25519 ")


def test_global_installs_of_npm_go_where_the_path_looks(tmp_path: Path) -> None:
    config = module("nodejs", tmp_path, globalFolder=".local/npm")["config"]
    assert config["programs"]["npm"]["npmrc"] == "prefix = ${HOME}/.local/npm\n"
    assert '"$PATH:$HOME/.local/npm/bin"' in config["environment"]["extraInit"]


def test_go_does_not_fetch_another_go_unless_allowed(tmp_path: Path) -> None:
    variables = module("golang", tmp_path, privateModules=["a", "b"])["config"]["environment"]
    assert variables["variables"] == {"GOTOOLCHAIN": "local", "GOPRIVATE": "a,b"}
    variables = module("golang", tmp_path, downloadToolchains=True)["config"]["environment"]
    assert variables["variables"]["GOTOOLCHAIN"] == "auto"


def test_cargo_finds_a_linker_unless_projects_bring_theirs(tmp_path: Path) -> None:
    environment = module("rust", tmp_path)["config"]["environment"]
    assert "gcc" in environment["systemPackages"]
    environment = module("rust", tmp_path, linker=None)["config"]["environment"]
    assert "gcc" not in environment["systemPackages"]


def test_debuggers_see_other_processes_only_on_request(tmp_path: Path) -> None:
    def scope(*, attach: bool) -> Any:
        found = module("devtools", tmp_path, attachToProcesses=attach)["config"]
        sysctl = found["boot"]["kernel"]["sysctl"]
        return sysctl["kernel.yama.ptrace_scope"]

    assert scope(attach=False) == 1
    assert scope(attach=True) == 0


def test_code_server_asks_for_a_password_that_is_not_in_the_configuration(tmp_path: Path) -> None:
    found = module("code-server", tmp_path)["config"]["services"]["code-server"]
    assert found["host"] == "127.0.0.1"
    assert found["auth"] == "password"
    assert "hashedPassword" not in found


def test_k3s_is_for_its_machine_alone_until_it_is_opened(tmp_path: Path) -> None:
    config = module("k3s", tmp_path)["config"]
    assert config["networking"]["firewall"]["allowedTCPPorts"] == {"absent": True}
    config = module("k3s", tmp_path, openFirewall=True)["config"]
    assert config["networking"]["firewall"]["allowedTCPPorts"] == [6443]


BROUGHT_BY_THE_SERVICE = {
    "docker": {"docker-client"},  # the engine's package has the same command
    "ollama": {"ollama"},
}


@pytest.mark.parametrize("name", BuiltinPresets().stacks())
def test_a_module_alone_installs_what_its_stack_has(name: str, tmp_path: Path) -> None:
    stack = BuiltinPresets().stacks()[name]
    assert stack.module_installs
    config = module(name, tmp_path)["config"]
    installed = set(config.get("environment", {}).get("systemPackages", ()))
    wanted = set(stack.packages) - BROUGHT_BY_THE_SERVICE.get(name, set())
    interpreters = {one for one in installed if one.startswith("python3 with")}
    assert installed - interpreters - {"gcc"} == wanted - {"gcc"}
    libraries = config.get("capsule", {}).get("python", {}).get("pythonPackages", [])
    assert sorted(libraries) == sorted(stack.python_packages)


def test_python_is_one_interpreter_with_the_libraries_that_were_asked_for(tmp_path: Path) -> None:
    config = module("python", tmp_path)["config"]
    assert "python3 with " in config["environment"]["systemPackages"]
    ml = module("ml", tmp_path)["config"]
    assert ml["capsule"]["python"]["enable"] is True
    assert "environment" not in ml or "systemPackages" not in ml["environment"]


@pytest.mark.parametrize(
    ("acceleration", "package"),
    [(None, "ollama"), ("cuda", "ollama-cuda"), ("rocm", "ollama-rocm")],
)
def test_ollama_is_built_for_the_cards_that_were_named(
    acceleration: str | None, package: str, tmp_path: Path
) -> None:
    config = module("ollama", tmp_path, acceleration=acceleration)["config"]
    assert config["services"]["ollama"]["package"] == package
    assert "acceleration" not in config["services"]["ollama"]
