"""Ending a server for good, and believing it only when the cloud says so."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound, ProviderError, UnsafePlan
from capsule_domain.models.deployment import DeploymentEvent, DeploymentId, DeploymentState
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import KnownHosts
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider

POLL_SECONDS = 2.0
GIVE_UP_SECONDS = 120.0


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
        xnode = self.inventory.get(name_or_id, exact=True)
        if xnode.status is ServerStatus.GONE:
            raise Conflict(f"{xnode.name} is gone already")
        if xnode.protected:
            raise UnsafePlan(f"{xnode.name} is protected")
        return xnode

    def run(self, xnode: XNode) -> XNode:
        """Destroy it, wait until the cloud lists it no more, and record that.

        Raises ProviderError: it may still be billed, and asking again is safe.
        """
        cloud = self.provider(xnode.provider)
        cloud.destroy(xnode.server_id)
        self._wait_until_gone(cloud, xnode)
        now = self.clock.now()
        gone = xnode.model_copy(update={"status": ServerStatus.GONE, "terminated_at": now})
        self.inventory.update(gone)
        self.known_hosts.forget(xnode.id)
        if xnode.deployment:
            self.journal.record(
                DeploymentId(xnode.deployment),
                DeploymentEvent(time=now, step="terminated", detail=f"server {xnode.server_id}"),
                state=DeploymentState.TERMINATED,
            )
        return gone

    def _wait_until_gone(self, cloud: Provider, xnode: XNode) -> None:
        start = self.clock.monotonic()
        while self.clock.monotonic() - start < GIVE_UP_SECONDS:
            try:
                if cloud.server(xnode.server_id).status is ServerStatus.GONE:
                    return
            except NotFound:
                return
            self.clock.sleep(POLL_SECONDS)
        raise ProviderError(
            xnode.provider,
            f"server {xnode.server_id} was told to go but is still listed; it may be billed",
            hint=f"capsule openmesh xnode terminate {xnode.name}",
        )
