"""The active profile: shown and changed."""

import pytest

from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import Settings
from capsule_domain.services.environment import ManageProfile
from tests.fakes.choices import FakeChoices
from tests.fakes.presets import FakePresets, stack

STACKS = [
    stack("docker", conflicts=("podman",)),
    stack("podman"),
    stack("python"),
    stack("ml", "python"),
    stack("cuda", "ml"),
    stack("web"),
]
PROD = Profile(name="prod", summary="a server", stacks=("web",), packages=("jq",))
GPU = Profile(name="gpu", extends="prod", stacks=("cuda",))


def managed(active: str = "minimal", *own: Profile) -> tuple[ManageProfile, FakeChoices]:
    choices = FakeChoices(Settings(active_profile=active), own)
    return ManageProfile(choices, FakePresets(STACKS, [PROD, GPU])), choices


def mine(*stacks: str, extends: str | None = None) -> Profile:
    return Profile(name="mine", stacks=stacks, extends=extends)


def test_adding_to_a_built_in_profile_copies_it_and_makes_the_copy_active() -> None:
    manage, choices = managed("prod")
    change = manage.add(["docker"])
    assert change.profile.name == "prod-custom"
    assert change.profile.stacks == ("web", "docker")
    assert change.profile.packages == ("jq",)
    assert not change.profile.builtin
    assert change.copied_from == "prod"
    assert change.added == ("docker",)
    assert choices.settings().active_profile == "prod-custom"
    assert choices.profiles()["prod-custom"] == change.profile


def test_a_copy_takes_a_number_when_there_is_one_already() -> None:
    manage, choices = managed("prod", Profile(name="prod-custom"), Profile(name="prod-custom-2"))
    assert manage.add(["docker"]).profile.name == "prod-custom-3"
    assert choices.profiles()["prod-custom"] == Profile(name="prod-custom")


def test_a_copy_carries_what_its_original_extends_so_that_all_can_be_removed() -> None:
    manage, _ = managed("gpu")
    change = manage.remove(["web"])
    assert change.profile.stacks == ("cuda",)
    assert change.profile.packages == ("jq",)
    assert change.profile.extends is None
    assert change.removed == ("web",)


def test_the_users_own_profile_is_changed_in_place() -> None:
    manage, choices = managed("mine", mine("web"))
    change = manage.add(["docker"])
    assert change.copied_from is None
    assert choices.profiles()["mine"].stacks == ("web", "docker")


def test_adding_brings_what_is_required_and_says_so() -> None:
    manage, _ = managed("mine", mine())
    change = manage.add(["cuda"])
    assert change.added == ("python", "ml", "cuda")
    assert change.profile.stacks == ("cuda",)


@pytest.mark.parametrize("name", ["web", "ml", "python", "base"])
def test_adding_what_is_active_already_changes_nothing(name: str) -> None:
    manage, choices = managed("mine", mine("web", "ml"))
    choices.full_disk = True
    change = manage.add([name])
    assert change.added == ()
    assert change.profile == mine("web", "ml")


def test_a_conflict_is_refused_and_nothing_is_changed() -> None:
    manage, choices = managed("mine", mine("docker"))
    with pytest.raises(Conflict, match="docker and podman cannot be together"):
        manage.add(["podman"])
    assert choices.profiles()["mine"] == mine("docker")


def test_a_full_disk_leaves_the_active_profile_as_it_was() -> None:
    manage, choices = managed("prod")
    choices.full_disk = True
    with pytest.raises(StoreError):
        manage.add(["docker"])
    assert choices.settings().active_profile == "prod"
    assert choices.profiles() == {}


def test_names_may_be_unique_prefixes() -> None:
    manage, _ = managed("mine", mine())
    assert manage.add(["doc"]).added == ("docker",)
    with pytest.raises(Conflict, match="'p' may mean podman, python"):
        manage.add(["p"])


def test_a_misspelt_stack_is_told_with_the_nearest_name() -> None:
    manage, _ = managed()
    with pytest.raises(NotFound, match="no stack named 'pyhton'; did you mean python"):
        manage.add(["pyhton"])
    with pytest.raises(NotFound, match="no stack named ''"):
        manage.remove([""])


