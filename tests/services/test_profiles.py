"""Profiles made, copied, taken in, handed out, told apart, deleted."""

import pytest

from capsule_domain.errors import ConfigurationError, Conflict, NotFound, UsageError
from capsule_domain.models.profile import Profile
from capsule_domain.models.profile_diff import Difference
from capsule_domain.ports.settings import Settings
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.profiles import Profiles
from tests.fakes.choices import FakeChoices
from tests.fakes.presets import FakePresets, stack
from tests.fakes.profile_texts import FakeProfileTexts

STACKS = [
    stack("web", packages=("nginx",)),
    stack("docker", conflicts=("podman",)),
    stack("podman"),
    stack("python", python_packages=("pip",)),
]
PROD = Profile(name="prod", summary="a server", stacks=("web",), packages=("jq",))
COMMIT = "a" * 40
MINE = Profile(
    name="mine",
    extends="prod",
    stacks=("docker",),
    unfree=("vault",),
    pins={"nixpkgs": COMMIT},
)


def shelf(
    *own: Profile, active: str = "minimal", broken: tuple[str, ...] = ()
) -> tuple[Profiles, FakeChoices, FakeProfileTexts]:
    choices = FakeChoices(Settings(active_profile=active), own, broken=broken)
    texts = FakeProfileTexts(choices)
    return Profiles(choices, FakePresets(STACKS, [PROD]), texts), choices, texts


def test_a_new_profile_is_empty_and_does_not_become_active() -> None:
    profiles, choices, _ = shelf()
    assert profiles.new("fresh") == Profile(name="fresh")
    assert choices.profile("fresh") == Profile(name="fresh")
    assert choices.settings().active_profile == "minimal"


def test_a_new_profile_may_begin_as_a_copy_and_extend_another() -> None:
    profiles, _, _ = shelf(MINE)
    copied = profiles.new("b", copy_from="mine")
    assert copied == MINE.model_copy(update={"name": "b"})
    extended = profiles.new("c", copy_from="mine", extends="minimal")
    assert extended == MINE.model_copy(update={"name": "c", "extends": "minimal"})
    assert profiles.new("d", extends="pro") == Profile(name="d", extends="prod")


def test_a_copy_of_a_built_in_profile_is_the_users_own() -> None:
    profiles, choices, _ = shelf()
    profiles.new("web", copy_from="prod")
    assert choices.profile("web") == PROD.model_copy(update={"name": "web"})


@pytest.mark.parametrize("name", ["", "No Name", "../x", "a" * 64, "-a", "ä", "a\nb"])
def test_what_is_no_name_is_a_usage_error(name: str) -> None:
    profiles, choices, _ = shelf()
    with pytest.raises(UsageError, match="is no name for a profile") as caught:
        profiles.new(name)
    assert "\n" not in caught.value.message
    with pytest.raises(UsageError):
        profiles.take_in("version: 1\n", name=name, source="a file")
    assert list(choices.profile_names()) == []


@pytest.mark.parametrize("name", ["mine", "broken", "prod"])
def test_a_name_that_is_taken_is_a_conflict_also_by_what_does_not_hold(name: str) -> None:
    profiles, choices, _ = shelf(MINE, broken=("broken",))
    with pytest.raises(Conflict):
        profiles.new(name)
    with pytest.raises(Conflict):
        profiles.take_in("version: 1\n", name=name, source="a file")
    assert choices.profile("mine") == MINE


def test_a_profile_that_would_not_resolve_is_not_taken_in() -> None:
    profiles, choices, _ = shelf()
    for text, error in (
        ('stacks: ["gone"]\n', ConfigurationError),
        ('stacks: ["docker", "podman"]\n', Conflict),
        ('extends: "new"\n', ConfigurationError),
        ('extends: "gone"\n', ConfigurationError),
        ("nonsense\n", ConfigurationError),
    ):
        with pytest.raises(error):
            profiles.take_in(text, name="new", source="a file")
    assert list(choices.profile_names()) == []


