"""A rented server goes into the books, before anything is waited for."""

from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.deployment import Deployment, DeploymentState, DeployPlan
from capsule_domain.models.server import Server
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import DeployKey
from capsule_domain.ports.inventory import Inventory
from capsule_domain.services.diary import Diary


@dataclass(frozen=True)
class WriteDown:
    """Records which server a deployment rented."""

    inventory: Inventory
    clock: Clock
    diary: Diary

    def run(
        self,
        plan: DeployPlan,
        deployment: Deployment,
        server: Server,
        *,
        key: DeployKey,
        ssh_user: str,
    ) -> XNode:
        """The server's id into the journal and a row into the inventory, in this order.

        Done again it changes nothing. Raises StoreError: the server is rented and billed.
        """
        rented = f"server {server.server_id}"
        try:
            self.diary.note(
                deployment.id,
                "rented",
                rented,
                state=DeploymentState.RENTED,
                server_id=server.server_id,
            )
            xnode = self._known(deployment) or self._added(plan, deployment, server, key, ssh_user)
        except (StoreError, Conflict) as error:
            raise StoreError(
                f"{rented} at {server.provider} is rented and billed (tag {deployment.tag}), "
                f"but could not be written down: {error.message}",
                hint=f"capsule openmesh deploy --resume {deployment.id}",
            ) from error
        self.diary.note(deployment.id, "recorded", "in the inventory")
        return xnode

    def _known(self, deployment: Deployment) -> XNode | None:
        try:
            return self.inventory.get(deployment.id, exact=True)
        except NotFound:
            return None

    def _added(
        self,
        plan: DeployPlan,
        deployment: Deployment,
        server: Server,
        key: DeployKey,
        ssh_user: str,
    ) -> XNode:
        xnode = XNode(
            id=deployment.id,
            name=plan.name,
            provider=server.provider,
            server_id=server.server_id,
            region=plan.offer.region,
            template=plan.offer.template,
            status=server.status,
            address=server.address,
            ssh_user=ssh_user,
            ssh_key=key.private_path,
            price_per_hour=plan.price_per_hour,
            price_per_month=plan.price_per_month,
            os=plan.os,
            profile=plan.profile,
            tags=plan.tags,
            expires_at=plan.expires_at,
            created_at=self.clock.now(),
            deployment=deployment.id,
        )
        self.inventory.add(xnode)
        return xnode
