"""Compose: from a profile to everything it brings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from capsule_domain.errors import ConfigurationError, Conflict, NotFound
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.stack import ResolvedStack, Stack
from capsule_domain.ports.presets import Presets
from capsule_domain.ports.settings import Choices
from capsule_domain.services.platforms import limited, nixpkgs_flags, python_library, unsupported

BASE = "base"
"""The stack that every environment includes."""

ALWAYS = "always"
CHOSEN = "chosen"

_PYTHON = "python3"
_PYTHON_SETS = ("python3Packages.", "python3.pkgs.")


@dataclass(frozen=True)
class Compose:
    """Resolves profiles. With `choices` a profile may extend the user's own ones too."""

    presets: Presets
    choices: Choices | None = None

    def resolve(self, profile: Profile) -> Environment:
        """Everything that `profile` brings.

        Raises NotFound for an unknown stack or extended profile, ConfigurationError
        for a circle, which it names as `a → b → a`, and Conflict for two stacks that
        cannot be together.
        """
        chain = self.chain(profile)
        stacks = self.stacks()
        base = (BASE,) if BASE in stacks else ()
        chosen = _once(name for part in chain for name in part.stacks if name not in base)
        resolved = tuple(
            _with_reason(entry, ALWAYS) if entry.stack.name in base else entry
            for entry in order(stacks, (*base, *chosen))
        )
        _refuse_conflicts(resolved)
        return _environment(profile, chain, [entry.stack for entry in resolved], resolved)

    def stacks(self) -> Mapping[str, Stack]:
        """Every stack that a profile may name, sorted: those there are, and those of sprouts.

        Where a sprout and a stack have the same name it is the stack.
        """
        sprouts = (sprout.as_stack() for sprout in self.presets.sprouts().values())
        brought = {stack.name: stack for stack in sprouts if stack is not None}
        return dict(sorted({**brought, **self.presets.stacks()}.items()))

    def chain(self, profile: Profile) -> tuple[Profile, ...]:
        """The profiles that `profile` extends, the farthest first, and itself last.

        No other profile is looked at, so that one that does not hold is in nobody's way.
        """
        chain = [profile]
        while (parent := chain[-1].extends) is not None:
            names = [part.name for part in chain]
            if parent in names:
                circle = " → ".join([*names[names.index(parent) :], parent])
                raise ConfigurationError(
                    f"profiles extend each other in a circle: {circle}",
                    hint=f"take `extends` out of one of {', '.join(names)}",
                )
            chain.append(self.profile(parent))
        return tuple(reversed(chain))

    def profile(self, name: str) -> Profile:
        """The profile of exactly that name. Raises NotFound with the nearest one."""
        own = self.choices.profile(name) if self.choices else None
        found = own or self.presets.profiles().get(name)
        if found is None:
            raise NotFound("profile", name, known=self.names(), hint="capsule profiles")
        return found

    def names(self) -> Sequence[str]:
        """The name of every profile, sorted, also of those that do not hold."""
        own = self.choices.profile_names() if self.choices else ()
        return sorted({*self.presets.profiles(), *own})

    def profiles(self) -> Mapping[str, Profile]:
        """Every profile by name, sorted; one of the user's goes before a built-in one."""
        own = self.choices.profiles() if self.choices else {}
        return dict(sorted({**self.presets.profiles(), **own}.items()))


def order(stacks: Mapping[str, Stack], chosen: Sequence[str]) -> tuple[ResolvedStack, ...]:
    """`chosen` and all they require, dependencies first, each once, with its reasons.

    Stacks keep the order of `chosen`; what one requires comes right before it, by name.
    Takes time linear in stacks and requirements. Raises NotFound and ConfigurationError.
    """
    placed = _placed(stacks, chosen)
    reasons: dict[str, list[str]] = {name: [] for name in placed}
    for name in dict.fromkeys(chosen):
        reasons[name].append(CHOSEN)
    for name in placed:
        for required in dict.fromkeys(stacks[name].requires):
            reasons[required].append(name)
    return tuple(ResolvedStack(stack=stacks[name], because=tuple(reasons[name])) for name in placed)


