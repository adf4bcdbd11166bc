"""A profile becomes a configuration on disk."""

import pytest

from capsule_domain.errors import Conflict, NotFound, StoreError, UsageError
from capsule_domain.models.nixos import NixosPart
from capsule_domain.models.profile import Profile
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.generate import Generate
from tests.fakes.choices import FakeChoices
from tests.fakes.configurations import FakeConfigurations
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.presets import FakePresets, stack

PROD = Profile(name="prod", stacks=("web",))


class Setting:
    def __init__(self) -> None:
        self.choices = FakeChoices()
        self.configurations = FakeConfigurations()
        self.renderer = FakeNixRenderer()
        presets = FakePresets([stack("web", module="{ }\n")], [PROD])
        self.generate = Generate(
            ManageProfile(self.choices, presets),
            self.renderer,
            self.configurations,
            self.choices,
        )


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_every_file_is_written_into_the_hosts_own_folder(setting: Setting) -> None:
    done = setting.generate.run(profile="prod", hostname="web-1", username="alice")
    assert done.folder.endswith("nixos/web-1")
    assert (done.hostname, done.profile, done.release) == ("web-1", "prod", "26.05")
    assert "modules/web.nix" in done.files
    assert sorted(setting.configurations.texts) == [f"{done.folder}/{f}" for f in done.files]


def test_without_a_profile_the_active_one_is_taken(setting: Setting) -> None:
    assert setting.generate.run().profile == "minimal"


def test_the_folder_is_remembered_as_the_last_one_wherever_it_is(setting: Setting) -> None:
    done = setting.generate.run(hostname="web-1")
    assert setting.choices.settings().last_configuration == done.folder
    setting.generate.run(hostname="web-1", output="/srv/machines/web-1")
    assert setting.choices.settings().last_configuration == "/srv/machines/web-1"


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(setting: Setting) -> None:
    done = setting.generate.run(hostname="web-1", dry_run=True)
    assert "configuration.nix" in done.files
    assert setting.configurations.texts == {}
    assert setting.choices.settings().last_configuration is None


def test_the_state_version_of_the_first_generation_is_kept(setting: Setting) -> None:
    assert setting.generate.run(release="25.11").state_version == "25.11"
    later = setting.generate.run(release="26.05")
    assert later.state_version == "25.11"
    assert later.release == "26.05"
    assert setting.renderer.requests[-1].state_version == "25.11"


def test_a_part_writes_that_file_alone(setting: Setting) -> None:
    done = setting.generate.run(part=NixosPart.HARDWARE)
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
        setting.generate.run(part=NixosPart.HARDWARE)


def test_a_full_disk_is_told_and_the_host_is_not_remembered(setting: Setting) -> None:
    setting.configurations.full_disk = True
    with pytest.raises(StoreError):
        setting.generate.run(hostname="web-1")
    assert setting.choices.settings().last_configuration is None


def test_an_unknown_profile_writes_nothing(setting: Setting) -> None:
    with pytest.raises(NotFound, match="no profile named 'prdo'; did you mean prod"):
        setting.generate.run(profile="prdo")
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
        setting.generate.run(**{option: value})  # type: ignore[arg-type]
    assert "PRIVATE" not in str(caught.value)
    assert "PRIVATE" not in str(caught.value.__cause__)
    assert setting.configurations.texts == {}
