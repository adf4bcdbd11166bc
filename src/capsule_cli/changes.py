"""What every change of the active profile is told with."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_cli.theme import Screen


def tell_copied(screen: "Screen", copied_from: str | None, copy: str, *, dry_run: bool) -> None:
    """A built-in profile stays as it is: its copy was changed, or would be."""
    if copied_from is None:
        return
    verb = "would be" if dry_run else "is"
    screen.warning(
        f"{copied_from} is built in and stays as it is: its copy {copy} {verb} changed and active"
    )
