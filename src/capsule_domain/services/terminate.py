"""Ending a server for good, and believing it only when the cloud says so."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound, UnsafePlan
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import KnownHosts
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider
from capsule_domain.services.cloud_of import cloud_of
from capsule_domain.services.ending import end_server
from capsule_domain.services.write_off import WriteOff


def refuse_protected(xnode: XNode) -> None:
    """Raises UnsafePlan for one that is protected."""
    if xnode.protected:
        raise UnsafePlan(
            f"{xnode.name} is protected", hint=f"capsule openmesh xnode protect {xnode.name} --off"
        )


@dataclass(frozen=True)
class Terminate:
    """Destroys a server and settles the books."""

    provider: Callable[[str], Provider]
    inventory: Inventory
    journal: Journal
    known_hosts: KnownHosts
    clock: Clock

    def find(self, name_or_id: str) -> XNode:
        """The living xNode of that whole name or id.

        Raises NotFound; Conflict when it is gone already; UnsafePlan when protected.
        """
        xnode = self._known(name_or_id)
        if xnode.status is ServerStatus.GONE:
            raise Conflict(f"{xnode.name} is gone already")
        refuse_protected(xnode)
        return xnode

    def run(self, xnode: XNode) -> XNode:
        """Destroy it, wait until the cloud lists it no more, and record that.

        Raises UnsafePlan when protected; ProviderError: it may still be billed, and asking
        again is safe.
        """
        refuse_protected(xnode)
        cloud = cloud_of(self.provider, xnode)
        again = f"capsule openmesh xnode terminate {xnode.name}"
        end_server(cloud, xnode.server_id, self.clock, hint=again)
        return WriteOff(self.inventory, self.journal, self.known_hosts, self.clock).run(xnode)

    def _known(self, name_or_id: str) -> XNode:
        """What only the journal knows is undone there, not here."""
        try:
            return self.inventory.get(name_or_id, exact=True)
        except NotFound:
            for left in self.journal.list(unfinished=True):
                if name_or_id in (left.name, left.id):
                    raise Conflict(
                        f"{left.name} was never finished: its deployment is {left.state}",
                        hint=f"capsule openmesh deploy --abandon {left.id}",
                    ) from None
            raise
