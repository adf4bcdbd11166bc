"""What every keeper of the user's choices does: the fake, and YAML files."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from capsule_adapters.store.choices import YamlChoices
from capsule_domain.errors import Conflict
from capsule_domain.models.operating_system import OperatingSystem
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
        pins={"nixpkgs": "nixos-unstable"},
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
PACKAGE_NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,6}", fullmatch=True)
COMMITS = st.from_regex(r"[0-9a-f]{40}", fullmatch=True)
TRICKY = ("\x85", "a\u2028b", "\ufeff", "\x07", "😀")
PROFILES = st.builds(
    Profile,
    name=NAMES,
    summary=st.text(st.characters(codec="utf-8"), max_size=40),
    extends=st.none() | NAMES,
    stacks=st.lists(NAMES, max_size=4).map(tuple),
    packages=st.lists(NIX_NAMES, max_size=3).map(tuple),
    unfree=st.lists(PACKAGE_NAMES, max_size=3).map(tuple),
    pins=st.just({})
    | st.fixed_dictionaries({"nixpkgs": st.from_regex(r"[0-9a-f]{40}", fullmatch=True)}),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(saved=st.lists(PROFILES, max_size=3))
@example(
    saved=[Profile(name="p", summary=text) for text in ("\x85", "a\u2028b", "\ufeff", "\x07", "😀")]
)
@example(saved=[Profile(name="p", unfree=("1.10", "on", "0x1f", "1e3", "_"))])
def test_any_profile_survives_whatever_is_in_it(choices: Choices, saved: list[Profile]) -> None:
    for profile in saved:
        choices.save_profile(profile)
        assert choices.profiles()[profile.name] == profile


def test_one_profile_is_read_by_its_name(choices: Choices) -> None:
    choices.save_profile(Profile(name="mine", stacks=("python",)))
    assert choices.profile("mine") == Profile(name="mine", stacks=("python",))
    for absent in ("other", "min", "../mine", "", "mine.yml"):
        assert choices.profile(absent) is None


def test_names_are_sorted_as_names(choices: Choices) -> None:
    for name in ("b", "a-b", "a"):
        choices.save_profile(Profile(name=name))
    assert list(choices.profile_names()) == ["a", "a-b", "b"]
    assert list(choices.profiles()) == ["a", "a-b", "b"]


def test_a_deleted_profile_is_gone_and_deleting_it_again_is_a_success(choices: Choices) -> None:
    choices.save_profile(Profile(name="a"))
    choices.save_profile(Profile(name="b"))
    for _ in range(2):
        choices.delete_profile("a")
        assert list(choices.profile_names()) == ["b"]
    choices.delete_profile("../config")


def test_clearing_removes_what_was_told_and_brings_the_defaults_back(choices: Choices) -> None:
    assert choices.files() == {}
    choices.clear({})
    choices.save_settings(Settings(active_profile="mine"))
    choices.save_profile(Profile(name="mine"))
    told = choices.files()
    assert list(told) == ["config.yml", "configs/mine.yml"]
    choices.clear(told)
    assert choices.settings() == Settings()
    assert list(choices.profile_names()) == []
    assert choices.files() == {}


@pytest.mark.parametrize("name", ["mine", "new"])
def test_what_changed_since_it_was_told_is_not_cleared(choices: Choices, name: str) -> None:
    choices.save_profile(Profile(name="mine"))
    told = choices.files()
    choices.save_profile(Profile(name=name, stacks=("docker",)))
    with pytest.raises(Conflict):
        choices.clear(told)
    assert choices.profile(name) == Profile(name=name, stacks=("docker",))


def test_changes_inside_changes_are_kept_and_an_error_undoes_nothing(choices: Choices) -> None:
    with suppress(ZeroDivisionError), choices.changing():
        with choices.changing():
            choices.save_profile(Profile(name="a"))
        choices.save_profile(Profile(name="b"))
        raise ZeroDivisionError
    with choices.changing():
        assert list(choices.profile_names()) == ["a", "b"]


def test_saved_openmesh_settings_come_back_and_can_be_taken_back(choices: Choices) -> None:
    whole = OpenmeshSettings(
        owner="0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        domain="mesh.example.org",
        email="ops@example.org",
        default_os=OperatingSystem.XNODEOS,
        ssh_key="~/.ssh/id_ed25519",
        ready_timeout_seconds=90,
    )
    choices.save_openmesh(whole)
    assert choices.openmesh() == whole
    choices.save_openmesh(OpenmeshSettings(domain="mesh.example.org"))
    assert choices.openmesh() == OpenmeshSettings(domain="mesh.example.org")
