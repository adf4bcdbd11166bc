"""Settling the books of a server that is no more."""

from contextlib import suppress
from dataclasses import dataclass

from capsule_domain.errors import NotFound
from capsule_domain.models.deployment import DeploymentEvent, DeploymentId, DeploymentState
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import KnownHosts
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal


@dataclass(frozen=True)
class WriteOff:
    """Records that an xNode is gone, in every book that knows it."""

    inventory: Inventory
    journal: Journal
    known_hosts: KnownHosts
    clock: Clock

    def run(self, xnode: XNode) -> XNode:
        """The xNode as it is kept now. Only for one whose cloud said that it is gone."""
        now = self.clock.now()
        gone = xnode.model_copy(update={"status": ServerStatus.GONE, "terminated_at": now})
        self.inventory.update(gone)
        self.known_hosts.forget(xnode.id)
        if xnode.deployment:
            with suppress(NotFound):  # it was deployed elsewhere: that journal has it
                self.journal.record(
                    DeploymentId(xnode.deployment),
                    DeploymentEvent(
                        time=now, step="terminated", detail=f"server {xnode.server_id}"
                    ),
                    state=DeploymentState.TERMINATED,
                )
        return gone
