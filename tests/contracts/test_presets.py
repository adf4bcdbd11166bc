"""What every implementation of the Presets port does."""

from collections.abc import Callable

import pytest

from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.models.sprout import Sprout
from capsule_domain.ports.presets import Presets
from capsule_domain.services.compose import BASE, Compose
from tests.fakes.presets import FakePresets, profile_of, stack

MAKERS: dict[str, Callable[[], Presets]] = {
    "fake": lambda: FakePresets(
        [stack("web"), stack("app", "web")],
        sprouts=[
            Sprout(name="tool", summary="a tool", stacks=("app",), next="use it"),
            Sprout(name="daemon", summary="a daemon", next="look", module="{ }"),
        ],
    ),
    "built-in": BuiltinPresets,
}


@pytest.fixture(params=MAKERS)
def presets(request: pytest.FixtureRequest) -> Presets:
    return MAKERS[request.param]()


def test_a_stack_is_found_by_its_own_name_and_names_are_sorted(presets: Presets) -> None:
    stacks = presets.stacks()
    assert [each.name for each in stacks.values()] == sorted(stacks)
    assert len(stacks) > 1


def test_a_profile_is_found_by_its_own_name_and_is_built_in(presets: Presets) -> None:
    profiles = presets.profiles()
    assert [each.name for each in profiles.values()] == sorted(profiles)
    assert all(each.builtin for each in profiles.values())


def test_base_and_minimal_are_there(presets: Presets) -> None:
    assert BASE in presets.stacks()
    assert "minimal" in presets.profiles()


def test_every_built_in_profile_resolves(presets: Presets) -> None:
    for profile in presets.profiles().values():
        assert Compose(presets).resolve(profile).stacks


def test_a_sprout_is_found_by_its_own_name_and_tells_what_to_do_then(presets: Presets) -> None:
    sprouts = presets.sprouts()
    assert [each.name for each in sprouts.values()] == sorted(sprouts)
    assert len(sprouts) > 1
    assert all(each.next for each in sprouts.values())


def test_every_sprout_resolves_in_a_profile(presets: Presets) -> None:
    for sprout in presets.sprouts().values():
        environment = Compose(presets).resolve(profile_of(sprout))
        names = {entry.stack.name for entry in environment.stacks}
        assert {*sprout.stacks} <= names
        assert (sprout.name in names) or sprout.module is None
