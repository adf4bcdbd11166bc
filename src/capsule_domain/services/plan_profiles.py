"""What the profiles of a plan come to, so that a change of one is seen before it is rented for."""

from collections.abc import Iterator, Mapping
from hashlib import sha256

from capsule_domain.errors import Conflict
from capsule_domain.models.profile import Environment

Content = dict[str, tuple[str, ...]]
"""The words of each kind that a profile brings, such as its packages."""

_SHOWN = 5


def content_of(environment: Environment) -> Content:
    """All that a server gets by a profile; what is only said of it, such as a summary, is not."""
    stacks = [resolved.stack for resolved in environment.stacks]
    modules = ((s.name, sha256(s.module.encode()).hexdigest()) for s in stacks if s.module)
    return {
        "stack": tuple(sorted(stack.name for stack in stacks)),
        "package": environment.packages,
        "Python package": environment.python_packages,
        "service": environment.services,
        "port": tuple(map(str, environment.ports)),
        "unfree": environment.unfree,
        "pin": tuple(f"{name} {pin}" for name, pin in sorted(environment.pins.items())),
        "module": tuple(f"{name} {digest[:16]}" for name, digest in modules),
    }


def refuse_other_content(
    planned: Mapping[str, Content], now: Mapping[str, Content], *, hint: str
) -> None:
    """Raises Conflict with what comes and goes, for the first profile that is not as it was."""
    for name, before in planned.items():
        changes = [*_changes(before, now.get(name, {}))]
        if changes:
            more = f", and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
            raise Conflict(
                f"the profile {name} is not what was planned: {', '.join(changes[:_SHOWN])}{more}",
                hint=hint,
            )


def _changes(before: Content, after: Content) -> Iterator[str]:
    for kind in {**before, **after}:
        was, is_now = before.get(kind, ()), after.get(kind, ())
        yield from (f"+{kind} {word}" for word in is_now if word not in was)
        yield from (f"-{kind} {word}" for word in was if word not in is_now)
