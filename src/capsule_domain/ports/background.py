"""Commands that go on when this one has ended."""

from collections.abc import Sequence
from typing import Protocol

from capsule_domain.models.base import Model


class Beginning(Model):
    """How a command in the background began.

    `said`: its first line on stdout. None when it ended without one: `exit_code` and
    `complaint`, what it wrote to stderr, say why.
    """

    said: str | None
    exit_code: int = 0
    complaint: str = ""


class Background(Protocol):
    """Starts this program anew, as a process that no terminal ends."""

    def start(self, arguments: Sequence[str]) -> Beginning:
        """Run `capsule arguments…`; returns at its first line on stdout, or at its end.

        One that does neither in time is ended. Raises HostError for that.
        """
