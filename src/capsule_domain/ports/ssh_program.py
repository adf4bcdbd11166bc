"""The person's own `ssh`, on the terminal of this process."""

from collections.abc import Sequence
from typing import NoReturn, Protocol

from capsule_domain.ports.host import Target


class SshProgram(Protocol):
    """The system's `ssh`, told whose host key to accept and which key to show."""

    def command(self, target: Target, words: Sequence[str] = ()) -> Sequence[str]:
        """The command line that logs in to `target`, or runs `words` there as `ssh` would.

        Raises ToolMissing; HostKeyChanged when no host key is pinned for it.
        """

    def become(self, command: Sequence[str]) -> NoReturn:
        """End as `command`: the terminal, the signals and the exit code are its own."""

    def run(self, command: Sequence[str]) -> int:
        """Give the terminal to `command` until it ends. Its exit code."""
