"""What of an environment is not for every platform."""

from collections.abc import Iterable, Sequence

from capsule_domain.models.stack import NixpkgsFlag, Platform, Stack


def unsupported(stacks: Sequence[Stack]) -> dict[Platform, tuple[str, ...]]:
    """The stacks that are not for a platform, for each platform that has any."""
    left_out = {
        platform: tuple(stack.name for stack in stacks if platform not in _where(stack))
        for platform in Platform
    }
    return {platform: names for platform, names in left_out.items() if names}


def nixpkgs_flags(stacks: Sequence[Stack]) -> dict[NixpkgsFlag, tuple[Platform, ...]]:
    """The flags that stacks ask for, each with the platforms of those stacks."""
    return {
        flag: _union(stack for stack in stacks if flag in stack.nixpkgs_flags)
        for flag in NixpkgsFlag
        if any(flag in stack.nixpkgs_flags for stack in stacks)
    }


def limited(stacks: Sequence[Stack], asked_for: Iterable[str]) -> dict[str, tuple[Platform, ...]]:
    """The packages that only stacks for some platforms bring, sorted, with those platforms.

    What a person `asked_for` by name is tried everywhere.
    """
    tried = set(asked_for)
    brought: dict[str, list[Stack]] = {}
    for stack in stacks:
        for package in _packages(stack):
            brought.setdefault(package, []).append(stack)
    where = {package: _union(by) for package, by in sorted(brought.items()) if package not in tried}
    return {package: there for package, there in where.items() if len(there) < len(Platform)}


def python_library(name: str) -> str:
    """The path of a library of the one Python."""
    return f"python3Packages.{name}"


def _packages(stack: Stack) -> list[str]:
    return [*stack.packages, *map(python_library, stack.python_packages)]


def _where(stack: Stack) -> tuple[Platform, ...]:
    return stack.platforms or tuple(Platform)


def _union(stacks: Iterable[Stack]) -> tuple[Platform, ...]:
    there = {platform for stack in stacks for platform in _where(stack)}
    return tuple(platform for platform in Platform if platform in there)
