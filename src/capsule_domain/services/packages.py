"""Single packages in the active profile, beside what its stacks bring."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.package import Package, PackageChange, PackageRow
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.ports.package_index import PackageIndex
from capsule_domain.ports.presets import Presets
from capsule_domain.ports.settings import Choices
from capsule_domain.services.compose import BASE, CHOSEN, Compose
from capsule_domain.services.one_of import one_of
from capsule_domain.services.own_profile import OwnProfile
from capsule_domain.services.package_names import (
    PYTHON,
    PYTHON_SET,
    attribute_paths,
    own_name,
    spelled,
    without_twins,
)

Reasons = Mapping[str, Sequence[str]]
"""Why each package is there: `chosen`, a stack, or `profile prod` that is extended."""

_PARENT = "profile "


@dataclass(frozen=True)
class ManagePackages:
    """Adds and removes packages by their nixpkgs attribute path, checked by its form.

    Where there is an index, names are checked too.
    """

    choices: Choices
    presets: Presets
    index: PackageIndex

    def rows(self, *, everything: bool = False, stack: str | None = None) -> Sequence[PackageRow]:
        """The packages that the active profile names, sorted; or all; or those of a stack."""
        environment = self._compose.resolve(self._own.active())
        there = [entry.stack.name for entry in environment.stacks]
        if stack is not None:
            stack = one_of("active stack", stack, there, hint="capsule show")
        reasons = self._reasons(environment)
        wanted = {
            name: because
            for name, because in sorted(reasons.items())
            if (everything or CHOSEN in because if stack is None else stack in because)
        }
        return [_row(name, because, self._known(name)) for name, because in wanted.items()]

    def add(
        self, packages: Sequence[str], *, force: bool = False, unfree: bool = False
    ) -> PackageChange:
        """Add packages; those that are there already change nothing, and it says why they are.

        `unfree` allows their licences, by name. Raises UsageError for what is no attribute
        path, and NotFound for what the index does not know, unless `force`.
        """
        names = attribute_paths(packages)
        with self.choices.changing():
            profile = self._own.active()
            environment = self._compose.resolve(profile)
            reasons = self._reasons(environment)
            already = {n: tuple(reasons[spelled(n)]) for n in names if spelled(n) in reasons}
            new = without_twins(name for name in names if name not in already)
            found = self._look_up(new, force=force)
            allowed = [own_name(name, self._known(name)) for name in names] if unfree else []
            changed = self._with(profile, environment, new, allowed)
            if changed != profile:
                self._own.keep(changed)
        free = {*environment.unfree, *allowed}
        return PackageChange(
            profile=changed,
            added=tuple(new),
            already=already,
            copied_from=profile.name if changed.name != profile.name else None,
            checked=not force and self.index.about() is not None,
            unfree=tuple(
                n for n, package in found.items() if package.unfree and package.name not in free
            ),
        )

    def remove(self, packages: Sequence[str]) -> PackageChange:
        """Take packages out by their whole names; those that are not there change nothing.

        Raises Conflict for what a stack or an extended profile brings, and NotFound for
        what the index does not know either.
        """
        names = attribute_paths(packages)
        with self.choices.changing():
            profile = self._own.active()
            environment = self._compose.resolve(profile)
            reasons = self._reasons(environment)
            own = self._own.to_change(profile)
            mine = {spelled(name) for name in own.packages}
            going = [name for name in names if spelled(name) in mine]
            absent = [name for name in names if spelled(name) not in reasons]
            for name in names:
                if name not in (*going, *absent):
                    _refuse_what_others_bring(name, reasons[spelled(name)])
            self._refuse_unheard_of(absent, own)
            changed = _reduced(own, going) if going else profile
            if changed != profile:
                self._compose.resolve(changed)
                self._own.keep(changed)
        stay = {n: tuple(b for b in reasons[spelled(n)] if b != CHOSEN) for n in going}
        return PackageChange(
            profile=changed,
            removed=tuple(going),
            already={name: because for name, because in stay.items() if because},
            absent=tuple(absent),
            copied_from=profile.name if changed.name != profile.name else None,
            checked=self.index.about() is not None,
        )

    @property
    def _own(self) -> OwnProfile:
        return OwnProfile(self.choices, self.presets)

    @property
    def _compose(self) -> Compose:
        return Compose(self.presets, self.choices)

    def _reasons(self, environment: Environment) -> Reasons:
        """Every package of the environment, in one spelling, with who brings it."""
        found: dict[str, list[str]] = {}
        chain = self._compose.chain(environment.profile)
        brought = [(CHOSEN, chain[-1].packages)]
        brought += [(f"{_PARENT}{part.name}", part.packages) for part in chain[:-1]]
        for entry in environment.stacks:
            python = [f"{PYTHON_SET}{name}" for name in entry.stack.python_packages]
            interpreter = [PYTHON] if python else []
            brought.append((entry.stack.name, (*entry.stack.packages, *python, *interpreter)))
        for because, names in brought:
            for name in dict.fromkeys(map(spelled, names)):
                found.setdefault(name, []).append(because)
        return found

    def _known(self, name: str) -> Package | None:
        """What the index says of a package; nothing when there is none."""
        return self.index.find(spelled(name)) if self.index.about() is not None else None

    def _look_up(self, names: Iterable[str], *, force: bool) -> dict[str, Package]:
        if self.index.about() is None:
            return {}
        found: dict[str, Package] = {}
        for name in names:
            package = self.index.find(spelled(name))
            if package is not None and not package.is_set:
                found[name] = package
            elif not force and (package is not None or self.index.covers(spelled(name))):
                raise NotFound(
                    "package",
                    name,
                    known=[*self.index.near(spelled(name))] if package is None else (),
                    hint=f"capsule pkg search {name.rpartition('.')[2]}, or add --force",
                )
        return found

    def _with(
        self,
        profile: Profile,
        environment: Environment,
        new: Sequence[str],
        allowed: Sequence[str],
    ) -> Profile:
        """`profile`, or the user's copy of it, with those packages and licences."""
        allow = tuple(name for name in dict.fromkeys(allowed) if name not in environment.unfree)
        if not (new or allow):
            return profile
        own = self._own.to_change(profile)
        changed = own.model_copy(
            update={"packages": (*own.packages, *new), "unfree": (*own.unfree, *allow)}
        )
        self._compose.resolve(changed)
        return changed

    def _refuse_unheard_of(self, absent: Iterable[str], own: Profile) -> None:
        if self.index.about() is None:
            return
        for name in absent:
            if self.index.find(spelled(name)) is None and self.index.covers(spelled(name)):
                known = [*own.packages, *self.index.near(spelled(name))]
                raise NotFound("package", name, known=known, hint="capsule pkg list")


