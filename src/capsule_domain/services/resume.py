"""Going on with a deployment that was interrupted, from wherever it stopped."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound, ProviderError, ProviderUnavailable
from capsule_domain.models.deployment import Deployment, DeploymentState, DeployPlan
from capsule_domain.models.server import Server, ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider
from capsule_domain.services.deploy import Deploy
from capsule_domain.services.diary import Diary
from capsule_domain.services.ending import end_server
from capsule_domain.services.rent import Rent, switched_on

Agree = Callable[[DeployPlan, DeployPlan], bool]
"""Given what was confirmed and what it costs now: whether that may be."""


@dataclass(frozen=True)
class Resume:
    """Finds what a deployment rented, or rents it, and waits until it is ready."""

    provider: Callable[[str], Provider]
    journal: Journal
    inventory: Inventory
    clock: Clock
    diary: Diary
    rent: Rent
    deploy: Deploy

    def find(self, name_or_id: str) -> Deployment:
        """The unfinished deployment. Raises NotFound, and Conflict for one that is over."""
        found = self.journal.get(name_or_id)
        if found.state is DeploymentState.READY:
            raise Conflict(f"{found.name} is ready already", hint="capsule openmesh xnodes")
        if not found.state.unfinished:
            raise Conflict(
                f"deployment {found.id} of '{found.name}' is over: it is {found.state}",
                hint=f"deploy anew: capsule openmesh deploy --name {found.name}",
            )
        return found

    def run(self, deployment: Deployment, *, agree: Agree) -> XNode:
        """The ready xNode. `agree` is asked when it has become dearer.

        Raises Conflict when another Capsule works on it, when it is not agreed or not sold
        any more; ProviderUnavailable while nobody can know whether it was rented; HostError.
        """
        with self.journal.hold(deployment.id):
            xnode = self._rented(self.find(deployment.id), agree)
        return self.deploy.finish(xnode)

    def _rented(self, deployment: Deployment, agree: Agree) -> XNode:
        cloud = self.provider(deployment.provider)
        known = self._known(deployment)
        if known is not None:
            return self._running(cloud, known)
        plan = deployment.plan
        if plan is None:
            raise Conflict(
                f"deployment {deployment.id} is from before plans were kept: nobody knows "
                "what was to be rented",
                hint=f"capsule openmesh deploy --abandon {deployment.id}",
            )
        server = self._found(cloud, deployment)
        if server is not None:
            self.diary.note(deployment.id, "found", f"server {server.server_id}")
            return self.rent.adopt(plan, deployment, server)
        return self.rent.again(_at_its_price(cloud, plan, deployment, agree), deployment)

    def _known(self, deployment: Deployment) -> XNode | None:
        try:
            xnode = self.inventory.get(deployment.id, exact=True)
        except NotFound:
            return None
        if xnode.status is ServerStatus.GONE:
            raise Conflict(
                f"{xnode.name} was rented, and is gone",
                hint=f"capsule openmesh deploy --abandon {deployment.id}",
            )
        return xnode

    def _running(self, cloud: Provider, xnode: XNode) -> XNode:
        """On, where somebody switched it off."""
        # What is young, or ordered, may not be shown yet: who waits for its address sees to it.
        with suppress(NotFound, ProviderUnavailable):
            if cloud.server(xnode.server_id).status is ServerStatus.STOPPED:
                cloud.start(xnode.server_id)
        return xnode

    def _found(self, cloud: Provider, deployment: Deployment) -> Server | None:
        """The server that it rented, on; None when there surely is none."""
        if deployment.server_id is not None:
            return self._recorded(cloud, deployment, deployment.server_id)
        for server in self.rent.look_for.run(cloud, deployment):
            usable = switched_on(cloud, server)
            if usable is not None:
                return usable
            self.diary.note(
                deployment.id,
                "ended",
                f"server {server.server_id}: it is off, and may never have been told anything",
            )
            end_server(cloud, server.server_id, self.clock)
        return None

    def _recorded(self, cloud: Provider, deployment: Deployment, server_id: str) -> Server:
        """The server that is in the journal, on. It was told all before it got there."""
        try:
            server = cloud.server(server_id)
        except NotFound as error:
            # An id is not known everywhere at once, and nor is a tag.
            listed = self.rent.look_for.run(cloud, deployment)
            if not listed:
                raise Conflict(
                    f"server {server_id} was rented, and is gone",
                    hint=f"capsule openmesh deploy --abandon {deployment.id}",
                ) from error
            server = listed[0]
        if server.status is ServerStatus.STOPPED:
            cloud.start(server.server_id)
        return server


def _at_its_price(
    cloud: Provider, plan: DeployPlan, deployment: Deployment, agree: Agree
) -> DeployPlan:
    """The plan at what it costs now."""
    wanted = (plan.offer.slug, plan.offer.region)
    sold = next((o for o in cloud.offers() if (o.slug, o.region) == wanted), None)
    undo = f"capsule openmesh deploy --abandon {deployment.id}"
    if sold is None:
        raise ProviderError(
            cloud.name, f"{wanted[0]} is not sold in {wanted[1]} any more", hint=undo
        )
    now = plan.at(sold)
    dearer = now.price_per_hour > plan.price_per_hour or now.price_per_month > plan.price_per_month
    if dearer and not agree(plan, now):
        raise Conflict(
            f"{plan.name} was confirmed for {plan.price_per_hour} an hour, and now costs "
            f"{now.price_per_hour}",
            hint=undo,
        )
    return now
