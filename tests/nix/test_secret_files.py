"""What is written of secrets: paths, readers and public keys, and never more."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from capsule_adapters.nix.age import age_recipient
from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.models.nixos import NixosRequest, RenderedFile
from capsule_domain.models.profile import Profile
from capsule_domain.models.secret import SecretRef, SecretsTool
from capsule_domain.services.compose import Compose
from tests.nix.machines import by_itself, machines, write_machine
from tests.nix.nix import evaluate

PRESETS = BuiltinPresets()
HOST = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKLIekc89rhx9YsMTjuAgzGQhHWQkFGZQ6wRNkFRWVp9"
ALICE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2NzcJGJsuKrzfuGOu1A9jtbiYRT4pc9PcQJYHE4wTj alice: #1"
BOB = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 bob"
NAMES = ["grafana-admin-password", "grafana-secret-key", "redis-password"]


def request(tool: SecretsTool | None, *stacks: str, host_key: str | None = HOST) -> NixosRequest:
    profile = Profile(name="mine", stacks=stacks or ("monitoring", "database"))
    return NixosRequest(
        environment=Compose(PRESETS).resolve(profile),
        authorized_keys=(ALICE, BOB),
        secrets=tool,
        host_key=host_key,
    )


def texts(asked: NixosRequest) -> dict[str, str]:
    return {file.path: file.text for file in JinjaNixRenderer().configuration(asked)}


def files(asked: Sequence[RenderedFile]) -> set[str]:
    return {file.path for file in asked if file.placeholder}


@pytest.mark.parametrize(
    ("tool", "folder"), [(SecretsTool.SOPS, "/run/secrets"), (SecretsTool.AGENIX, "/run/agenix")]
)
def test_services_read_their_secrets_where_the_tool_puts_them(
    tool: SecretsTool, folder: str, tmp_path: Path
) -> None:
    write_machine(request(tool), tmp_path)
    machine = next(machines([tmp_path], by_itself("configuration.nix"), tmp_path))
    grafana = machine.set["services"]["grafana"]["settings"]["security"]
    assert grafana["secret_key"] == f"$__file{{{folder}/grafana-secret-key}}"
    assert grafana["admin_password"] == f"$__file{{{folder}/grafana-admin-password}}"
    redis = machine.set["services"]["redis"]["servers"][""]
    assert redis["requirePassFile"] == f"{folder}/redis-password"


def test_each_secret_is_for_the_account_that_reads_it(tmp_path: Path) -> None:
    for tool, option in ((SecretsTool.SOPS, "sops"), (SecretsTool.AGENIX, "age")):
        folder = tmp_path / option
        write_machine(request(tool), folder)
        machine = next(machines([folder], by_itself("configuration.nix"), folder))
        owners = {name: of["owner"] for name, of in machine.set[option]["secrets"].items()}
        assert owners == dict(zip(NAMES, ["grafana", "grafana", "root"], strict=True))
        assert [one["assertion"] for one in machine.set["assertions"]] == [True, True]


def test_what_is_missing_is_said_before_anything_is_built(tmp_path: Path) -> None:
    write_machine(request(SecretsTool.SOPS), tmp_path)
    (tmp_path / "secrets" / "secrets.yaml").unlink()
    machine = next(machines([tmp_path], by_itself("configuration.nix"), tmp_path))
    refused = [one["message"] for one in machine.set["assertions"] if not one["assertion"]]
    assert refused == ["secrets/secrets.yaml is not there yet: README.md tells how to make it"]
    assert "sops" not in machine.set


def test_sops_encrypts_for_the_machine_and_for_people_whose_keys_it_can_use() -> None:
    rule = yaml.safe_load(texts(request(SecretsTool.SOPS))[".sops.yaml"])["creation_rules"][0]
    assert rule["key_groups"] == [{"age": [age_recipient(HOST), age_recipient(ALICE)]}]


def test_agenix_encrypts_for_every_key(tmp_path: Path) -> None:
    text = texts(request(SecretsTool.AGENIX))["secrets/secrets.nix"]
    rules = evaluate(f"({text})", tmp_path)
    assert rules == {f"{name}.age": {"publicKeys": [HOST, ALICE, BOB]} for name in NAMES}


@pytest.mark.parametrize("tool", SecretsTool)
def test_a_machine_whose_key_nobody_knows_yet_is_told_of(tool: SecretsTool) -> None:
    written = texts(request(tool, host_key=None))
    keys = written[".sops.yaml" if tool is SecretsTool.SOPS else "secrets/secrets.nix"]
    assert "ssh-keyscan -t ed25519" in keys
    assert "public key is not known yet" in written["README.md"]
    assert "public key is not known yet" not in texts(request(tool))["README.md"]


def test_without_anyones_key_the_rules_of_sops_are_still_yaml() -> None:
    asked = request(SecretsTool.SOPS, host_key=None).model_copy(update={"authorized_keys": (BOB,)})
    rule = yaml.safe_load(texts(asked)[".sops.yaml"])["creation_rules"][0]
    assert rule["key_groups"] == [{"age": []}]


def test_for_whom_secrets_are_encrypted_stays_as_a_person_left_it() -> None:
    for tool, kept in (
        (SecretsTool.SOPS, ".sops.yaml"),
        (SecretsTool.AGENIX, "secrets/secrets.nix"),
    ):
        assert files(JinjaNixRenderer().configuration(request(tool))) == {kept}


@pytest.mark.parametrize("tool", SecretsTool)
def test_the_flake_brings_the_tool_with_the_same_nixpkgs(tool: SecretsTool, tmp_path: Path) -> None:
    name = "sops-nix" if tool is SecretsTool.SOPS else "agenix"
    inputs = evaluate(f"({texts(request(tool))['flake.nix']}).inputs", tmp_path)
    assert inputs[name]["inputs"]["nixpkgs"] == {"follows": "nixpkgs"}
    assert sorted(inputs) == sorted(["nixpkgs", "home-manager", name])


def test_without_the_option_or_a_need_there_is_no_trace_of_it() -> None:
    for asked in (request(None), request(SecretsTool.SOPS, "golang")):
        written = texts(asked)
        assert not {".sops.yaml", "secret-files.nix", "secrets/secrets.nix"} & set(written)
        assert "sops" not in written["flake.nix"] + written["configuration.nix"]


def test_the_readme_tells_how_each_is_made() -> None:
    readme = texts(request(SecretsTool.AGENIX))["README.md"]
    for name in NAMES:
        assert f"agenix -e {name}.age" in readme
        assert f"| `{name}` |" in readme


def test_a_fleet_has_the_secrets_of_each_host_beside_it() -> None:
    hosts = [request(SecretsTool.SOPS).model_copy(update={"hostname": name}) for name in ("a", "b")]
    written = {file.path for file in JinjaNixRenderer().fleet(hosts)}
    assert {f"hosts/{h}/{f}" for h in "ab" for f in (".sops.yaml", "secret-files.nix")} <= written


def test_a_reference_holds_no_more_than_a_name() -> None:
    ref = SecretRef(name="redis-password", tool=SecretsTool.SOPS)
    assert str(ref.path) == "/run/secrets/redis-password"
    assert json.loads(ref.model_dump_json()) == {"name": "redis-password", "tool": "sops"}
    with pytest.raises(ValueError, match="lower-case letters"):
        SecretRef(name="../etc/shadow", tool=SecretsTool.SOPS)
    with pytest.raises(ValueError, match="Extra inputs"):
        SecretRef(name="a", tool=SecretsTool.SOPS, value="hunter2")  # type: ignore[call-arg]
