"""What the original Capsule left in the home, and is not taken in yet."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_cli.session import Session


def offer_original(run: "Session") -> None:
    """Say how its inventory is taken in, where one is found."""
    found = run.wiring.xnode_files().original()
    if found is not None:
        run.out.talk(f"{found} is the original Capsule's inventory; it is taken in by:")
        run.out.advise("capsule openmesh inventory import")


def tell_taken_over(run: "Session") -> None:
    """Take over a monitoring.yml of the original's form, and say so."""
    if run.options.dry_run:
        return
    taken = run.wiring.monitoring_choices().take_over()
    if taken is None:
        return
    run.out.warn(f"monitoring.yml was of the original's form; it is kept as {taken.kept_as}")
    if taken.left_out:
        run.out.warn(f"not taken over: {', '.join(taken.left_out)}")
