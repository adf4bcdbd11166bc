"""What can be done on an xNode about its trouble."""

from collections.abc import Sequence
from typing import Protocol

from capsule_domain.models.xnode import XNode


class FirstAid(Protocol):
    """Helps an xNode over a connection of its own. Root is asked of sudo for other users.

    Every implementation passes tests/contracts/test_first_aid.py. Each method raises HostError
    when the help surely failed, and OutcomeUnknown when the connection was lost, or the time
    was up, and it may have been given or still be at work.
    """

    def restart_unit(self, xnode: XNode, unit: str, *, deadline_seconds: float) -> None:
        """Restart a unit of systemd, also one that was restarted too often. One that has
        failed again a moment later is a CommandFailed.
        """

    def run(self, xnode: XNode, command: Sequence[str], *, deadline_seconds: float) -> None:
        """Run a program with these arguments, as they are. Its exit code must be 0; what
        outlives its deadline is ended, where the machine has `timeout`.
        """
