"""What tells two systems apart, for a person."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.closure import ClosureDifference, PackageChange

_UNITS = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def paint_difference(
    screen: "Screen", difference: "ClosureDifference", *, most: int | None = None
) -> None:
    """A row for each package that comes, goes or changes, and what it comes to; `most` rows."""
    changes = difference.changes[:most]
    if changes:
        screen.table(
            ["package", "before", "after", "size"],
            [(one.name, *_versions(one), signed(one.size_bytes)) for one in changes],
            right=["size"],
        )
    if len(changes) < len(difference.changes):
        screen.line(f"and {len(difference.changes) - len(changes)} more", style="advice")
    screen.line(summary(difference), style="advice")
    if difference.kernel:
        before, after = difference.kernel
        screen.warning(f"the kernel is another: {before} → {after}; it runs after the next start")
    if difference.postgresql:
        was, now = difference.postgresql
        screen.warning(f"PostgreSQL {was} → {now}: neither reads the data of the other")


def summary(difference: "ClosureDifference") -> str:
    """`12 paths more, 8 fewer, +3.4 MiB`."""
    paths = f"{difference.added_paths} store paths come, {difference.removed_paths} go"
    return f"{paths}, {signed(difference.size_bytes)}"


def signed(size_bytes: int) -> str:
    """`+3.4 MiB`, `-512 B`; `±0` for none."""
    if size_bytes == 0:
        return "±0"
    sign = "+" if size_bytes > 0 else "-"
    size = abs(size_bytes)
    for unit, factor in _UNITS:
        if size >= factor:
            return f"{sign}{size / factor:.1f} {unit}"
    return f"{sign}{size} B"


def _versions(change: "PackageChange") -> tuple[str, str]:
    """Those that go and those that come; where all stay, it is the size that changes."""
    before, after = change.before, change.after
    if set(before) == set(after):
        return _listed(before), _listed(after)
    gone = [version for version in before if version not in after]
    new = [version for version in after if version not in before]
    return _listed(gone), _listed(new)


def _listed(versions: Sequence[str]) -> str:
    return ", ".join(version or "without version" for version in versions) or "–"
