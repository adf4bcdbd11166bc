"""Doing without doing: what stands between a dry run and the disk."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import Choices, OpenmeshSettings, Settings


@dataclass(frozen=True)
class UnwrittenChoices:
    """The user's choices as they are; what is saved goes nowhere."""

    choices: Choices

    def changing(self) -> AbstractContextManager[None]:
        """Nobody has to wait: nothing is written."""
        return nullcontext()

    def settings(self) -> Settings:
        return self.choices.settings()

    def save_settings(self, settings: Settings) -> None:
        """Nothing is written."""

    def openmesh(self) -> OpenmeshSettings:
        return self.choices.openmesh()

    def profiles(self) -> Mapping[str, Profile]:
        return self.choices.profiles()

    def profile_names(self) -> Sequence[str]:
        return self.choices.profile_names()

    def profile(self, name: str) -> Profile | None:
        return self.choices.profile(name)

    def save_profile(self, profile: Profile) -> None:
        """Nothing is written."""

    def delete_profile(self, name: str) -> None:
        """Nothing is removed."""

    def files(self) -> Sequence[str]:
        return self.choices.files()

    def clear(self) -> Sequence[str]:
        """What would be removed."""
        return self.choices.files()
