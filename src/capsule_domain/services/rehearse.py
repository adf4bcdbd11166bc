"""Doing without doing: what stands between a dry run and the disk."""

from collections.abc import Mapping
from dataclasses import dataclass

from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import Choices, OpenmeshSettings, Settings


@dataclass(frozen=True)
class UnwrittenChoices:
    """The user's choices as they are; what is saved goes nowhere."""

    choices: Choices

    def settings(self) -> Settings:
        return self.choices.settings()

    def save_settings(self, settings: Settings) -> None:
        """Nothing is written."""

    def openmesh(self) -> OpenmeshSettings:
        return self.choices.openmesh()

    def profiles(self) -> Mapping[str, Profile]:
        return self.choices.profiles()

    def save_profile(self, profile: Profile) -> None:
        """Nothing is written."""
