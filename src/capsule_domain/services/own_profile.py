"""The active profile, and the user's own copy of it when it is built in."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import count

from capsule_domain.errors import NotFound
from capsule_domain.models.profile import Profile
from capsule_domain.ports.presets import Presets
from capsule_domain.ports.settings import Choices
from capsule_domain.services.compose import Compose


@dataclass(frozen=True)
class OwnProfile:
    """What every service that changes the active profile begins and ends with.

    Callers hold `choices.changing()` from the one to the other.
    """

    choices: Choices
    presets: Presets

    def active(self) -> Profile:
        """The active profile. Raises NotFound when config.yml names one that is gone."""
        name = self.choices.settings().active_profile
        compose = self._compose
        known = compose.names()
        if name not in known:
            raise NotFound("profile", name, known=known, hint="capsule profile use minimal")
        return compose.profile(name)

    def to_change(self, profile: Profile) -> Profile:
        """`profile` if it is the user's, else a copy to change, with all it extends in it."""
        if not profile.builtin:
            return profile
        chain = self._compose.chain(profile)
        return Profile(
            name=_free_name(profile.name, self._compose.names()),
            summary=profile.summary,
            stacks=tuple(dict.fromkeys(name for part in chain for name in part.stacks)),
            packages=tuple(dict.fromkeys(name for part in chain for name in part.packages)),
            unfree=tuple(dict.fromkeys(name for part in chain for name in part.unfree)),
            pins={name: pin for part in chain for name, pin in part.pins.items()},
        )

    def keep(self, changed: Profile) -> None:
        """Save the user's own profile, and make it the active one."""
        self.choices.save_profile(changed)
        self.activate(changed)

    def activate(self, profile: Profile) -> None:
        """Make `profile` the active one."""
        settings = self.choices.settings()
        if settings.active_profile != profile.name:
            self.choices.save_settings(settings.model_copy(update={"active_profile": profile.name}))

    @property
    def _compose(self) -> Compose:
        return Compose(self.presets, self.choices)


def _free_name(name: str, taken: Collection[str]) -> str:
    """`<name>-custom`, or with a number when there is one already."""
    first = f"{name[:50]}-custom"
    if first not in taken:
        return first
    return next(free for number in count(2) if (free := f"{first}-{number}") not in taken)