def test_removing_what_others_need_is_refused_with_their_names() -> None:
    manage, choices = managed("mine", mine("ml", "python"))
    with pytest.raises(Conflict, match="python is needed by ml") as caught:
        manage.remove(["python"])
    assert caught.value.hint == "capsule remove ml python"
    assert choices.profiles()["mine"].stacks == ("ml", "python")


def test_removing_both_at_once_is_fine() -> None:
    manage, _ = managed("mine", mine("ml", "python", "web"))
    change = manage.remove(["python", "ml"])
    assert change.profile.stacks == ("web",)
    assert change.removed == ("python", "ml")


def test_removing_takes_along_what_came_only_because_of_it() -> None:
    manage, _ = managed("mine", mine("cuda"))
    assert manage.remove(["cuda"]).removed == ("python", "ml", "cuda")


def test_removing_what_is_not_active_changes_nothing() -> None:
    manage, choices = managed("prod")
    assert manage.remove(["docker"]).removed == ()
    assert choices.settings().active_profile == "prod"


def test_base_cannot_be_removed() -> None:
    manage, _ = managed()
    with pytest.raises(Conflict, match="base is part of every profile"):
        manage.remove(["base"])


def test_what_an_extended_profile_brings_is_removed_there() -> None:
    manage, _ = managed("mine", mine(extends="prod"))
    with pytest.raises(Conflict, match="web comes from the profile prod, which mine extends"):
        manage.remove(["web"])


def test_using_a_profile_makes_it_active() -> None:
    manage, choices = managed()
    assert manage.use("pro").name == "prod"
    assert choices.settings().active_profile == "prod"
    assert manage.active().name == "prod"


def test_a_profile_that_does_not_resolve_is_not_made_active() -> None:
    manage, choices = managed("prod", mine("gone"))
    with pytest.raises(NotFound, match="no stack named 'gone'"):
        manage.use("mine")
    assert choices.settings().active_profile == "prod"


def test_an_unknown_profile_is_told_with_the_nearest_name() -> None:
    manage, _ = managed()
    with pytest.raises(NotFound, match="did you mean prod") as caught:
        manage.use("prd")
    assert caught.value.hint == "capsule profiles"


def test_an_active_profile_that_is_gone_is_told_with_the_way_back() -> None:
    manage, _ = managed("vanished")
    with pytest.raises(NotFound, match="no profile named 'vanished'") as caught:
        manage.show()
    assert caught.value.hint == "capsule profile use minimal"


def test_profiles_are_listed_with_the_active_one_marked() -> None:
    manage, _ = managed("prod", mine("web"))
    rows = manage.profiles()
    assert [row.name for row in rows] == ["gpu", "mine", "minimal", "prod"]
    assert [row.name for row in rows if row.active] == ["prod"]
    assert [row.name for row in rows if not row.builtin] == ["mine"]


def test_stacks_are_listed_with_all_active_ones_marked() -> None:
    manage, _ = managed("mine", mine("ml"))
    rows = manage.stacks()
    assert [row.name for row in rows if row.active] == ["base", "ml", "python"]
    assert len(rows) == len(STACKS) + 1


def test_stacks_are_listed_also_when_the_active_profile_is_broken() -> None:
    for active in ("vanished", "mine"):
        manage, _ = managed(active, mine("web", "gone"))
        active_rows = {row.name for row in manage.stacks() if row.active}
        assert active_rows == ({"web"} if active == "mine" else set())


def test_stacks_of_a_category_are_found_also_by_a_prefix() -> None:
    manage, _ = managed()
    assert [row.name for row in manage.stacks("base")] == ["base"]
    assert len(manage.stacks("te")) == len(STACKS)
    with pytest.raises(NotFound, match="no category named 'tets'; did you mean test"):
        manage.stacks("tets")


def test_another_profile_can_be_shown_without_using_it() -> None:
    manage, choices = managed()
    names = [entry.stack.name for entry in manage.show("gpu").stacks]
    assert names == ["base", "web", "python", "ml", "cuda"]
    assert choices.settings().active_profile == "minimal"
