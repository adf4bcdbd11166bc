"""A profile becomes a configuration on disk."""

from dataclasses import replace

import pytest

from capsule_domain.errors import Conflict, NotFound, StoreError, UsageError
from capsule_domain.models.hardware import Firmware, Hardware
from capsule_domain.models.nixos import NixosPart
from capsule_domain.models.profile import Profile
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.generate import Generate
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

MINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2NzcJGJsuKrzfuGOu1A9jtbiYRT4pc9PcQJYHE4wTj me"
PROD = Profile(name="prod", stacks=("web",))


class Setting:
    def __init__(self) -> None:
        self.choices = FakeChoices()
        self.configurations = FakeConfigurations()
        self.renderer = FakeNixRenderer()
        self.inventory = FakeInventory()
        self.keys = FakeKeys()
        self.survey = FakeHardwareSurvey()
        self.known_hosts = FakeKnownHosts()
        presets = FakePresets([stack("web", module="{ }\n")], [PROD])
        self.generate = Generate(
            ManageProfile(self.choices, presets),
            self.renderer,
            self.configurations,
            self.choices,
            self.machines,
        )

    def machines(self) -> MachinesOfXNodes:
        return MachinesOfXNodes(self.inventory, self.keys, self.survey, self.known_hosts)


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_every_file_is_written_into_the_hosts_own_folder(setting: Setting) -> None:
    done = setting.generate.run(Wish(profile="prod", hostname="web-1", username="alice"))
    assert done.folder.endswith("nixos/web-1")
    assert (done.hostname, done.profile, done.release) == ("web-1", "prod", "26.05")
    assert "modules/web.nix" in done.files
    assert sorted(setting.configurations.texts) == [f"{done.folder}/{f}" for f in done.files]


def test_without_a_profile_the_active_one_is_taken(setting: Setting) -> None:
    assert setting.generate.run().profile == "minimal"


def test_the_folder_is_remembered_as_the_last_one_wherever_it_is(setting: Setting) -> None:
    done = setting.generate.run(Wish(hostname="web-1"))
    assert setting.choices.settings().last_configuration == done.folder
    setting.generate.run(Wish(hostname="web-1"), output="/srv/machines/web-1")
    assert setting.choices.settings().last_configuration == "/srv/machines/web-1"


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(setting: Setting) -> None:
    done = setting.generate.run(Wish(hostname="web-1"), dry_run=True)
    assert "configuration.nix" in done.files
    assert setting.configurations.texts == {}
    assert setting.choices.settings().last_configuration is None


def test_the_state_version_of_the_first_generation_is_kept(setting: Setting) -> None:
    assert setting.generate.run(Wish(release="25.11")).state_version == "25.11"
    later = setting.generate.run(Wish(release="26.05"))
    assert later.state_version == "25.11"
    assert later.release == "26.05"
    assert setting.renderer.requests[-1].state_version == "25.11"


def test_a_part_writes_that_file_alone(setting: Setting) -> None:
    done = setting.generate.run(Wish(part=NixosPart.HARDWARE))
    assert done.files == ("hardware-configuration.nix",)
    assert len(setting.configurations.texts) == 1


def test_a_file_edited_by_hand_is_kept_unless_forced(setting: Setting) -> None:
    folder = setting.generate.run().folder
    edited = f"{folder}/configuration.nix"
    setting.configurations.texts[edited] += "# mine\n"
    with pytest.raises(Conflict, match=r"configuration\.nix"):
        setting.generate.run()
    assert setting.configurations.texts[edited].endswith("# mine\n")
    setting.generate.run(force=True)
    assert not setting.configurations.texts[edited].endswith("# mine\n")


def test_the_hardware_that_a_person_put_there_stays_even_when_forced(setting: Setting) -> None:
    folder = setting.generate.run().folder
    hardware = f"{folder}/hardware-configuration.nix"
    setting.configurations.texts[hardware] = "{ true = true; }\n"
    for force in (False, True):
        done = setting.generate.run(force=force)
        assert done.kept == ("hardware-configuration.nix",)
        assert "hardware-configuration.nix" not in done.files
        assert setting.configurations.texts[hardware] == "{ true = true; }\n"
    with pytest.raises(Conflict):
        setting.generate.run(Wish(part=NixosPart.HARDWARE))


def test_a_full_disk_is_told_and_the_host_is_not_remembered(setting: Setting) -> None:
    setting.configurations.full_disk = True
    with pytest.raises(StoreError):
        setting.generate.run(Wish(hostname="web-1"))
    assert setting.choices.settings().last_configuration is None