def test_what_is_handed_out_is_taken_in_again_word_for_word() -> None:
    profiles, choices, texts = shelf()
    text = '# why: the small machine\nname: "mine"\nextends: "prod"\nstacks: ["docker"]\n'
    texts.save("mine", text)
    handed = profiles.hand_out("mine")
    assert handed.startswith("# why")
    taken = profiles.take_in(handed, name="theirs", source="a file")
    assert taken == Profile(name="theirs", extends="prod", stacks=("docker",))
    assert choices.profile("theirs") == taken
    assert profiles.hand_out("theirs") == handed


def test_a_built_in_profile_is_handed_out_too() -> None:
    profiles, _, _ = shelf()
    taken = profiles.take_in(profiles.hand_out("prod"), name="mine", source="a file")
    assert taken == PROD.model_copy(update={"name": "mine"})


def test_built_in_profiles_are_meant_by_name_or_unique_prefix() -> None:
    profiles, _, _ = shelf()
    assert profiles.built_in("prod") == "prod"
    assert profiles.built_in("min") == "minimal"
    assert profiles.built_in("x") is None


def test_a_profile_of_ones_own_is_deleted_also_when_it_does_not_hold() -> None:
    profiles, choices, _ = shelf(MINE, broken=("broken",))
    profiles.delete("mine")
    profiles.delete("broken")
    assert list(choices.profile_names()) == []
    assert choices.saved_alone == []


def test_only_a_whole_name_is_deleted() -> None:
    profiles, choices, _ = shelf(MINE)
    with pytest.raises(NotFound, match="did you mean mine"):
        profiles.delete("min")
    assert choices.profile("mine") == MINE


def test_a_built_in_profile_is_not_deleted() -> None:
    profiles, _, _ = shelf()
    with pytest.raises(Conflict, match="prod is built in"):
        profiles.delete("prod")


def test_the_active_profile_is_not_deleted() -> None:
    profiles, choices, _ = shelf(MINE, active="mine")
    with pytest.raises(Conflict, match="mine is the active profile") as caught:
        profiles.delete("mine")
    assert caught.value.hint == "capsule profile use minimal"
    assert choices.profile("mine") == MINE


def test_a_profile_that_others_extend_is_not_deleted() -> None:
    child = Profile(name="child", extends="mine")
    profiles, choices, _ = shelf(MINE, child, broken=("broken",))
    with pytest.raises(Conflict, match="mine is extended by child"):
        profiles.delete("mine")
    profiles.delete("child")
    profiles.delete("mine")
    assert list(choices.profile_names()) == ["broken"]


def test_ones_own_in_place_of_a_built_in_one_is_deleted_and_that_comes_back() -> None:
    own = Profile(name="prod", stacks=("docker",))
    child = Profile(name="child", extends="prod")
    profiles, choices, _ = shelf(own, child, active="prod")
    profiles.delete("prod")
    assert ManageProfile(choices, profiles.presets).active().builtin


def test_a_difference_is_between_what_both_come_to() -> None:
    profiles, _, _ = shelf(MINE, Profile(name="other", stacks=("python",), packages=("fd",)))
    diff = profiles.diff("mine", "oth")
    assert (diff.old, diff.new) == ("mine", "other")
    assert diff.stacks == Difference(added=("python",), removed=("web", "docker"))
    assert diff.packages == Difference(added=("fd",), removed=("jq", "nginx"))
    assert diff.python_packages == Difference(added=("pip",))
    assert diff.unfree == Difference(removed=("vault",))


def test_a_profile_differs_in_nothing_from_itself() -> None:
    profiles, _, _ = shelf(MINE)
    diff = profiles.diff("mine", "mine")
    kinds = (diff.stacks, diff.packages, diff.python_packages, diff.services, diff.ports)
    assert all(kind == Difference() for kind in kinds)
