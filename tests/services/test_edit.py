"""The active profile's text, taken out and taken back; and everything put back."""

import pytest

from capsule_domain.errors import ConfigurationError, Conflict, NotFound, StoreError
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import Settings
from capsule_domain.services.edit import EditProfile
from capsule_domain.services.reset import NOTE, Reset
from tests.fakes.backups import FakeBackups
from tests.fakes.choices import FakeChoices
from tests.fakes.presets import FakePresets, stack
from tests.fakes.profile_texts import FakeProfileTexts

PROD = Profile(name="prod", stacks=("web",))
MINE = Profile(name="mine", stacks=("web",))
TEXT = '# mine\nstacks: ["docker"]\n'


def desk(*own: Profile, active: str = "mine") -> tuple[EditProfile, FakeChoices, FakeProfileTexts]:
    choices = FakeChoices(Settings(active_profile=active), own)
    texts = FakeProfileTexts(choices)
    presets = FakePresets([stack("web"), stack("docker")], [PROD])
    return EditProfile(choices, presets, texts), choices, texts


def test_the_text_is_the_file_s_own_and_what_is_saved_is_word_for_word() -> None:
    edit, choices, texts = desk(MINE)
    draft = edit.open()
    assert draft.text == texts.of_file("mine")
    assert edit.save(draft, TEXT).stacks == ("docker",)
    assert texts.of_file("mine") == TEXT
    assert choices.saved_alone == []


def test_a_built_in_profile_is_copied_but_only_when_something_is_saved() -> None:
    edit, choices, _ = desk(active="prod")
    draft = edit.open()
    assert (draft.name, draft.copied_from, draft.was) == ("prod-custom", "prod", None)
    assert list(choices.profile_names()) == []
    edit.save(draft, TEXT)
    assert choices.settings().active_profile == "prod-custom"
    assert choices.profile("prod-custom") == Profile(name="prod-custom", stacks=("docker",))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("nonsense\n", ConfigurationError),
        ('stacks: ["gone"]\n', ConfigurationError),
        ('name: "yours"\n', ConfigurationError),
        ('extends: "mine"\n', ConfigurationError),
    ],
)
def test_a_text_that_does_not_hold_is_refused_and_the_old_one_stays(
    text: str, error: type[Exception]
) -> None:
    edit, choices, texts = desk(MINE)
    draft = edit.open()
    with pytest.raises(error):
        edit.save(draft, text)
    assert choices.profile("mine") == MINE
    assert edit.keep_aside(draft, text).endswith("mine.yml.rejected")
    assert texts.aside == {"mine": text}


def test_a_stack_that_there_is_not_is_told_with_its_line() -> None:
    edit, _, _ = desk(MINE)
    draft = edit.open()
    with pytest.raises(ConfigurationError) as caught:
        edit.check(draft, '# mine\nstacks: ["wbe"]\n')
    assert caught.value.message == "mine.yml:2: no stack named 'wbe'; did you mean web?"
    assert caught.value.hint == "capsule stacks"


def test_what_another_capsule_changed_meanwhile_is_not_lost() -> None:
    edit, choices, _ = desk(MINE)
    draft = edit.open()
    theirs = MINE.model_copy(update={"packages": ("fd",)})
    choices.save_profile(theirs)
    with pytest.raises(Conflict, match="changed by another Capsule"):
        edit.save(draft, TEXT)
    assert choices.profile("mine") == theirs


def test_a_profile_that_was_made_meanwhile_under_the_copy_s_name_is_not_lost() -> None:
    edit, choices, _ = desk(active="prod")
    draft = edit.open()
    choices.save_profile(Profile(name="prod-custom", packages=("fd",)))
    with pytest.raises(Conflict):
        edit.save(draft, TEXT)


def test_an_active_profile_that_is_gone_cannot_be_edited() -> None:
    edit, _, _ = desk(active="vanished")
    with pytest.raises(NotFound) as caught:
        edit.open()
    assert caught.value.hint == "capsule profile use minimal"


def test_resetting_backs_up_first_and_brings_the_defaults_back() -> None:
    choices = FakeChoices(Settings(active_profile="mine"), [MINE], broken=["broken"])
    backups = FakeBackups()
    reset = Reset(choices, backups)
    planned = ("config.yml", "configs/broken.yml", "configs/mine.yml")
    assert tuple(reset.plan()) == planned
    assert reset.run(dry_run=True).backup is None
    assert backups.archives == {}
    done = reset.run()
    assert done.removed == planned
    assert done.active_profile == "minimal"
    assert [archive.manifest.note for archive in backups.archives.values()] == [NOTE]
    assert done.backup in backups.archives
    assert choices.settings() == Settings()
    assert list(choices.profile_names()) == []


def test_nothing_to_reset_makes_no_backup() -> None:
    backups = FakeBackups()
    done = Reset(FakeChoices(), backups).run()
    assert (done.removed, done.backup) == ((), None)
    assert backups.archives == {}


def test_without_a_backup_nothing_is_removed() -> None:
    choices = FakeChoices(Settings(active_profile="mine"), [MINE])
    backups = FakeBackups()
    backups.full_disk = True
    with pytest.raises(StoreError):
        Reset(choices, backups).run()
    assert choices.profile("mine") == MINE
