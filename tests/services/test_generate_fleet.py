"""A whole fleet as one flake."""

import pytest

from capsule_domain.errors import ConfigurationError, Conflict, NotFound, UsageError
from capsule_domain.models.hardware import Firmware, Hardware
from capsule_domain.models.profile import Profile
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.generate_fleet import GenerateFleet
from capsule_domain.services.machine_of_xnode import MachinesOfXNodes
from capsule_domain.services.nixos_wish import Wish
from tests.fakes.choices import FakeChoices
from tests.fakes.configurations import FakeConfigurations
from tests.fakes.hardware_survey import FakeHardwareSurvey
from tests.fakes.inventory import FakeInventory
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.presets import FakePresets, stack
from tests.xnodes import an_xnode


class Setting:
    def __init__(self) -> None:
        self.choices = FakeChoices()
        self.configurations = FakeConfigurations()
        self.renderer = FakeNixRenderer()
        self.inventory = FakeInventory()
        self.survey = FakeHardwareSurvey()
        presets = FakePresets(
            [stack("web", module="{ }\n"), stack("db", module="{ }\n")],
            [Profile(name="prod", stacks=("web",)), Profile(name="data", stacks=("db",))],
        )
        self.fleet = GenerateFleet(
            ManageProfile(self.choices, presets),
            self.renderer,
            self.configurations,
            self.choices,
            MachinesOfXNodes(self.inventory, FakeKeys(), self.survey, FakeKnownHosts()),
        )


@pytest.fixture
def setting() -> Setting:
    made = Setting()
    for name, profile in (("web-2", "prod"), ("web-1", "prod"), ("db-1", "data"), ("bare", None)):
        made.inventory.add(an_xnode(name, profile=profile))
    return made


def test_every_living_xnode_is_a_host_with_its_own_profile(setting: Setting) -> None:
    done = setting.fleet.run(Wish(username="alice"))
    assert [(host.hostname, host.profile) for host in done.hosts] == [
        ("bare", "minimal"),
        ("db-1", "data"),
        ("web-1", "prod"),
        ("web-2", "prod"),
    ]
    assert {"flake.nix", "README.md", "modules/web.nix", "modules/db.nix"} <= set(done.files)
    assert "hosts/web-1/configuration.nix" in done.files
    assert setting.choices.settings().last_configuration == done.folder


def test_a_profile_is_resolved_once_however_many_have_it(setting: Setting) -> None:
    setting.fleet.run(Wish())
    environments = {id(request.environment) for request in setting.renderer.requests}
    assert len(environments) == 3


def test_all_machines_are_asked_together_and_told_of_as_they_answer(setting: Setting) -> None:
    told = Hardware(origin="as web-1 told", was_told=True, firmware=Firmware.UEFI)
    setting.survey.machines["web-1"] = told
    heard: list[str] = []
    done = setting.fleet.run(Wish(), progress=heard.append)
    assert [line.partition(" machines")[0] for line in heard] == [
        "1 of 4",
        "2 of 4",
        "3 of 4",
        "4 of 4",
    ]
    assert {host.hostname: host.hardware for host in done.hosts}["web-1"] == "as web-1 told"
    assert len(done.remarks) == 3


def test_each_host_keeps_the_state_version_that_it_began_with(setting: Setting) -> None:
    alone = setting.configurations.folder("web-1")
    setting.configurations.write(alone, [], state_versions={"": "25.11"}, force=False)
    first = setting.fleet.run(Wish(release="26.05"))
    later = setting.fleet.run(Wish(release="26.11"))
    for done in (first, later):
        assert {host.hostname: host.state_version for host in done.hosts} == {
            "bare": "26.05",
            "db-1": "26.05",
            "web-1": "25.11",
            "web-2": "26.05",
        }
    assert later.release == "26.11"


def test_the_key_that_opens_an_xnode_is_in_its_access(setting: Setting) -> None:
    setting.fleet.run(Wish())
    assert all(len(request.authorized_keys) == 1 for request in setting.renderer.requests)


def test_a_dry_run_writes_nothing(setting: Setting) -> None:
    assert setting.fleet.run(Wish(), dry_run=True).files
    assert setting.configurations.texts == {}
    assert setting.choices.settings().last_configuration is None


def test_an_edited_host_stops_the_whole_until_forced(setting: Setting) -> None:
    folder = setting.fleet.run(Wish()).folder
    setting.configurations.texts[f"{folder}/hosts/web-1/configuration.nix"] = "{ }\n"
    with pytest.raises(Conflict, match=r"hosts/web-1/configuration\.nix"):
        setting.fleet.run(Wish())
    setting.fleet.run(Wish(), force=True)


def test_an_unknown_profile_of_one_writes_none(setting: Setting) -> None:
    setting.inventory.add(an_xnode("odd", profile="gone"))
    with pytest.raises(NotFound, match="gone"):
        setting.fleet.run(Wish())
    assert setting.configurations.texts == {}


def test_a_wish_that_cannot_be_is_refused(setting: Setting) -> None:
    with pytest.raises(UsageError, match="--username"):
        setting.fleet.run(Wish(username="sshd"))


def test_without_xnodes_there_is_no_fleet() -> None:
    with pytest.raises(ConfigurationError, match="there is no xNode"):
        Setting().fleet.run(Wish())
