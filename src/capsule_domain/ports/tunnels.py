"""Ways into xNodes that stay open."""

from collections.abc import Callable, Sequence
from typing import Protocol

from capsule_domain.models.tunnel import Tunnel
from capsule_domain.ports.host import Target

FindTarget = Callable[[], Target]
"""Where the machine is now. It may move while a tunnel is open; raises when it is gone."""

Heard = Callable[[str], None]
"""Told in one line what becomes of a tunnel; perhaps in another thread."""


class Forward(Protocol):
    """A local port that is taken, and leads nowhere yet."""

    @property
    def local_port(self) -> int:
        """The port of 127.0.0.1."""

    def open(self, find: FindTarget, remote_port: int, heard: Heard) -> None:
        """Log in, and return when the way is open. Raises HostError, and what `find` raises."""

    def hold(self) -> None:
        """Keep it open, logging in again after every break with growing pauses.

        Never returns; raises HostKeyChanged, and what `find` raises.
        """

    def close(self) -> None:
        """Give the port back."""


class Tunnels(Protocol):
    """Makes tunnels, and knows those of this home that are open in whatever process."""

    def take(self, local_port: int) -> Forward:
        """Take a port of 127.0.0.1; 0 chooses a free one. Raises Conflict when it is in use."""

    def register(self, tunnel: Tunnel) -> None:
        """Let others know of it until its process ends, or `unregister`. Raises StoreError."""

    def unregister(self, tunnel_id: str) -> None:
        """Nobody needs to know of it any more. Unknown is a success."""

    def running(self) -> Sequence[Tunnel]:
        """Those whose process still runs, by xNode and port."""

    def end(self, tunnel: Tunnel) -> None:
        """End its process; one that is gone is a success. Raises HostError if it does not end."""

    def this_process(self) -> tuple[int, str]:
        """The pid of this process, and the mark by which it is told from others."""
