"""Doing without doing: what stands between a dry run and the disk."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from capsule_domain.models.profile import Profile
from capsule_domain.ports.profile_texts import ProfileTexts
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

    def save_openmesh(self, settings: OpenmeshSettings) -> None:
        """Nothing is written."""

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

    def files(self) -> Mapping[str, str]:
        return self.choices.files()

    def clear(self, files: Mapping[str, str]) -> None:
        """Nothing is removed."""


@dataclass(frozen=True)
class UnwrittenTexts:
    """The texts of profiles as they are; what is saved goes nowhere."""

    texts: ProfileTexts

    def of_file(self, name: str) -> str | None:
        return self.texts.of_file(name)

    def written(self, profile: Profile) -> str:
        return self.texts.written(profile)

    def read(self, text: str, *, name: str, source: str, renamed: bool = False) -> Profile:
        return self.texts.read(text, name=name, source=source, renamed=renamed)

    def line_of(self, text: str, word: str) -> int | None:
        return self.texts.line_of(text, word)

    def save(self, name: str, text: str) -> None:
        """Nothing is written."""

    def keep_aside(self, name: str, text: str) -> str:  # noqa: ARG002
        """Nothing is written."""
        return name

    def load(self, path: str) -> str:
        return self.texts.load(path)

    def store(self, path: str, text: str, *, replace: bool) -> str:  # noqa: ARG002
        """Nothing is written."""
        return path
