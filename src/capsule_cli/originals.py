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