def test_an_unknown_profile_writes_nothing(setting: Setting) -> None:
    with pytest.raises(NotFound, match="no profile named 'prdo'; did you mean prod"):
        setting.generate.run(Wish(profile="prdo"))
    assert setting.configurations.texts == {}


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("hostname", "Web 1", "--hostname: a host name is"),
        ("hostname", "../etc", "--hostname: a host name is"),
        ("username", "alice;", "--username: a user name is"),
        ("release", "24.05", "--release: a release is"),
        ("timezone", "UTC\n", "--timezone: a time zone is"),
        ("authorized_keys", ["-----BEGIN OPENSSH PRIVATE KEY-----"], "--authorized-key: a public"),
    ],
)
def test_a_value_that_has_not_its_form_is_refused_before_anything_is_written(
    setting: Setting, option: str, value: object, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        setting.generate.run(Wish(**{option: value}))  # type: ignore[arg-type]
    assert "PRIVATE" not in str(caught.value)
    assert "PRIVATE" not in str(caught.value.__cause__)
    assert setting.configurations.texts == {}


def test_an_xnode_gives_its_name_its_profile_its_key_and_its_hardware(setting: Setting) -> None:
    setting.inventory.add(an_xnode("web-1", profile="prod"))
    told = Hardware(origin="as web-1 told", was_told=True, firmware=Firmware.UEFI)
    setting.survey.machines["web-1"] = told
    done = setting.generate.run(Wish(authorized_keys=[MINE]), xnode="web")
    request = setting.renderer.requests[-1]
    assert (done.hostname, done.profile, done.hardware) == ("web-1", "prod", "as web-1 told")
    assert done.remarks == ()
    assert request.hardware == told
    assert request.authorized_keys == (MINE, setting.keys.deploy_key().public_openssh)


def test_secrets_are_for_the_key_that_was_pinned_before_the_first_contact(
    setting: Setting,
) -> None:
    xnode = an_xnode("web-1")
    setting.inventory.add(xnode)
    setting.known_hosts.pin(xnode.id, MINE)
    setting.generate.run(xnode="web-1")
    assert setting.renderer.requests[-1].host_key == " ".join(MINE.split()[:2])


def test_of_an_xnode_that_does_not_answer_what_is_known_of_its_cloud_is_taken(
    setting: Setting,
) -> None:
    setting.inventory.add(an_xnode("web-1"))
    done = setting.generate.run(xnode="web-1")
    assert done.hardware == "what is known of Vultr"
    assert done.remarks == (
        "web-1 did not tell of its hardware (web-1: no connection): what is known of Vultr",
    )


def test_an_xnode_of_a_cloud_that_nobody_knows_gets_a_placeholder(setting: Setting) -> None:
    setting.inventory.add(an_xnode("web-1", provider="elsewhere", address=None))
    done = setting.generate.run(xnode="web-1")
    assert done.hardware is None
    assert "no address yet): a placeholder" in done.remarks[0]
    assert setting.survey.asked == []


def test_a_profile_that_was_named_goes_before_that_of_the_xnode(setting: Setting) -> None:
    setting.inventory.add(an_xnode("web-1", profile="minimal"))
    assert setting.generate.run(Wish(profile="prod"), xnode="web-1").profile == "prod"


def test_an_unknown_xnode_writes_nothing(setting: Setting) -> None:
    setting.inventory.add(an_xnode("web-1"))
    with pytest.raises(NotFound, match="did you mean web-1"):
        setting.generate.run(xnode="wbe-1")
    assert setting.configurations.texts == {}


def test_a_machine_that_was_part_of_the_fleet_keeps_its_state_version(setting: Setting) -> None:
    fleet = setting.configurations.fleet_folder()
    setting.configurations.write(fleet, [], state_versions={"web-1": "25.11"}, force=False)
    assert setting.generate.run(Wish(hostname="web-1")).state_version == "25.11"
    assert setting.generate.run(Wish(hostname="web-2")).state_version == "26.05"


def test_a_secret_in_what_is_rendered_is_never_written(setting: Setting) -> None:
    module = 'services.x.password = "hunter2-hunter2";\n'
    presets = FakePresets([stack("web", module=module)], [PROD])
    generate = replace(setting.generate, profiles=ManageProfile(setting.choices, presets))
    with pytest.raises(Conflict, match=r"modules/web\.nix:1: .* nothing was written"):
        generate.run(Wish(profile="prod"))
    assert setting.configurations.texts == {}
