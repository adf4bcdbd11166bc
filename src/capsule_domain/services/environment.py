"""What is active: profiles, and the stacks in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from capsule_domain.errors import CapsuleError, Conflict
from capsule_domain.models.profile import Environment, Profile, ProfileChange, ProfileRow
from capsule_domain.models.stack import StackRow
from capsule_domain.ports.presets import Presets
from capsule_domain.ports.settings import Choices
from capsule_domain.services.compose import BASE, CHOSEN, Compose
from capsule_domain.services.one_of import one_of
from capsule_domain.services.own_profile import OwnProfile


@dataclass(frozen=True)
class ManageProfile:
    """Shows and changes the active profile. Names may be unique prefixes."""

    choices: Choices
    presets: Presets

    def active(self) -> Profile:
        """The active profile. Raises NotFound when config.yml names one that is gone."""
        return self._own.active()

    def profiles(self) -> Sequence[ProfileRow]:
        """Every profile, by name."""
        active = self.choices.settings().active_profile
        return [_profile_row(p, active=p.name == active) for p in self._compose.profiles().values()]

    def row(self, name: str | None = None) -> ProfileRow:
        """One profile as it is listed; None is the active one."""
        profile = self.active() if name is None else self._profile(name)
        active = self.choices.settings().active_profile
        return _profile_row(profile, active=profile.name == active)

    def use(self, name: str) -> Profile:
        """Make a profile active. One that does not resolve is refused, and nothing changes."""
        with self.choices.changing():
            profile = self._profile(name)
            self._compose.resolve(profile)
            self._own.activate(profile)
        return profile

    def show(self, profile_name: str | None = None) -> Environment:
        """A profile resolved; None is the active one."""
        profile = self.active() if profile_name is None else self._profile(profile_name)
        return self._compose.resolve(profile)

    def stacks(self, category: str | None = None) -> Sequence[StackRow]:
        """Every stack, or those of a category, by category and name."""
        found = self.presets.stacks().values()
        categories = sorted({stack.category for stack in found})
        wanted = None if category is None else one_of("category", category, categories)
        active = self._active_names()
        return [
            StackRow(**stack.model_dump(include=_ROW_FIELDS), active=stack.name in active)
            for stack in sorted(found, key=lambda stack: (stack.category, stack.name))
            if wanted in (None, stack.category)
        ]

    def add(self, stacks: Sequence[str]) -> ProfileChange:
        """Add stacks with all they require. Those that are active already change nothing.

        `added` names everything that came, dependencies first. Raises NotFound, and
        Conflict when two stacks cannot be together; nothing is changed then.
        """
        names = self._stack_names(stacks)
        with self.choices.changing():
            profile = self.active()
            before = _names(self._compose.resolve(profile))
            new = [name for name in names if name not in before]
            if not new:
                return ProfileChange(profile=profile)
            changed = self._own.to_change(profile)
            changed = changed.model_copy(update={"stacks": (*changed.stacks, *new)})
            return self._keep(profile, changed, before)

    def remove(self, stacks: Sequence[str]) -> ProfileChange:
        """Take stacks out, with what came only because of them.

        Those that are not active change nothing. Raises NotFound, and Conflict when
        others need one, when it is always there, or when an extended profile brings it.
        """
        names = set(self._stack_names(stacks))
        with self.choices.changing():
            profile = self.active()
            environment = self._compose.resolve(profile)
            going = names & set(_names(environment))
            if not going:
                return ProfileChange(profile=profile)
            _refuse_what_is_needed(environment, going)
            changed = self._own.to_change(profile)
            self._refuse_what_is_inherited(changed, going)
            left = tuple(name for name in changed.stacks if name not in going)
            changed = changed.model_copy(update={"stacks": left})
            return self._keep(profile, changed, _names(environment))

    @property
    def _compose(self) -> Compose:
        return Compose(self.presets, self.choices)

    @property
    def _own(self) -> OwnProfile:
        return OwnProfile(self.choices, self.presets)

    def _profile(self, name: str) -> Profile:
        compose = self._compose
        return compose.profile(one_of("profile", name, compose.names(), hint="capsule profiles"))

    def _stack_names(self, names: Iterable[str]) -> list[str]:
        known = self._compose.stacks()
        found = (one_of("stack", name, known, hint="capsule stacks") for name in names)
        return list(dict.fromkeys(found))

    def _active_names(self) -> frozenset[str]:
        """The active stacks; of a profile that does not resolve, those that it names.

        `capsule stacks` is where one looks to repair such a profile, so it must answer.
        """
        name = self.choices.settings().active_profile
        try:
            profile = self._compose.profile(name)
        except CapsuleError:
            return frozenset()
        try:
            return frozenset(_names(self._compose.resolve(profile)))
        except CapsuleError:
            return frozenset(profile.stacks)

    def _refuse_what_is_inherited(self, profile: Profile, going: Iterable[str]) -> None:
        for parent in self._compose.chain(profile)[:-1]:
            if inherited := sorted(set(parent.stacks) & set(going)):
                raise Conflict(
                    f"{', '.join(inherited)} comes from the profile {parent.name}, "
                    f"which {profile.name} extends",
                    hint=f"capsule profile use {parent.name}, and remove it there",
                )

    def _keep(self, old: Profile, changed: Profile, before: Sequence[str]) -> ProfileChange:
        after = _names(self._compose.resolve(changed))
        self._own.keep(changed)
        return ProfileChange(
            profile=changed,
            added=tuple(name for name in after if name not in before),
            removed=tuple(name for name in before if name not in after),
            copied_from=old.name if old.builtin else None,
        )


_ROW_FIELDS = {"name", "category", "summary", "requires", "packages", "services", "ports"}


def _profile_row(profile: Profile, *, active: bool) -> ProfileRow:
    return ProfileRow(
        name=profile.name,
        summary=profile.summary,
        builtin=profile.builtin,
        active=active,
        extends=profile.extends,
        stacks=profile.stacks,
        packages=profile.packages,
        unfree=profile.unfree,
        pins=profile.pins,
    )


def _names(environment: Environment) -> tuple[str, ...]:
    return tuple(entry.stack.name for entry in environment.stacks)


def _refuse_what_is_needed(environment: Environment, going: set[str]) -> None:
    for entry in environment.stacks:
        name = entry.stack.name
        if name not in going:
            continue
        if name == BASE:
            raise Conflict(f"{BASE} is part of every profile and cannot be removed")
        needing = [by for by in entry.because if by != CHOSEN and by not in going]
        if needing:
            raise Conflict(
                f"{name} is needed by {', '.join(needing)}",
                hint=f"capsule remove {' '.join([*needing, name])}",
            )