def _placed(stacks: Mapping[str, Stack], chosen: Sequence[str]) -> list[str]:
    """The names in dependency order: depth first, without recursion."""
    placed: dict[str, None] = {}
    path: dict[str, Iterator[str]] = {}  # the way from a chosen stack down to where we are
    for start in chosen:
        if start in placed:
            continue
        path[start] = _requirements(stacks, start, needed_by=None)
        while path:
            current, waiting = next(reversed(path.items()))
            required = next((name for name in waiting if name not in placed), None)
            if required is None:
                del path[current]
                placed[current] = None
            elif required in path:
                raise _circle(list(path), required)
            else:
                path[required] = _requirements(stacks, required, needed_by=current)
    return list(placed)


def _requirements(
    stacks: Mapping[str, Stack], name: str, *, needed_by: str | None
) -> Iterator[str]:
    if name not in stacks:
        hint = f"the stack {needed_by} requires it" if needed_by else "capsule stacks"
        raise NotFound("stack", name, known=stacks, hint=hint)
    return iter(sorted(stacks[name].requires))


def _circle(path: Sequence[str], again: str) -> ConfigurationError:
    circle = [*path[path.index(again) :], again]
    return ConfigurationError(
        f"stacks require each other in a circle: {' → '.join(circle)}",
        hint=f"take {again} out of `requires` of {circle[-2]}",
    )


def _refuse_conflicts(resolved: Sequence[ResolvedStack]) -> None:
    there = {entry.stack.name: entry for entry in resolved}
    for entry in resolved:
        for other in entry.stack.conflicts:
            if other in there:
                names = sorted((entry.stack.name, other))
                reasons = "; ".join(f"{n}: {', '.join(there[n].because)}" for n in names)
                raise Conflict(
                    f"the stacks {names[0]} and {names[1]} cannot be together ({reasons})",
                    hint=f"capsule remove {names[0]}, or {names[1]}",
                )


def _environment(
    profile: Profile,
    chain: Sequence[Profile],
    stacks: Sequence[Stack],
    resolved: tuple[ResolvedStack, ...],
) -> Environment:
    wanted = {p for stack in stacks for p in stack.packages}
    wanted |= {p for part in chain for p in part.packages}
    python = {p for stack in stacks for p in stack.python_packages}
    python |= {inner for package in wanted if (inner := _inside_python(package))}
    packages = {package for package in wanted if not _inside_python(package)}
    if python:
        # The one interpreter with its libraries is python3; a bare one would hide it.
        packages.discard(_PYTHON)
    return Environment(
        profile=profile,
        stacks=resolved,
        packages=tuple(sorted(packages)),
        python_packages=tuple(sorted(python)),
        services=_sorted_once(name for stack in stacks for name in stack.services),
        ports=tuple(sorted({port for stack in stacks for port in stack.ports})),
        unfree=_sorted_once(
            [name for stack in stacks for name in stack.unfree]
            + [name for part in chain for name in part.unfree]
        ),
        pins={name: pin for part in chain for name, pin in part.pins.items()},
        nixpkgs_flags=nixpkgs_flags(stacks),
        unsupported=unsupported(stacks),
        limited=limited(stacks, (_one_name(p) for part in chain for p in part.packages)),
    )


def _inside_python(package: str) -> str | None:
    """`numpy` of `python3Packages.numpy`; None for what is not a Python library."""
    for prefix in _PYTHON_SETS:
        if package.startswith(prefix):
            return package.removeprefix(prefix)
    return None


def _one_name(package: str) -> str:
    """`package`, a Python library by the same path whichever way it was written."""
    inner = _inside_python(package)
    return package if inner is None else python_library(inner)


def _with_reason(entry: ResolvedStack, reason: str) -> ResolvedStack:
    others = tuple(because for because in entry.because if because != CHOSEN)
    return entry.model_copy(update={"because": (reason, *others)})


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _sorted_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
