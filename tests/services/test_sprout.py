"""Sprouts, grown into the active profile."""

import pytest

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.profile import Profile
from capsule_domain.models.sprout import Sprout
from capsule_domain.ports.settings import Settings
from capsule_domain.services.sprout import GrowSprout
from tests.fakes.choices import FakeChoices
from tests.fakes.presets import FakePresets, stack

STACKS = [
    stack("python", python_packages=("pip",)),
    stack("docker", conflicts=("podman",)),
    stack("podman"),
]
SPROUTS = [
    Sprout(
        name="coder",
        summary="an assistant",
        packages=("coder",),
        unfree=("coder",),
        next="run coder",
    ),
    Sprout(
        name="notebooks",
        summary="in a browser",
        stacks=("python",),
        python_packages=("jupyterlab",),
        next="jupyter lab",
    ),
    Sprout(
        name="k3s",
        summary="containers",
        stacks=("docker",),
        packages=("k3s",),
        services=("k3s",),
        next="kubectl get nodes",
        module="{ }",
    ),
]


def garden(*own: Profile, active: str = "minimal") -> tuple[GrowSprout, FakeChoices]:
    choices = FakeChoices(Settings(active_profile=active), own)
    return GrowSprout(choices, FakePresets(STACKS, [], SPROUTS)), choices


def test_a_sprout_brings_its_packages_and_licences_into_a_copy_of_the_built_in() -> None:
    grow, choices = garden()
    change = grow.grow("coder")
    assert change.copied_from == "minimal"
    assert (change.added, change.packages, change.unfree) == ((), ("coder",), ("coder",))
    assert change.next == "run coder"
    assert choices.profile("minimal-custom") == Profile(
        name="minimal-custom", packages=("coder",), unfree=("coder",)
    )
    assert choices.settings().active_profile == "minimal-custom"


def test_python_packages_go_into_the_one_python() -> None:
    grow, choices = garden(Profile(name="mine"), active="mine")
    change = grow.grow("note")
    assert change.added == ("python",)
    assert change.packages == ("python3Packages.jupyterlab",)
    saved = choices.profile("mine")
    assert saved is not None
    assert saved.stacks == ("python",)
    assert saved.packages == ("python3Packages.jupyterlab",)


def test_a_sprout_with_a_module_is_a_stack_of_its_own() -> None:
    grow, choices = garden(Profile(name="mine"), active="mine")
    change = grow.grow("k3s")
    assert change.added == ("docker", "k3s")
    assert choices.profile("mine") == Profile(name="mine", stacks=("k3s",))
    assert change.services == ("k3s",)


@pytest.mark.parametrize("name", [sprout.name for sprout in SPROUTS])
def test_growing_a_sprout_again_changes_nothing(name: str) -> None:
    grow, choices = garden()
    first = grow.grow(name)
    choices.full_disk = True
    again = grow.grow(name)
    assert (again.added, again.packages, again.unfree) == ((), (), ())
    assert again.profile == first.profile
    assert again.copied_from is None


def test_what_is_missing_of_a_sprout_is_all_that_is_added() -> None:
    own = Profile(name="mine", packages=("coder",))
    grow, _ = garden(own, active="mine")
    change = grow.grow("coder")
    assert (change.packages, change.unfree) == ((), ("coder",))


def test_sprouts_are_listed_with_those_that_are_whole() -> None:
    own = Profile(name="mine", stacks=("python",), packages=("python3.pkgs.jupyterlab",))
    grow, _ = garden(own, active="mine")
    assert {row.name: row.active for row in grow.rows()} == {
        "coder": False,
        "notebooks": True,
        "k3s": False,
    }


def test_sprouts_are_listed_also_when_the_active_profile_does_not_hold() -> None:
    grow, _ = garden(active="vanished")
    assert [row.active for row in grow.rows()] == [False, False, False]


def test_a_sprout_that_conflicts_is_refused_and_nothing_is_changed() -> None:
    own = Profile(name="mine", stacks=("podman",))
    grow, choices = garden(own, active="mine")
    with pytest.raises(Conflict):
        grow.grow("k3s")
    assert choices.profile("mine") == own
    assert choices.saved_alone == []


def test_a_misspelt_sprout_is_told_with_the_nearest() -> None:
    grow, _ = garden()
    with pytest.raises(NotFound, match="no sprout named 'codr'; did you mean coder"):
        grow.grow("codr")
