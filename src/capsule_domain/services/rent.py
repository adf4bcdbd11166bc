"""Renting a server: journalled before it costs, tagged, sent once, recorded."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.errors import (
    CapsuleError,
    NotFound,
    ProviderError,
    ProviderUnavailable,
)
from capsule_domain.models.deployment import (
    Deployment,
    DeploymentId,
    DeploymentState,
    DeployPlan,
)
from capsule_domain.models.server import Server, ServerRequest, ServerStatus, UserDataForm
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import DeployKey, HostKey, Keys, KnownHosts
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider
from capsule_domain.services.diary import Diary
from capsule_domain.services.first_boot import PLAIN_BOOT, PrepareBoot
from capsule_domain.services.fitting_tags import refuse_unfit_tags
from capsule_domain.services.look_for import LookFor
from capsule_domain.services.taken import refuse_rented, refuse_taken
from capsule_domain.services.write_down import WriteDown


@dataclass(frozen=True)
class Rent:
    """From a plan to a rented server in the inventory, and no further.

    Whatever is killed, whenever: the intent is in the journal before the cloud is
    asked, and the server carries the deployment's tag, so nothing is rented that
    Capsule does not know of. A POST is never repeated before it is believed that the
    last one rented nothing.
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

    @property
    def look_for(self) -> LookFor:
        """How the server of a deployment is found."""
        return LookFor(self.journal, self.diary, self.clock)

    def run(self, plan: DeployPlan, *, ssh_key: str | None = None) -> XNode:
        """Rent it and write it down; it may still be booting.

        Raises Conflict when the name is taken; ProviderError when the cloud refused
        (nothing is billed), ProviderUnavailable when nobody knows.
        """
        refuse_taken(plan.name, self.inventory)
        cloud = self.provider(plan.offer.provider)
        refuse_unfit_tags(plan.cloud_tags, cloud)
        refuse_rented(plan.name, cloud)
        plan = plan.model_copy(update={"ssh_key": ssh_key})
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
        with self.journal.hold(deployment.id):
            kit = self._prepared(plan, cloud, deployment)
            self.journal.begin(deployment)
            if plan.over_budget is not None:
                self.diary.note(deployment.id, "over budget", plan.over_budget)
            self._intend(kit, deployment, "intended")
            return self._write_down(plan, deployment, self._rent(cloud, deployment, kit), kit.key)

    def again(self, plan: DeployPlan, deployment: Deployment) -> XNode:
        """Rent what an earlier attempt surely did not, with a host key of its own.

        Whoever asks holds the deployment. Raises what `run` raises.
        """
        cloud = self.provider(deployment.provider)
        kit = self._prepared(plan, cloud, deployment)
        self._intend(kit, deployment, "intended again")
        return self._write_down(plan, deployment, self._rent(cloud, deployment, kit), kit.key)

    def adopt(self, plan: DeployPlan, deployment: Deployment, server: Server) -> XNode:
        """Write down a server that an earlier attempt rented. Raises StoreError."""
        return self._write_down(plan, deployment, server, self.keys.deploy_key(plan.ssh_key))

    def _prepared(self, plan: DeployPlan, cloud: Provider, deployment: Deployment) -> "_Kit":
        key = self.keys.deploy_key(plan.ssh_key)
        host_key = self.keys.new_host_key()
        boot = self.boot.run(plan, cloud.capabilities, key, host_key)
        request = ServerRequest(
            name=plan.name,
            region=plan.offer.region,
            slug=plan.offer.slug,
            image=boot.image,
            ssh_public_key=key.public_openssh,
            user_data=boot.user_data,
            tags=(deployment.tag, *plan.cloud_tags),
        )
        return _Kit(request, key, host_key if boot.is_told else None)

    def _intend(self, kit: "_Kit", deployment: Deployment, step: str) -> None:
        """Journal the intent, and pin the host key that we expect to meet, where we send one."""
        if kit.host_key is not None:
            self.known_hosts.pin(deployment.id, kit.host_key.public_openssh)
        request = kit.request
        self.diary.note(deployment.id, step, f"{request.slug} in {request.region}")

    def _rent(self, cloud: Provider, deployment: Deployment, kit: "_Kit") -> Server:
        try:
            return cloud.create(kit.request)
        except ProviderUnavailable as error:
            if error.sent:
                return self._find(cloud, deployment, error)
            self._fail(deployment, error)
            raise
        except (ProviderError, NotFound) as error:
            self._fail(deployment, error)
            raise

    def _fail(self, deployment: Deployment, error: CapsuleError) -> None:
        """The cloud surely rented nothing."""
        self.diary.note(deployment.id, "failed", error.message, state=DeploymentState.FAILED)
        self.known_hosts.forget(deployment.id)

    def _find(self, cloud: Provider, deployment: Deployment, lost: ProviderUnavailable) -> Server:
        """The answer to the POST was lost: find the server by its tag, and never ask twice.

        What does not come to light leaves the deployment unfinished.
        """
        self.diary.note(deployment.id, "answer lost", lost.message)
        try:
            found = self.look_for.run(cloud, deployment)
        except ProviderError as error:
            self.diary.note(deployment.id, "not found", error.message)
            found = ()
        if found:
            server = switched_on(cloud, found[0])
            if server is not None:
                return server
            what = f"server {found[0].server_id} was made, but maybe never told what it is for"
        else:
            what = (
                "the answer was lost: nobody knows whether the server was rented; "
                f"it would carry the tag {deployment.tag}"
            )
        raise ProviderUnavailable(
            deployment.provider,
            what,
            hint=f"go on: capsule openmesh deploy --resume {deployment.id}; "
            f"or undo it: capsule openmesh deploy --abandon {deployment.id}",
        ) from lost

    def _write_down(
        self, plan: DeployPlan, deployment: Deployment, server: Server, key: DeployKey
    ) -> XNode:
        writing = WriteDown(self.inventory, self.clock, self.diary)
        return writing.run(plan, deployment, server, key=key, ssh_user=self.ssh_user)


@dataclass(frozen=True)
class _Kit:
    """What one attempt sends, and the keys that go with it."""

    request: ServerRequest
    key: DeployKey
    host_key: HostKey | None


def switched_on(cloud: Provider, server: Server) -> Server | None:
    """A server that was found, on; None for one whose first start may come to nothing.

    Where user data go in a request of their own, one that is off may never have got them.
    """
    if server.status is not ServerStatus.STOPPED:
        return server
    if cloud.capabilities.user_data_form is UserDataForm.SEPARATE:
        return None
    cloud.start(server.server_id)
    return cloud.server(server.server_id)
