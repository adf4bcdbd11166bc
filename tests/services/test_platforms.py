"""What of an environment is not everywhere, and where it comes from."""

import pytest
from pydantic import ValidationError

from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.sprout import Sprout
from capsule_domain.models.stack import NixpkgsFlag, Platform, Stack
from capsule_domain.services.compose import Compose
from tests.fakes.presets import FakePresets, stack

LINUX = (Platform.AARCH64_LINUX, Platform.X86_64_LINUX)
CUDA = NixpkgsFlag.CUDA_SUPPORT


def resolved(profile: Profile, *stacks: Stack, profiles: tuple[Profile, ...] = ()) -> Environment:
    return Compose(FakePresets(stacks, profiles)).resolve(profile)


def test_what_is_for_everywhere_is_not_spoken_of() -> None:
    environment = resolved(Profile(name="p", stacks=("a",)), stack("a", packages=("jq",)))
    assert environment.unsupported == {}
    assert environment.limited == {}
    assert environment.nixpkgs_flags == {}


def test_a_platform_names_the_stacks_that_are_not_for_it_in_their_order() -> None:
    environment = resolved(
        Profile(name="p", stacks=("b", "a")),
        stack("a", platforms=LINUX),
        stack("b", platforms=(Platform.X86_64_LINUX,)),
    )
    assert environment.unsupported == {
        Platform.AARCH64_DARWIN: ("b", "a"),
        Platform.AARCH64_LINUX: ("b",),
        Platform.X86_64_DARWIN: ("b", "a"),
    }


def test_a_package_is_where_any_of_its_stacks_is() -> None:
    environment = resolved(
        Profile(name="p", stacks=("a", "b", "c")),
        stack("a", platforms=(Platform.AARCH64_LINUX,), packages=("one", "two", "three")),
        stack("b", platforms=(Platform.X86_64_LINUX,), packages=("two",)),
        stack("c", packages=("three",)),
    )
    assert environment.limited == {"one": (Platform.AARCH64_LINUX,), "two": LINUX}


def test_a_package_that_a_person_asked_for_is_tried_everywhere() -> None:
    gpu = stack("gpu", platforms=LINUX, packages=("a", "b"), python_packages=("x", "y"))
    profile = Profile(name="p", stacks=("gpu",), packages=("a", "python3.pkgs.x"))
    assert list(resolved(profile, gpu).limited) == ["b", "python3Packages.y"]


def test_a_flag_is_set_where_the_stacks_that_ask_for_it_are() -> None:
    environment = resolved(
        Profile(name="p", stacks=("a", "b")),
        stack("a", platforms=(Platform.X86_64_LINUX,), nixpkgs_flags=(CUDA,)),
        stack("b", platforms=(Platform.AARCH64_LINUX,), nixpkgs_flags=(CUDA,)),
    )
    assert environment.nixpkgs_flags == {CUDA: LINUX}


def test_a_pin_is_inherited_and_the_nearest_one_holds() -> None:
    far = Profile(name="far", pins={"nixpkgs": "nixos-25.11"})
    near = Profile(name="near", extends="far", pins={"nixpkgs": "nixos-unstable"})
    profiles = (far, near)
    assert resolved(Profile(name="p"), profiles=profiles).pins == {}
    assert resolved(Profile(name="p", extends="far"), profiles=profiles).pins == far.pins
    assert resolved(Profile(name="p", extends="near"), profiles=profiles).pins == near.pins


@pytest.mark.parametrize(
    "pin",
    ["nixos-26.05", "nixos-25.11-small", "nixpkgs-unstable", "nixpkgs-26.05-darwin", "0a" * 20],
)
def test_a_pin_is_a_branch_of_nixpkgs_or_a_commit(pin: str) -> None:
    assert Profile(name="p", pins={"nixpkgs": pin}).pins == {"nixpkgs": pin}


@pytest.mark.parametrize(
    "pin", ["", "main", "nixos-26.05?dir=x", "nixos-26.05\n", "0a" * 19, "0A" * 20, '"; x', "../x"]
)
def test_any_other_pin_is_refused(pin: str) -> None:
    with pytest.raises(ValidationError, match="a pin is a release branch"):
        Profile.model_validate({"name": "p", "pins": {"nixpkgs": pin}})


def test_nothing_but_nixpkgs_can_be_pinned() -> None:
    with pytest.raises(ValidationError, match="nixpkgs"):
        Profile.model_validate({"name": "p", "pins": {"jq": "nixos-26.05"}})


@pytest.mark.parametrize("flag", ["allowUnfree", "allowBroken", "permittedInsecurePackages"])
def test_no_stack_can_waive_licences_or_warnings_for_everything(flag: str) -> None:
    with pytest.raises(ValidationError, match="nixpkgs_flags"):
        Stack.model_validate(
            {"name": "s", "category": "c", "summary": "s", "nixpkgs_flags": [flag]}
        )


def test_a_stack_goes_before_the_sprout_of_the_same_name() -> None:
    sprout = Sprout(name="k", summary="a sprout", next="look", module="{ }")
    other = Sprout(name="l", summary="another", next="look", module="{ }")
    compose = Compose(FakePresets([stack("k")], sprouts=[sprout, other]))
    assert compose.stacks()["k"].module is None
    assert compose.stacks()["l"].module == "{ }"
    assert list(compose.stacks()) == ["base", "k", "l"]
