"""What a new server is told: as cloud-init and as XnodeOS' installer read it, whatever it is."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.sandbox.cloud_init import read_user_data
from capsule_domain.errors import ConfigurationError, ToolMissing
from capsule_domain.models.deployment import DeployPlan
from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.requirements import Requirements
from capsule_domain.models.server import Capabilities
from capsule_domain.models.template import Arch
from capsule_domain.ports.host import DeployKey
from capsule_domain.ports.settings import OpenmeshSettings
from capsule_domain.services.first_boot import PLAIN_BOOT, FirstBoot, PrepareBoot
from capsule_domain.services.plan import plan_deploy
from capsule_domain.services.user_data import nixos_image_user_data, user_data
from capsule_domain.services.xnodeos import VERSION, initial_config, install_command
from tests.cloud_init import cloud_config
from tests.fakes.keys import FakeKeys
from tests.fakes.offers import DEFAULT_OFFERS
from tests.fakes.provider import CAPABILITIES
from tests.services.renting import RATES
from tests.tools import needs_tool

OWNER = "0x519ce4c129a981b2cbb4c3990b1391da24e8ebf3"
HOST_KEY = FakeKeys().new_host_key()
USER_KEY = FakeKeys().new_host_key().public_openssh
KEY = DeployKey(private_path="key", public_openssh=USER_KEY)
MINE = OpenmeshSettings(owner=OWNER, domain="xnode.example.org", email="me@example.org")

# What happens to the variables at XnodeOS: its kexec script writes them through a
# here-document, its installer reads that file as a shell, and puts the text in with sed.
INSTALLER = """\
cat << EOF > env
export OWNER="${OWNER}" && export EMAIL="${EMAIL}" && export INITIAL_CONFIG="${INITIAL_CONFIG}"
EOF
unset OWNER EMAIL INITIAL_CONFIG
source ./env
printf '{ pkgs, ... }@args:\\n{\\n  # START USER CONFIG\\n\\n  # END USER CONFIG\\n}\\n' > flake.nix
text="# START USER CONFIG\\n${INITIAL_CONFIG}\\n# END USER CONFIG"
sed -i "/# START USER CONFIG/,/# END USER CONFIG/c\\\\$text" flake.nix
printf '%s\\n' "$OWNER" "$EMAIL"
"""


def plan(os: OperatingSystem = OperatingSystem.STOCK, **changes: Any) -> DeployPlan:
    made = plan_deploy("web-1", DEFAULT_OFFERS, Requirements(), RATES)
    offer = made.offer.model_copy(update={"memory_mib": 4096, **changes})
    return made.model_copy(update={"os": os, "offer": offer})


def boot(
    wanted: DeployPlan, can: Capabilities = CAPABILITIES, mine: OpenmeshSettings = MINE
) -> FirstBoot:
    return PrepareBoot(mine, lambda _way: None).run(wanted, can, KEY, HOST_KEY)


def told(wanted: DeployPlan) -> str:
    return boot(wanted).user_data.get_secret_value()


def test_plain_cloud_config_is_what_cloud_init_knows() -> None:
    content = cloud_config(told(plan()))
    assert content["ssh_keys"]["ed25519_public"] == HOST_KEY.public_openssh
    assert asyncssh.import_private_key(content["ssh_keys"]["ed25519_private"])
    assert "runcmd" not in content


def test_cloud_config_of_an_xnode_is_what_cloud_init_knows() -> None:
    content = cloud_config(told(plan(OperatingSystem.XNODEOS)))
    [[shell, dash_c, command]] = content["runcmd"]
    assert (shell, dash_c) == ("sh", "-c")
    assert command == install_command(MINE, USER_KEY, HOST_KEY)
    assert f"/xnodeos/{VERSION}/install.sh" in command


@given(st.lists(st.text(min_size=1), max_size=3))
def test_whatever_a_command_holds_it_arrives_as_it_is(commands: list[str]) -> None:
    hostile = tuple(text.encode("utf-8", "replace").decode() for text in commands)
    content = cloud_config(user_data(HOST_KEY, hostile).get_secret_value())
    assert content.get("runcmd", []) == [["sh", "-c", command] for command in hostile]


@given(name=st.text(max_size=60), comment=st.text(max_size=60))
def test_no_name_and_no_comment_of_a_key_is_a_part_of_what_is_told(name: str, comment: str) -> None:
    """They are what anyone may write anything into."""
    key = KEY.model_copy(update={"public_openssh": f"{USER_KEY} {comment}"})
    for os in OperatingSystem:
        named = plan(os).model_copy(update={"name": name})
        made = PrepareBoot(MINE, lambda _way: None).run(named, CAPABILITIES, key, HOST_KEY)
        cloud_config(made.user_data.get_secret_value())
        assert made.user_data == boot(plan(os)).user_data


def test_an_xnode_is_told_its_owner_in_both_generations_of_names() -> None:
    exports = install_command(MINE, USER_KEY, HOST_KEY).partition(" && curl")[0]
    seen = dict(word.split("=", 1) for word in shlex.split(exports) if "=" in word)
    assert seen["OWNER"] == seen["XNODE_OWNER"] == "eth:519ce4c129a981b2cbb4c3990b1391da24e8ebf3"
    assert seen["EMAIL"] == seen["ACME_EMAIL"] == "me@example.org"
    assert seen["DOMAIN"] == "xnode.example.org"
    assert seen["VERSION"] == "v1.0.0"
    assert seen["INITIAL_CONFIG"] == initial_config(USER_KEY, HOST_KEY)


def test_what_an_xnode_is_told_survives_the_way_of_its_installer(tmp_path: Path) -> None:
    bash, nix = needs_tool("bash"), needs_tool("nix-instantiate")
    exports = install_command(MINE, USER_KEY, HOST_KEY).partition(" && curl")[0]
    script = f"set -e\n{exports}\n{INSTALLER}"
    done = subprocess.run(
        [bash, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [
        "eth:519ce4c129a981b2cbb4c3990b1391da24e8ebf3",
        "me@example.org",
    ]
    flake = (tmp_path / "flake.nix").read_text()
    assert initial_config(USER_KEY, HOST_KEY) in flake.splitlines()
    seen = subprocess.run(
        [nix, "--eval", "--strict", "--json", "-E", f"({flake}) {{ pkgs = null; }}"],
        capture_output=True,
        text=True,
        check=True,
        env={"HOME": str(tmp_path), "NIX_REMOTE": "dummy://", "PATH": "/usr/bin:/bin"},
    )
    found = json.loads(seen.stdout)
    assert found["services"]["openssh"]["enable"] is True
    assert found["users"]["users"]["root"]["openssh"]["authorizedKeys"]["keys"] == [USER_KEY]
    write = found["system"]["activationScripts"]["capsuleHostKey"]["text"]
    assert_writes_the_host_key(bash, write, tmp_path)


def assert_writes_the_host_key(bash: str, script: str, folder: Path) -> None:
    """Where there is none, and never over another; what runs after it has its own umask."""
    key = folder / "etc/ssh/ssh_host_ed25519_key"
    here = script.replace("/etc/ssh", str(key.parent))
    for _ in range(2):
        subprocess.run([bash, "-ec", f'{here}\ntest "$(umask)" != 0077'], check=True)
        assert key.read_text() == HOST_KEY.private_openssh.get_secret_value()
        assert key.stat().st_mode & 0o777 == 0o600
    key.write_text("another")
    subprocess.run([bash, "-ec", here], check=True)
    assert key.read_text() == "another"


@pytest.mark.parametrize("key", ["ssh-ed25519 $(reboot)", "ssh-rsa `x`", 'ssh-rsa "', "a b\\"])
def test_a_key_that_would_not_pass_is_refused(key: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be told"):
        initial_config(key, HOST_KEY)


def test_an_xnode_without_an_owner_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="without an owner") as caught:
        boot(plan(OperatingSystem.XNODEOS), mine=OpenmeshSettings())
    assert "openmesh configure" in (caught.value.hint or "")


def test_a_domain_without_someone_to_issue_to_is_refused() -> None:
    half = OpenmeshSettings(owner=OWNER, domain="x.example.org")
    with pytest.raises(ConfigurationError, match="no email"):
        boot(plan(OperatingSystem.XNODEOS), mine=half)


def test_an_xnode_of_another_architecture_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="made for x86_64"):
        boot(plan(OperatingSystem.XNODEOS, arch=Arch.AARCH64))


def test_what_is_too_large_for_a_cloud_is_refused_with_its_size() -> None:
    small = CAPABILITIES.model_copy(update={"user_data_max_bytes": 700})
    with pytest.raises(ConfigurationError, match=r"has \d+ bytes, and fakecloud takes 700"):
        boot(plan(OperatingSystem.XNODEOS), small)


def test_a_cloud_that_takes_no_user_data_is_told_nothing() -> None:
    deaf = CAPABILITIES.model_copy(update={"user_data_max_bytes": 0})
    assert not boot(plan(), deaf).is_told


@pytest.mark.parametrize("os", OperatingSystem)
def test_all_that_is_told_fits_the_tightest_of_clouds(os: OperatingSystem) -> None:
    assert len(told(plan(os)).encode()) < 16_384


def test_nixos_own_image_is_asked_for_where_there_is_one() -> None:
    has = CAPABILITIES.model_copy(update={"nixos_image": True})
    made = boot(plan(OperatingSystem.NIXOS, provider="aws"), has)
    assert made.image == "nixos"
    assert made.user_data == nixos_image_user_data(HOST_KEY)


def test_what_nixos_own_image_is_told_is_the_host_key_and_nothing_it_would_run() -> None:
    """By the rules of nixpkgs' own ec2-data.nix and amazon-init.nix."""
    text = nixos_image_user_data(HOST_KEY).get_secret_value()
    private, public = text.splitlines()
    assert public == f"SSH_HOST_ED25519_KEY_PUB:{HOST_KEY.public_openssh}"
    name, _, lines = private.partition(":")
    assert name == "SSH_HOST_ED25519_KEY"
    assert lines.split("|") == HOST_KEY.private_openssh.get_secret_value().strip().split("\n")
    assert read_user_data(text).host_key is not None


def test_nixos_that_cannot_be_installed_from_here_is_refused_before_it_costs() -> None:
    def lacks_nix(way: NixosWay) -> None:
        assert way is NixosWay.ANYWHERE
        raise ToolMissing("Nix", hint="capsule bootstrap")

    with pytest.raises(ToolMissing):
        PrepareBoot(MINE, lacks_nix).run(plan(OperatingSystem.NIXOS), CAPABILITIES, KEY, HOST_KEY)


def test_who_asks_for_no_system_needs_no_settings() -> None:
    assert PLAIN_BOOT.run(plan(), CAPABILITIES, KEY, HOST_KEY).image is None
