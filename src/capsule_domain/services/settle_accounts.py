"""Setting right what reconciling found: taken into the inventory, ended, or written off."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.deployment import TAG_PREFIX
from capsule_domain.models.leftover import Leftover
from capsule_domain.models.money import HOURS_PER_MONTH
from capsule_domain.models.reconciliation import ReconcileRow, Standing
from capsule_domain.models.server import Server
from capsule_domain.models.time_to_live import expiry_in
from capsule_domain.models.xnode import XNode, XNodeFilter
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider
from capsule_domain.services.ending import end_server
from capsule_domain.services.write_off import WriteOff


@dataclass(frozen=True)
class SettleAccounts:
    """One row after the other; each is looked up in the books again before it is touched."""

    provider: Callable[[str], Provider]
    inventory: Inventory
    journal: Journal
    clock: Clock
    write_off: WriteOff
    new_id: Callable[[], str]
    ssh_user: str = "root"
    ssh_key: str | None = None

    def adopt(self, row: ReconcileRow) -> XNode:
        """Take an orphan into the inventory. Raises Conflict, also when its name is taken."""
        server = self._orphan(row)
        hour = server.price_per_hour
        if hour is None:
            raise Conflict(
                f"nobody says what {server.name} costs, so it cannot be kept in the inventory",
                hint="add it by hand, or end it: capsule openmesh reconcile --destroy",
            )
        xnode = XNode(
            id=self._free_id(row),
            name=server.name,
            provider=server.provider,
            server_id=server.server_id,
            region=server.region,
            template=server.slug,
            status=server.status,
            address=server.address,
            ssh_user=self.ssh_user,
            ssh_key=self.ssh_key,
            price_per_hour=hour,
            price_per_month=hour * HOURS_PER_MONTH,
            tags=tuple(tag for tag in server.tags if not tag.startswith(TAG_PREFIX)),
            expires_at=expiry_in(server.tags),
            created_at=server.created_at or self.clock.now(),
            deployment=row.deployment,
        )
        self.inventory.add(xnode)
        return xnode

    def destroy(self, row: ReconcileRow) -> None:
        """End an orphan for good. Raises Conflict when it is none any more; ProviderError."""
        server = self._orphan(row)
        again = "capsule openmesh reconcile --destroy"
        end_server(self.provider(server.provider), server.server_id, self.clock, hint=again)

    def forget(self, row: ReconcileRow) -> XNode:
        """Write off an xNode that its cloud knows no more."""
        if row.state is not Standing.GHOST or row.xnode is None:
            raise Conflict(f"{row.name} is {row.state}, and no ghost")
        return self.write_off.run(self.inventory.get(row.xnode, exact=True))

    def remove(self, leftover: Leftover) -> None:
        """Delete what is left beside servers. Raises ProviderError."""
        self.provider(leftover.provider).remove_leftover(leftover)

    def _orphan(self, row: ReconcileRow) -> Server:
        """The server, if it is an orphan still. Raises Conflict."""
        server = row.server
        if row.state is not Standing.ORPHAN or server is None:
            raise Conflict(f"{row.name} is {row.state}, and no orphan")
        for xnode in self.inventory.list(XNodeFilter(provider=server.provider)):
            if (xnode.provider, xnode.server_id) == (server.provider, server.server_id):
                raise Conflict(f"{row.name} is in the inventory by now")
        return server

    def _free_id(self, row: ReconcileRow) -> str:
        """Its deployment's, by which its server is tagged, unless another one has that."""
        if row.deployment is None:
            return self.new_id()
        try:
            self.inventory.get(row.deployment, exact=True)
        except NotFound:
            return row.deployment
        return self.new_id()
