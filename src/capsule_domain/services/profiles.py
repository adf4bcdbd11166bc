"""Profiles as a collection: made, copied, taken in, handed out, told apart, deleted."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from capsule_domain.errors import CapsuleError, Conflict, NotFound, UsageError
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.profile_diff import Difference, ProfileDiff
from capsule_domain.ports.presets import Presets
from capsule_domain.ports.profile_texts import ProfileTexts
from capsule_domain.ports.settings import Choices
from capsule_domain.services.compose import Compose
from capsule_domain.services.faulty_text import placed
from capsule_domain.services.one_of import one_of

_LIST = "capsule profiles"


@dataclass(frozen=True)
class Profiles:
    """The user's own profiles beside the built-in ones. Names may be unique prefixes,
    but for new names and for what is deleted.
    """

    choices: Choices
    presets: Presets
    texts: ProfileTexts

    def find(self, name: str) -> Profile:
        """One profile. Raises NotFound with the nearest."""
        compose = self._compose
        return compose.profile(one_of("profile", name, compose.names(), hint=_LIST))

    def new(
        self, name: str, *, copy_from: str | None = None, extends: str | None = None
    ) -> Profile:
        """Make a profile: empty, or a copy of another one; it does not become active.

        Raises UsageError for what is no name, Conflict for one that is taken, NotFound.
        """
        source = Profile(name="empty") if copy_from is None else self.find(copy_from)
        parent = source.extends if extends is None else self.find(extends).name
        made = _called(name, source).model_copy(update={"extends": parent, "builtin": False})
        return self._add(made)

    def built_in(self, name: str) -> str | None:
        """The built-in profile that `name` means, by itself or as a unique prefix; else None."""
        try:
            return one_of("profile", name, self.presets.profiles())
        except CapsuleError:
            return None

    def take_in(self, text: str, *, name: str, source: str) -> Profile:
        """A new profile from the text of a file; `source` names it in errors.

        Raises ConfigurationError with file and line, also for a stack or a profile that
        there is not, and Conflict for a name that is taken.
        """
        _called(name, Profile(name="empty"))
        profile = self.texts.read(text, name=name, source=source, renamed=True)
        with placed(self.texts, text, source):
            return self._add(profile, text)

    def hand_out(self, name: str) -> str:
        """The text of a profile, as `take_in` reads it: the user's own file as it is."""
        profile = self.find(name)
        own = None if profile.builtin else self.texts.of_file(profile.name)
        return own if own is not None else self.texts.written(profile)

    def refuse_to_delete(self, name: str) -> None:
        """Raise what `delete` would raise."""
        own = self.choices.profile_names()
        if name not in own:
            if name in self.presets.profiles():
                raise Conflict(f"{name} is built in and stays", hint="capsule profiles --own")
            raise NotFound("profile of your own", name, known=own, hint="capsule profiles --own")
        if self.choices.settings().active_profile == name and name not in self.presets.profiles():
            raise Conflict(f"{name} is the active profile", hint="capsule profile use minimal")
        if children := self._extending(name, own):
            raise Conflict(
                f"{name} is extended by {', '.join(children)}",
                hint=f"capsule profile delete {children[0]}",
            )

    def delete(self, name: str) -> None:
        """Delete one of the user's own, by its whole name, also one that does not hold.

        Raises Conflict for a built-in one, the active one, and one that others extend;
        NotFound.
        """
        with self.choices.changing():
            self.refuse_to_delete(name)
            self.choices.delete_profile(name)

    def diff(self, old: str, new: str) -> ProfileDiff:
        """What comes and what goes from one profile to another, both resolved."""
        first, second = self.find(old), self.find(new)
        before, after = self._compose.resolve(first), self._compose.resolve(second)
        return ProfileDiff(
            old=first.name,
            new=second.name,
            stacks=_difference(_stacks(before), _stacks(after)),
            packages=_difference(before.packages, after.packages),
            python_packages=_difference(before.python_packages, after.python_packages),
            services=_difference(before.services, after.services),
            ports=_difference(map(str, before.ports), map(str, after.ports)),
            unfree=_difference(before.unfree, after.unfree),
        )

    @property
    def _compose(self) -> Compose:
        return Compose(self.presets, self.choices)

    def _add(self, profile: Profile, text: str | None = None) -> Profile:
        with self.choices.changing():
            self._refuse_taken(profile.name)
            self._compose.resolve(profile)
            if text is None:
                self.choices.save_profile(profile)
            else:
                self.texts.save(profile.name, text)
        return profile

    def _refuse_taken(self, name: str) -> None:
        if name in self.choices.profile_names():
            hint = f"another name, or first: capsule profile delete {name}"
            raise Conflict(f"there is a profile named {name} already", hint=hint)
        if name in self.presets.profiles():
            hint = f"another name, such as my-{name}"
            raise Conflict(f"{name} is the name of a built-in profile", hint=hint)

    def _extending(self, name: str, own: Iterable[str]) -> list[str]:
        """The user's profiles that extend `name`; those that do not hold extend nothing."""
        if name in self.presets.profiles():
            return []  # the built-in one comes back in its place
        return [child for child in own if self._parent(child) == name]

    def _parent(self, name: str) -> str | None:
        try:
            profile = self.choices.profile(name)
        except CapsuleError:
            return None
        return profile.extends if profile else None


def _called(name: str, source: Profile) -> Profile:
    try:
        return Profile(**source.model_dump(exclude={"name"}), name=name)
    except ValidationError as error:
        rule = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UsageError(f"{name[:60]!r} is no name for a profile: {rule}") from error


def _stacks(environment: Environment) -> list[str]:
    return [entry.stack.name for entry in environment.stacks]


def _difference(old: Iterable[str], new: Iterable[str]) -> Difference:
    before, after = list(old), list(new)
    return Difference(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
    )
