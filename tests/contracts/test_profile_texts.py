"""What every form of profiles as text does: the fake, and YAML."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from capsule_adapters.store.choices import YamlChoices
from capsule_adapters.store.profile_texts import YamlProfileTexts
from capsule_domain.errors import ConfigurationError, Conflict, NotFound, StoreError
from capsule_domain.models.profile import Profile
from capsule_domain.ports.profile_texts import ProfileTexts
from capsule_domain.ports.settings import Choices
from tests.contracts.test_choices import PROFILES
from tests.fakes.choices import FakeChoices
from tests.fakes.profile_texts import FakeProfileTexts

Pair = tuple[ProfileTexts, Choices]


def fake(_home: Path) -> Pair:
    choices = FakeChoices()
    return FakeProfileTexts(choices), choices


def yaml(home: Path) -> Pair:
    choices = YamlChoices(home)
    return YamlProfileTexts(home, choices), choices


MAKERS: dict[str, Callable[[Path], Pair]] = {"fake": fake, "yaml": yaml}


@pytest.fixture(params=MAKERS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    return MAKERS[request.param](tmp_path / "home")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(profile=PROFILES)
def test_what_is_written_reads_back_under_any_name(pair: Pair, profile: Profile) -> None:
    texts, _ = pair
    again = texts.read(texts.written(profile), name="other", source="a test")
    assert again == profile.model_copy(update={"name": "other"})


def test_a_profile_without_a_file_has_no_text_of_its_own(pair: Pair) -> None:
    texts, choices = pair
    assert texts.of_file("mine") is None
    choices.save_profile(Profile(name="mine", stacks=("docker",)))
    text = texts.of_file("mine")
    assert text is not None
    assert texts.read(text, name="mine", source="a test").stacks == ("docker",)


def test_a_saved_text_stays_word_for_word_and_is_what_choices_read(pair: Pair) -> None:
    texts, choices = pair
    text = '# for the small machine\nversion: 1\nstacks: ["docker"]\n\n# the end\n'
    texts.save("mine", text)
    assert texts.of_file("mine") == text
    assert choices.profile("mine") == Profile(name="mine", stacks=("docker",))


def test_a_text_that_calls_itself_otherwise_is_a_fault_unless_renamed(pair: Pair) -> None:
    texts, choices = pair
    text = '# kept\nname: "yours"\nstacks: ["docker"]\n'
    with pytest.raises(ConfigurationError, match="the name is mine"):
        texts.read(text, name="mine", source="a test")
    assert texts.read(text, name="mine", source="a test", renamed=True).name == "mine"
    texts.save("mine", text)
    assert choices.profile("mine") == Profile(name="mine", stacks=("docker",))
    assert (texts.of_file("mine") or "").startswith("# kept\n")


def test_a_text_that_does_not_hold_is_told_with_its_source_and_line(pair: Pair) -> None:
    texts, _ = pair
    with pytest.raises(ConfigurationError) as caught:
        texts.read('version: 1\nstakcs: ["docker"]\n', name="mine", source="mine.yml")
    assert caught.value.message.startswith("mine.yml:2: ")


def test_what_a_text_names_has_its_line(pair: Pair) -> None:
    texts, _ = pair
    text = 'version: 1\nextends: "prod"\n\nstacks: ["docker"]\n'
    assert texts.line_of(text, "prod") == 2
    assert texts.line_of(text, "docker") == 4
    assert texts.line_of(text, "python") is None


def test_a_rejected_text_is_kept_beside_the_file_and_the_file_stays(pair: Pair) -> None:
    texts, choices = pair
    choices.save_profile(Profile(name="mine"))
    kept = texts.keep_aside("mine", "nonsense")
    assert kept.endswith("mine.yml.rejected")
    assert list(choices.profile_names()) == ["mine"]
    assert choices.profile("mine") == Profile(name="mine")


def test_a_text_goes_to_a_file_and_comes_back(pair: Pair, tmp_path: Path) -> None:
    texts, _ = pair
    path = str(tmp_path / "sent.yml")
    assert texts.store(path, "version: 1\n", replace=False) == path
    assert texts.load(path) == "version: 1\n"
    with pytest.raises(Conflict, match="is there already"):
        texts.store(path, "other", replace=False)
    assert texts.load(path) == "version: 1\n"
    texts.store(path, "other", replace=True)
    assert texts.load(path) == "other"


def test_what_is_not_there_is_not_found_and_nowhere_is_a_store_error(
    pair: Pair, tmp_path: Path
) -> None:
    texts, _ = pair
    with pytest.raises(NotFound):
        texts.load(str(tmp_path / "absent.yml"))
    with pytest.raises(StoreError):
        texts.store("/nowhere/at/all.yml", "x", replace=True)
