"""Why an option is set, asked of configurations as they lie on the disk."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from capsule_adapters.nix.reading.modules import NixModules
from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_adapters.store.configurations import ConfigurationFolders
from capsule_domain.errors import ConfigurationError, NotFound, UsageError
from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.option import OptionRow
from capsule_domain.models.option_path import join_option
from capsule_domain.services.assign import access, configuration
from capsule_domain.services.compose import Compose
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.generate import Generate
from capsule_domain.services.generate_fleet import GenerateFleet
from capsule_domain.services.machine_of_xnode import MachinesOfXNodes
from capsule_domain.services.nixos_wish import Wish
from capsule_domain.services.option_values import option_settings
from capsule_domain.services.why import Why
from tests.fakes.choices import FakeChoices
from tests.fakes.hardware_survey import FakeHardwareSurvey
from tests.fakes.inventory import FakeInventory
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.xnodes import an_xnode

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2NzcJGJsuKrzfuGOu1A9jtbiYRT4pc9PcQJYHE4wTj me"
SET = ("networking.firewall.allowedTCPPorts=[8080,9090]", 'services.x."a.b"={"c": 1}')


class Setting:
    def __init__(self, home: Path) -> None:
        self.configurations = ConfigurationFolders(home)
        self.choices = FakeChoices()
        self.inventory = FakeInventory()
        profiles = ManageProfile(self.choices, BuiltinPresets())
        renderer = JinjaNixRenderer()
        self.generate = Generate(
            profiles, renderer, self.configurations, self.choices, self.machines
        )
        self.fleet = GenerateFleet(
            profiles, renderer, self.configurations, self.choices, self.machines()
        )
        self.why = Why(NixModules(), self.configurations, self.choices)

    def machines(self) -> MachinesOfXNodes:
        return MachinesOfXNodes(self.inventory, FakeKeys(), FakeHardwareSurvey(), FakeKnownHosts())

    def prod(self, **wish: object) -> Path:
        asked = {"profile": "prod", "hostname": "web-1", "authorized_keys": [KEY], **wish}
        return Path(self.generate.run(Wish(**asked)).folder)  # type: ignore[arg-type]


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path / "home")


def brief(rows: Sequence[OptionRow]) -> list[tuple[str, str, str]]:
    return [(row.option, row.value, row.origin) for row in rows]


def test_a_prefix_lists_everything_below_with_its_stack_or_flag(setting: Setting) -> None:
    setting.prod(settings=SET)
    assert brief(setting.why.run("networking.firewall")) == [
        ("networking.firewall.allowedTCPPorts", "[ 8080 9090 ]", "--set"),
        ("networking.firewall.allowedTCPPorts", "[ 80 443 ]", "stack webserver: profile prod"),
        ("networking.firewall.enable", "true", "Capsule's own choice"),
        ("networking.firewall.enable", "true", "stack security: profile prod"),
    ]


def test_every_line_that_capsule_writes_is_found_with_its_origin(setting: Setting) -> None:
    folder = setting.prod(settings=SET, timezone="Europe/Berlin", disk="/dev/vda")
    request = NixosRequest(
        environment=Compose(BuiltinPresets()).resolve(BuiltinPresets().profiles()["prod"]),
        hostname="web-1",
        timezone="Europe/Berlin",
        disk="/dev/vda",
        authorized_keys=(KEY,),
        settings=tuple(option_settings(SET)),
    )
    for line in (*configuration(request), *access(request)):
        rows = setting.why.run(join_option(line.option))
        assert line.origin in {row.origin for row in rows}, line.option
        for row in rows:
            assert (folder / row.file).is_file()
            assert row.line <= len((folder / row.file).read_text().splitlines())


def test_what_holds_the_option_is_told_too(setting: Setting) -> None:
    setting.prod()
    (row,) = setting.why.run("nix.settings.experimental-features.x")
    assert row.option == "nix.settings.experimental-features"


def test_a_name_that_is_computed_may_be_any(setting: Setting) -> None:
    setting.prod(domain="www.example.org", email="a@b.org")
    rows = setting.why.run('services.nginx.virtualHosts."www.example.org".forceSSL')
    assert brief(rows) == [
        ("services.nginx.virtualHosts.<…>.forceSSL", "true", "stack webserver: profile prod")
    ]


def test_what_nothing_sets_has_no_rows(setting: Setting) -> None:
    setting.prod()
    assert setting.why.run("services.postgresql") == []


def test_edits_are_seen_and_not_taken_for_capsules(setting: Setting) -> None:
    folder = setting.prod()
    file = folder / "configuration.nix"
    line = "  services.x.enable = true;\n  services.y.enable = true; # for Bob\n"
    file.write_text(file.read_text().rstrip().removesuffix("}") + line + "}\n")
    assert [row.origin for row in setting.why.run("services.x")] == [
        "written by hand, or Capsule's own choice"
    ]
    assert [row.origin for row in setting.why.run("services.y")] == ["for Bob"]
    (name,) = setting.why.run("networking.hostName")
    assert name.origin == "--hostname"


def test_the_machines_own_file_is_told_as_that(setting: Setting) -> None:
    folder = setting.prod()
    (folder / "hardware-configuration.nix").write_text('{ boot.kernelModules = [ "kvm" ]; }\n')
    assert brief(setting.why.run("boot.kernelModules")) == [
        ("boot.kernelModules", '[ "kvm" ]', "the machine itself")
    ]


def test_the_host_generated_last_is_meant_or_another_by_its_name_or_folder(
    setting: Setting,
) -> None:
    first = setting.prod()
    setting.prod(hostname="web-2")
    assert [row.value for row in setting.why.run("networking.hostName")] == ['"web-2"']
    for rows in (
        setting.why.run("networking.hostName", hostname="web-1"),
        setting.why.run("networking.hostName", config=str(first)),
        setting.why.run("networking.hostName", config=str(first / "configuration.nix")),
    ):
        assert [row.value for row in rows] == ['"web-1"']


def test_of_a_fleet_one_host_is_named(setting: Setting) -> None:
    for name in ("web-1", "web-2"):
        setting.inventory.add(an_xnode(name, profile="prod"))
    setting.fleet.run(Wish())
    (row,) = setting.why.run("networking.hostName", hostname="web-2")
    assert (row.value, row.file) == ('"web-2"', "configuration.nix")
    assert setting.why.run("services.nginx.enable", hostname="web-2")[0].origin.startswith("stack")
    with pytest.raises(ConfigurationError, match="several hosts: web-1, web-2"):
        setting.why.run("networking.hostName")


def test_without_a_configuration_there_is_nothing_to_ask(setting: Setting) -> None:
    with pytest.raises(ConfigurationError, match="no configuration was generated yet"):
        setting.why.run("networking.hostName")
    with pytest.raises(NotFound):
        setting.why.run("networking.hostName", hostname="nobody")
    with pytest.raises(UsageError, match="no path of an option"):
        setting.why.run("networking..x")
