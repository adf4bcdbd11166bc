"""From what a person typed to the one thing that is meant."""

from collections.abc import Iterable

from capsule_domain.errors import Conflict, NotFound


def one_of(kind: str, name: str, known: Iterable[str], *, hint: str | None = None) -> str:
    """The one known name that is `name`, or begins with it.

    Raises NotFound with the nearest, and Conflict when several begin so.
    """
    names = list(known)
    if name in names:
        return name
    fitting = sorted(each for each in names if name and each.startswith(name))
    if len(fitting) > 1:
        raise Conflict(f"'{name}' may mean {', '.join(fitting)}", hint="write more of the name")
    if not fitting:
        raise NotFound(kind, name, known=names, hint=hint)
    return fitting[0]