def _row(name: str, because: Sequence[str], found: Package | None) -> PackageRow:
    return PackageRow(
        package=name,
        custom=CHOSEN in because,
        because=tuple(because),
        version=found.version if found else None,
        summary=found.summary if found else None,
    )


def _refuse_what_others_bring(name: str, because: Sequence[str]) -> None:
    if BASE in because:
        raise Conflict(f"{name} comes with {BASE}, which is part of every profile")
    parents = [each.removeprefix(_PARENT) for each in because if each.startswith(_PARENT)]
    stacks = [each for each in because if not each.startswith(_PARENT)]
    where = f"capsule profile use {parents[0]}, and remove it there" if parents else ""
    raise Conflict(
        f"{name} comes with {', '.join(because)}",
        hint=where or f"capsule remove {' '.join(stacks)}",
    )


def _reduced(own: Profile, going: Collection[str]) -> Profile:
    """`own` without those packages, and without the licences that were theirs alone."""
    gone = {spelled(name) for name in going}
    packages = tuple(name for name in own.packages if spelled(name) not in gone)
    theirs = {name.rpartition(".")[2] for name in going}
    theirs -= {name.rpartition(".")[2] for name in packages}
    unfree = tuple(name for name in own.unfree if name not in theirs)
    return own.model_copy(update={"packages": packages, "unfree": unfree})
