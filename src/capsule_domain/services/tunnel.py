"""Tunnels to xNodes: opened, held, told of, ended."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from capsule_domain.errors import NotFound
from capsule_domain.models.tunnel import Tunnel
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Target
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.tunnels import Forward, Heard, Tunnels
from capsule_domain.services.living import refuse_gone
from capsule_domain.services.ready import target_of

_LIST = "capsule openmesh xnode tunnel --list"


@dataclass(frozen=True)
class Tunnelling:
    """Each tunnel lives as long as the process that opened it, and is known to all others."""

    inventory: Inventory
    tunnels: Tunnels
    clock: Clock
    new_id: Callable[[], str]

    @contextmanager
    def opened(
        self, xnode: XNode, remote_port: int, local_port: int, heard: Heard
    ) -> Iterator[tuple[Tunnel, Forward]]:
        """A tunnel that is open, for the length of the block.

        The xNode is looked up at each login: it may have got another address meanwhile.
        Raises Conflict when the local port is in use; HostError.
        """

        def find() -> Target:
            now = self.inventory.get(xnode.id, exact=True)
            refuse_gone(now)
            return target_of(now)

        forward = self.tunnels.take(local_port)
        try:
            forward.open(find, remote_port, heard)
            tunnel = self._described(xnode, remote_port, forward.local_port)
            self.tunnels.register(tunnel)
            try:
                yield tunnel, forward
            finally:
                self.tunnels.unregister(tunnel.id)
        finally:
            forward.close()

    def running(self) -> Sequence[Tunnel]:
        """All that are open now."""
        return self.tunnels.running()

    def meant(self, which: str | None) -> Sequence[Tunnel]:
        """Those to an xNode, by its name or id, or the one of that id; None: all.

        Raises NotFound.
        """
        running = self.running()
        if which is None:
            return running
        found = [t for t in running if which in (t.id, t.xnode, t.xnode_id)]
        if not found:
            known = [word for t in running for word in (t.xnode, t.id)]
            raise NotFound("open tunnel", which, known=known, hint=_LIST)
        return found

    def end(self, tunnel: Tunnel) -> None:
        """End it, in whatever process it is."""
        self.tunnels.end(tunnel)

    def _described(self, xnode: XNode, remote_port: int, local_port: int) -> Tunnel:
        pid, started = self.tunnels.this_process()
        return Tunnel(
            id=self.new_id(),
            xnode=xnode.name,
            xnode_id=xnode.id,
            remote_port=remote_port,
            local_port=local_port,
            pid=pid,
            started=started,
            since=self.clock.now(),
        )
