"""Renting a server: journalled before it costs, tagged, sent once, recorded."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.errors import (
    CapsuleError,
    Conflict,
    NotFound,
    ProviderError,
    ProviderUnavailable,
    StoreError,
)
from capsule_domain.models.deployment import (
    Deployment,
    DeploymentId,
    DeploymentState,
    DeployPlan,
)
from capsule_domain.models.server import Server, ServerRequest
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import DeployKey, HostKey, Keys, KnownHosts
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider
from capsule_domain.services.diary import Diary
from capsule_domain.services.first_boot import PLAIN_BOOT, FirstBoot, PrepareBoot
from capsule_domain.services.fitting_tags import refuse_unfit_tags
from capsule_domain.services.taken import refuse_taken


@dataclass(frozen=True)
class Rent:
    """From a plan to a rented server in the inventory, and no further.

    Whatever is killed, whenever: the intent is in the journal before the cloud is
    asked, and the server carries the deployment's tag, so nothing is rented that
    Capsule does not know of. A POST is never repeated.
    """

    provider: Callable[[str], Provider]
    journal: Journal
    inventory: Inventory
    keys: Keys
    known_hosts: KnownHosts
    clock: Clock
    new_id: Callable[[], str]
    diary: Diary
    ssh_user: str = "root"
    boot: PrepareBoot = PLAIN_BOOT

    def run(self, plan: DeployPlan, *, ssh_key: str | None = None) -> XNode:
        """Rent it and write it down; it may still be booting.

        Raises Conflict when the name is taken; ProviderError when the cloud refused
        (nothing is billed), ProviderUnavailable when nobody knows.
        """
        refuse_taken(plan.name, self.inventory)
        cloud = self.provider(plan.offer.provider)
        refuse_unfit_tags(plan.cloud_tags, cloud)
        key = self.keys.deploy_key(ssh_key)
        host_key = self.keys.new_host_key()
        boot = self.boot.run(plan, cloud.capabilities, key, host_key)
        deployment = self._intend(plan, host_key if boot.is_told else None)
        server = self._rent(cloud, deployment, self._request(plan, deployment, key, boot))
        return self._write_down(plan, deployment, server, key)

    def _intend(self, plan: DeployPlan, host_key: HostKey | None) -> Deployment:
        """Journal the intent, and pin the host key that we expect to meet, where we send one."""
        deployment = Deployment(
            id=DeploymentId(self.new_id()),
            name=plan.name,
            state=DeploymentState.INTENDED,
            provider=plan.offer.provider,
            region=plan.offer.region,
            slug=plan.offer.slug,
            plan=plan.model_copy(update={"rejected": ()}),  # thousands, and never looked at again
            started_at=self.clock.now(),
        )
        self.journal.begin(deployment)
        if host_key is not None:
            self.known_hosts.pin(deployment.id, host_key.public_openssh)
        self.diary.note(deployment.id, "intended", f"{plan.offer.slug} in {plan.offer.region}")
        return deployment

    @staticmethod
    def _request(
        plan: DeployPlan, deployment: Deployment, key: DeployKey, boot: FirstBoot
    ) -> ServerRequest:
        return ServerRequest(
            name=plan.name,
            region=plan.offer.region,
            slug=plan.offer.slug,
            image=boot.image,
            ssh_public_key=key.public_openssh,
            user_data=boot.user_data,
            tags=(deployment.tag, *plan.cloud_tags),
        )

    def _rent(self, cloud: Provider, deployment: Deployment, request: ServerRequest) -> Server:
        try:
            return cloud.create(request)
        except ProviderUnavailable as error:
            if error.sent:
                return self._look_for(cloud, deployment, error)
            self._fail(deployment, error)
            raise
        except (ProviderError, NotFound) as error:
            self._fail(deployment, error)
            raise

    def _fail(self, deployment: Deployment, error: CapsuleError) -> None:
        """The cloud surely rented nothing."""
        self.diary.note(deployment.id, "failed", error.message, state=DeploymentState.FAILED)
        self.known_hosts.forget(deployment.id)

    def _look_for(
        self, cloud: Provider, deployment: Deployment, lost: ProviderUnavailable
    ) -> Server:
        """The answer to the POST was lost: find the server by its tag, and never ask twice.

        One that is not listed yet may still appear, so the deployment stays unfinished.
        """
        self.diary.note(deployment.id, "answer lost", lost.message)
        try:
            found = list(cloud.servers(deployment=deployment.id))
        except ProviderError as error:
            self.diary.note(deployment.id, "not found", error.message)
            found = []
        if found:
            return found[0]
        raise ProviderUnavailable(
            deployment.provider,
            "the answer was lost: nobody knows whether the server was rented; "
            f"it would carry the tag {deployment.tag}",
            hint=f"look before renting again: capsule openmesh deployments {deployment.id}",
        ) from lost

    def _write_down(
        self, plan: DeployPlan, deployment: Deployment, server: Server, key: DeployKey
    ) -> XNode:
        """The server's id into the journal and a row into the inventory, before any waiting."""
        xnode = XNode(
            id=deployment.id,
            name=plan.name,
            provider=server.provider,
            server_id=server.server_id,
            region=plan.offer.region,
            template=plan.offer.template,
            status=server.status,
            address=server.address,
            ssh_user=self.ssh_user,
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
        rented = f"server {server.server_id}"
        try:
            self.diary.note(
                deployment.id,
                "rented",
                rented,
                state=DeploymentState.RENTED,
                server_id=server.server_id,
            )
            self.inventory.add(xnode)
        except (StoreError, Conflict) as error:
            raise StoreError(
                f"{rented} at {server.provider} is rented and billed (tag {deployment.tag}), "
                f"but could not be written down: {error.message}",
                hint=f"capsule openmesh deployments {deployment.id}",
            ) from error
        self.diary.note(deployment.id, "recorded", "in the inventory")
        return xnode
