"""Edit: the active profile's own text, checked before it counts."""

from dataclasses import dataclass

from capsule_domain.errors import Conflict
from capsule_domain.models.profile import Profile
from capsule_domain.ports.presets import Presets
from capsule_domain.ports.profile_texts import ProfileTexts
from capsule_domain.ports.settings import Choices
from capsule_domain.services.compose import Compose
from capsule_domain.services.faulty_text import placed
from capsule_domain.services.own_profile import OwnProfile


@dataclass(frozen=True)
class Draft:
    """A profile's text as it was when editing began.

    `was` is None when the file is not there yet; `copied_from` names the built-in
    profile that the text is a copy of.
    """

    name: str
    text: str
    was: str | None = None
    copied_from: str | None = None

    @property
    def file_name(self) -> str:
        """What the file is called, for editors and for errors."""
        return f"{self.name}.yml"


@dataclass(frozen=True)
class EditProfile:
    """Hands out the text of the active profile and takes the changed one back."""

    choices: Choices
    presets: Presets
    texts: ProfileTexts

    def open(self) -> Draft:
        """The active profile's text, also when it does not hold; of a built-in one, a copy's.

        Raises NotFound when config.yml names a profile that is gone.
        """
        own = OwnProfile(self.choices, self.presets)
        name = self.choices.settings().active_profile
        was = self.texts.of_file(name)
        if was is not None:
            return Draft(name, was, was=was)
        copy = own.to_change(own.active())
        return Draft(copy.name, self.texts.written(copy), copied_from=name)

    def check(self, draft: Draft, text: str) -> Profile:
        """The profile that `text` says. Raises what it would raise in use, with its line."""
        profile = self.texts.read(text, name=draft.name, source=draft.file_name)
        with placed(self.texts, text, draft.file_name):
            Compose(self.presets, self.choices).resolve(profile)
        return profile

    def save(self, draft: Draft, text: str) -> Profile:
        """Make a text that holds the profile's, and the profile the active one.

        Raises Conflict when another Capsule changed it since it was opened.
        """
        profile = self.check(draft, text)
        with self.choices.changing():
            if self.texts.of_file(draft.name) != draft.was:
                raise Conflict(
                    f"{draft.name} was changed by another Capsule while you edited it",
                    hint="capsule edit",
                )
            self.texts.save(draft.name, text)
            OwnProfile(self.choices, self.presets).activate(profile)
        return profile

    def keep_aside(self, draft: Draft, text: str) -> str:
        """Keep a text that does not hold beside the profile's file; returns the path."""
        return self.texts.keep_aside(draft.name, text)
