"""What every keeper of the user's choices does: the fake, and YAML files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from capsule_adapters.store.choices import YamlChoices
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import Choices, OpenmeshSettings, Settings
from tests.fakes.choices import FakeChoices

MAKERS: dict[str, Callable[[Path], Choices]] = {
    "fake": lambda _: FakeChoices(),
    "yaml": YamlChoices,
}


@pytest.fixture(params=MAKERS)
def choices(request: pytest.FixtureRequest, tmp_path: Path) -> Choices:
    return MAKERS[request.param](tmp_path / "home")


def test_a_new_home_has_the_defaults(choices: Choices) -> None:
    assert choices.settings() == Settings()
    assert choices.openmesh() == OpenmeshSettings()
    assert dict(choices.profiles()) == {}


def test_saved_settings_come_back(choices: Choices) -> None:
    choices.save_settings(Settings(active_profile="prod"))
    choices.save_settings(Settings(active_profile="prod", last_configuration="/srv/web-1"))
    assert choices.settings() == Settings(active_profile="prod", last_configuration="/srv/web-1")


def test_a_setting_can_be_taken_back(choices: Choices) -> None:
    choices.save_settings(Settings(last_configuration="/srv/web-1"))
    choices.save_settings(Settings())
    assert choices.settings().last_configuration is None


def test_a_saved_profile_comes_back_whole(choices: Choices) -> None:
    mine = Profile(
        name="mine",
        summary="what I need: #1, “quoted” & more",
        extends="prod",
        stacks=("python", "docker"),
        packages=("ripgrep", "python3Packages.numpy"),
        unfree=("cuda", "on", "1.10"),
    )
    choices.save_profile(mine)
    assert dict(choices.profiles()) == {"mine": mine}


def test_saving_a_profile_again_replaces_it_and_leaves_the_others(choices: Choices) -> None:
    choices.save_profile(Profile(name="b", stacks=("docker",)))
    choices.save_profile(Profile(name="a", stacks=("python",)))
    choices.save_profile(Profile(name="b", summary="now empty"))
    assert list(choices.profiles().items()) == [
        ("a", Profile(name="a", stacks=("python",))),
        ("b", Profile(name="b", summary="now empty")),
    ]


def test_what_was_saved_is_the_users_own_and_never_built_in(choices: Choices) -> None:
    choices.save_profile(Profile(name="prod", builtin=True))
    assert choices.profiles()["prod"].builtin is False


NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)
NIX_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_'-]{0,6}", fullmatch=True)
PROFILES = st.builds(
    Profile,
    name=NAMES,
    summary=st.text(st.characters(codec="utf-8"), max_size=40),
    extends=st.none() | NAMES,
    stacks=st.lists(NAMES, max_size=4).map(tuple),
    packages=st.lists(NIX_NAMES, max_size=3).map(tuple),
    unfree=st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=3).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(saved=st.lists(PROFILES, max_size=3))
@example(saved=[Profile(name="p", unfree=("\x85", "a\u2028b", "\ufeff", "\x07", "😀"))])
def test_any_profile_survives_whatever_is_in_it(choices: Choices, saved: list[Profile]) -> None:
    for profile in saved:
        choices.save_profile(profile)
        assert choices.profiles()[profile.name] == profile
