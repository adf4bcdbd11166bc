"""Sprouts: one tool, whole, into the active profile."""

from collections.abc import Sequence
from dataclasses import dataclass

from capsule_domain.errors import CapsuleError
from capsule_domain.models.growth import SproutChange, SproutRow
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.sprout import Sprout
from capsule_domain.ports.presets import Presets
from capsule_domain.ports.settings import Choices
from capsule_domain.services.compose import Compose
from capsule_domain.services.one_of import one_of
from capsule_domain.services.own_profile import OwnProfile

_PYTHON = "python3Packages."


@dataclass(frozen=True)
class GrowSprout:
    """Lists sprouts, and grows one. Names may be unique prefixes."""

    choices: Choices
    presets: Presets

    def rows(self) -> Sequence[SproutRow]:
        """Every sprout, by name; also when the active profile does not hold."""
        environment = self._active_environment()
        return [
            SproutRow(
                name=sprout.name,
                summary=sprout.summary,
                stacks=self._stacks(sprout),
                packages=_packages(sprout),
                services=sprout.services,
                unfree=sprout.unfree,
                active=environment is not None and self._is_whole(sprout, environment),
            )
            for sprout in self.presets.sprouts().values()
        ]

    def grow(self, name: str) -> SproutChange:
        """Add a sprout's stacks, packages and licences; what is there already changes nothing.

        Raises NotFound, and Conflict when its stacks cannot be with those that are there.
        """
        sprouts = self.presets.sprouts()
        sprout = sprouts[one_of("sprout", name, sprouts, hint="capsule sprouts")]
        with self.choices.changing():
            profile = self._own.active()
            before = self._compose.resolve(profile)
            changed = self._with(profile, before, sprout)
            after = self._compose.resolve(changed)
            if changed != profile:
                self._own.keep(changed)
        return SproutChange(
            sprout=sprout.name,
            profile=changed,
            added=tuple(name for name in _names(after) if name not in _names(before)),
            packages=tuple(n for n in _packages(sprout) if not _has(before, n)),
            unfree=tuple(name for name in sprout.unfree if name not in before.unfree),
            services=sprout.services,
            next=sprout.next,
            copied_from=profile.name if changed.name != profile.name else None,
        )

    @property
    def _own(self) -> OwnProfile:
        return OwnProfile(self.choices, self.presets)

    @property
    def _compose(self) -> Compose:
        return Compose(self.presets, self.choices)

    def _active_environment(self) -> Environment | None:
        try:
            return self._compose.resolve(self._own.active())
        except CapsuleError:
            return None  # `capsule show` says what is wrong with it

    def _with(self, profile: Profile, before: Environment, sprout: Sprout) -> Profile:
        if self._is_whole(sprout, before):
            return profile
        own = self._own.to_change(profile)
        stacks = [name for name in self._stacks(sprout) if name not in _names(before)]
        packages, unfree = _missing(sprout, before)
        if sprout.module is not None:  # the stack that it is brings them
            packages, unfree = [], []
        return own.model_copy(
            update={
                "stacks": (*own.stacks, *stacks),
                "packages": (*own.packages, *packages),
                "unfree": (*own.unfree, *unfree),
            }
        )

    def _is_whole(self, sprout: Sprout, environment: Environment) -> bool:
        there = set(self._stacks(sprout)) <= set(_names(environment))
        return there and _missing(sprout, environment) == ([], [])

    def _stacks(self, sprout: Sprout) -> tuple[str, ...]:
        """The stacks that a profile names to have the sprout."""
        return sprout.stacks if sprout.module is None else (sprout.name,)


def _missing(sprout: Sprout, environment: Environment) -> tuple[list[str], list[str]]:
    """Packages and licences that are not there yet."""
    packages = [name for name in _packages(sprout) if not _has(environment, name)]
    return packages, [name for name in sprout.unfree if name not in environment.unfree]


def _packages(sprout: Sprout) -> tuple[str, ...]:
    return (*sprout.packages, *(f"{_PYTHON}{name}" for name in sprout.python_packages))


def _has(environment: Environment, package: str) -> bool:
    if package.startswith(_PYTHON):
        return package.removeprefix(_PYTHON) in environment.python_packages
    return package in environment.packages


def _names(environment: Environment) -> list[str]:
    return [entry.stack.name for entry in environment.stacks]
