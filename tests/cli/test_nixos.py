"""`nixos generate` and `nixos why`, as people and programs use them."""

import json
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.nix.reading.modules import NixModules
from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_adapters.store.configurations import ConfigurationFolders
from capsule_cli.wiring import Wiring
from capsule_domain.models.hardware import Firmware, Hardware, Mount
from tests.cli.running import Ran, capsule, wired
from tests.fakes.choices import FakeChoices
from tests.fakes.hardware_survey import FakeHardwareSurvey
from tests.fakes.inventory import FakeInventory
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.fakes.package_index import FakePackageIndex
from tests.xnodes import an_xnode

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2NzcJGJsuKrzfuGOu1A9jtbiYRT4pc9PcQJYHE4wTj me"
TOLD = Hardware(
    origin="as web-1 told",
    was_told=True,
    firmware=Firmware.BIOS,
    disk="/dev/vda",
    mounts=(Mount(place="/", device="/dev/disk/by-uuid/0e1f9a6b", kind="ext4"),),
)


class Here:
    """A person with two xNodes, one of which answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.survey = FakeHardwareSurvey()
        self.survey.machines["web-1"] = TOLD
        self.inventory = FakeInventory(
            [an_xnode("web-1", profile="prod"), an_xnode("db-1", provider="linode")]
        )
        self.configurations = ConfigurationFolders(folder)
        self.keys = FakeKeys()
        self.choices = FakeChoices()

    def wiring(self) -> Wiring:
        return wired(
            presets=BuiltinPresets(),
            choices=self.choices,
            renderer=JinjaNixRenderer(),
            configurations=self.configurations,
            inventory=self.inventory,
            keys=self.keys,
            known_hosts=FakeKnownHosts(),
            hardware_survey=self.survey,
            time_zones=("Europe/Berlin",),
            index=FakePackageIndex(),
            module_reader=NixModules(),
            username="alice",
        )

    def nixos(self, *arguments: str) -> Ran:
        return capsule("nixos", *arguments, wiring=self.wiring())

    def json(self, *arguments: str) -> Any:
        done = self.nixos(*arguments, "--json")
        assert done.code == 0, done.stderr
        return done.data

    def text(self, path: str) -> str:
        return (self.folder / "nixos" / path).read_text()


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def test_an_xnode_that_answers_is_written_down_whole(here: Here) -> None:
    done = here.json("generate", "--xnode", "web-1")
    assert (done["hostname"], done["profile"], done["hardware"]) == (
        "web-1",
        "prod",
        "as web-1 told",
    )
    assert done["remarks"] == []
    assert here.keys.deploy_key().public_openssh in here.text("web-1/access.nix")
    assert '"/dev/disk/by-uuid/0e1f9a6b"' in here.text("web-1/hardware-configuration.nix")


def test_one_that_does_not_answer_gets_what_is_known_of_its_cloud_and_that_is_said(
    here: Here,
) -> None:
    done = here.nixos("generate", "--xnode", "db-1")
    assert done.code == 0
    assert "db-1 did not tell of its hardware" in done.stderr
    assert "linode-config.nix" in here.text("db-1/hardware-configuration.nix")


def test_what_a_machine_told_stays_when_it_is_silent_later(here: Here) -> None:
    here.nixos("generate", "--xnode", "web-1")
    told = here.text("web-1/hardware-configuration.nix")
    here.survey.machines.clear()
    for arguments in (("--xnode", "web-1"), ("--hostname", "web-1", "--profile", "prod")):
        done = here.json("generate", *arguments)
        assert done["kept"] == ["hardware-configuration.nix"]
        assert here.text("web-1/hardware-configuration.nix") == told


def test_the_fleet_is_one_flake_and_why_asks_one_host_of_it(here: Here) -> None:
    done = here.json("generate", "--multi", "--timezone", "Europe/Berlin")
    assert [host["hostname"] for host in done["hosts"]] == ["db-1", "web-1"]
    flake = here.text("_fleet/flake.nix")
    assert "web-1 = machine ./hosts/web-1/configuration.nix" in flake
    assert "./../../modules" not in here.text("_fleet/hosts/web-1/configuration.nix")
    assert "    ../../modules/webserver.nix\n" in here.text("_fleet/hosts/web-1/configuration.nix")
    assert not (here.folder / "nixos/_fleet/hosts/web-1/modules").exists()
    (row,) = here.json("why", "time.timeZone", "--hostname", "db-1")
    assert (row["value"], row["origin"]) == ('"Europe/Berlin"', "--timezone")
    assert here.nixos("why", "time.timeZone").code == 3


def test_a_host_that_is_gone_leaves_the_fleet_and_an_edited_file_stays(here: Here) -> None:
    here.json("generate", "--multi")
    home = here.folder / "nixos/_fleet/hosts/db-1/home.nix"
    home.write_text("{ }\n")
    here.inventory.remove("x-db-1")
    done = here.json("generate", "--multi")
    assert [host["hostname"] for host in done["hosts"]] == ["web-1"]
    assert "db-1" not in here.text("_fleet/flake.nix")
    assert [path.name for path in home.parent.iterdir()] == ["home.nix"]


def test_any_option_can_be_set_and_why_tells_that_it_was(here: Here) -> None:
    here.json(
        *("generate", "--hostname", "web-1", "--authorized-key", KEY),
        *("--set", "services.openssh.settings.MaxAuthTries=3"),
        *("--set", 'environment.etc."a b".text="${HOME} \'\' \\n"'),
    )
    assert "  services.openssh.settings.MaxAuthTries = lib.mkForce 3; # --set\n" in here.text(
        "web-1/configuration.nix"
    )
    (row,) = here.json("why", 'environment.etc."a b".text')
    assert json.loads(row["value"]) == "${HOME} '' \n"
    assert row["origin"] == "--set"


def test_why_reads_well(here: Here) -> None:
    here.nixos("generate", "--profile", "prod", "--authorized-key", KEY)
    done = here.nixos("why", "services.nginx.enable")
    assert "✓ services.nginx.enable = true" in done.stdout
    assert "stack webserver: profile prod  (modules/webserver.nix:" in done.stdout
    nothing = here.nixos("why", "services.jupyter")
    assert (nothing.code, "nothing in this configuration sets" in nothing.stdout) == (0, True)
    assert here.json("why", "services.jupyter") == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("generate", "--xnode", "web-1", "--hostname", "x"), 2, "--hostname and --xnode exclude"),
        (("generate", "--multi", "--xnode", "web-1"), 2, "--xnode and --multi exclude"),
        (("generate", "--multi", "--hostname", "x"), 2, "--hostname and --multi exclude"),
        (("generate", "--multi", "--flake"), 2, "--flake and --multi exclude"),
        (("generate", "--multi", "--disk", "/dev/vda"), 2, "--disk and --multi exclude"),
        (("generate", "--multi", "--domain", "x.org"), 2, "--domain and --multi exclude"),
        (("generate", "--xnode", "wbe-1"), 4, "did you mean web-1"),
        (("generate", "--set", "a"), 2, "there is no = behind"),
        (("generate", "--set", "a=99999999999999999999"), 3, "64 bits"),
        (("generate", "--timezone", "Europe/Berlni"), 4, "did you mean Europe/Berlin"),
        (("generate", "--username", "sshd"), 2, "NixOS has an account of that name"),
        (("generate", "--secrets", "vault"), 2, "--secrets"),
        (("why", "networking.hostName"), 3, "no configuration was generated yet"),
        (("why", "a..b"), 2, "no path of an option"),
        (("why", "a", "-c", "/nowhere"), 4, "/nowhere"),
    ],
)
def test_a_mistake_writes_nothing_and_says_the_rule(
    here: Here, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = here.nixos(*arguments)
    assert (done.code, done.stdout) == (code, ""), done.stderr
    assert said in done.stderr
    assert not (here.folder / "nixos").exists()


def test_a_dry_run_of_the_fleet_writes_nothing(here: Here) -> None:
    done = here.nixos("generate", "--multi", "--dry-run")
    assert "would write flake.nix" in done.stdout
    assert not (here.folder / "nixos").exists()
