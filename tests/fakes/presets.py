"""Presets in memory."""

from collections.abc import Iterable, Mapping

from capsule_domain.models.profile import Profile
from capsule_domain.models.sprout import Sprout
from capsule_domain.models.stack import NixpkgsFlag, Platform, Stack

BASE_STACK = Stack(name="base", category="base", summary="always", packages=("git",))


def stack(
    name: str,
    *requires: str,
    conflicts: tuple[str, ...] = (),
    packages: tuple[str, ...] = (),
    python_packages: tuple[str, ...] = (),
    platforms: tuple[Platform, ...] = (),
    nixpkgs_flags: tuple[NixpkgsFlag, ...] = (),
    module: str | None = None,
) -> Stack:
    """A stack with little to say."""
    return Stack(
        name=name,
        category="test",
        summary=f"what {name} is for",
        requires=requires,
        conflicts=conflicts,
        packages=packages,
        python_packages=python_packages,
        platforms=platforms,
        nixpkgs_flags=nixpkgs_flags,
        module=module,
    )


def profile_of(sprout: Sprout, name: str = "p") -> Profile:
    """A profile that names what a sprout brings, and nothing else."""
    if sprout.module is not None:
        return Profile(name=name, stacks=(sprout.name,))
    libraries = tuple(f"python3Packages.{library}" for library in sprout.python_packages)
    packages = (*sprout.packages, *libraries)
    return Profile(name=name, stacks=sprout.stacks, packages=packages, unfree=sprout.unfree)


class FakePresets:
    """`base`, the given stacks and sprouts, and the given profiles, which become built-in."""

    def __init__(
        self,
        stacks: Iterable[Stack] = (),
        profiles: Iterable[Profile] = (),
        sprouts: Iterable[Sprout] = (),
    ) -> None:
        self._stacks = {each.name: each for each in (BASE_STACK, *stacks)}
        self._profiles = {
            each.name: each.model_copy(update={"builtin": True})
            for each in (*profiles, Profile(name="minimal"))
        }
        self._sprouts = {each.name: each for each in sprouts}

    def stacks(self) -> Mapping[str, Stack]:
        return dict(sorted(self._stacks.items()))

    def profiles(self) -> Mapping[str, Profile]:
        return dict(sorted(self._profiles.items()))

    def sprouts(self) -> Mapping[str, Sprout]:
        return dict(sorted(self._sprouts.items()))
