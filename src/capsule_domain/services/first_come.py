"""Two Capsules that rent one name at once: the first keeps it, the other undoes its own."""

from contextlib import suppress
from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.deployment import DeploymentId, deployment_in
from capsule_domain.models.server import Server, ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.provider import Provider
from capsule_domain.services.abandon import Abandon
from capsule_domain.services.diary import Diary


@dataclass(frozen=True)
class FirstCome:
    """Looks for a namesake that was rented earlier.

    Each Capsule looks before it rents, and two may do so at once and see nothing. What both
    see afterwards they judge alike, by what the cloud says of both servers.
    """

    abandon: Abandon
    diary: Diary

    def run(self, cloud: Provider, xnode: XNode) -> None:
        """Whoever asks holds the deployment. Raises Conflict when another one was first: this
        one is undone then; ProviderError: it is rented and billed.
        """
        deployment = DeploymentId(xnode.deployment or xnode.id)
        first = _rented_earlier(cloud, xnode, deployment)
        if first is None:
            return
        who = f"server {first.server_id}, deployment {deployment_in(first.tags)}"
        self.diary.note(deployment, "name taken", f"another Capsule was first: {who}")
        self.abandon.undo(self.abandon.find(deployment))
        raise Conflict(
            f"another Capsule rented '{xnode.name}' at {cloud.name} first ({who}); "
            "what was rented here is gone again",
            hint="choose another --name, or see: capsule openmesh reconcile",
        )


def _rented_earlier(cloud: Provider, xnode: XNode, deployment: DeploymentId) -> Server | None:
    """The first of all that bear the name, unless it is this one or that cannot be told yet."""
    namesakes = [
        server
        for server in cloud.servers()
        if server.name == xnode.name
        and server.status is not ServerStatus.GONE
        and deployment_in(server.tags) not in (None, deployment)
    ]
    if not namesakes:
        return None
    with suppress(NotFound):  # so young that its cloud does not show it: who looks again sees it
        own = cloud.server(xnode.server_id)
        return next((each for each in namesakes if is_earlier(each, own, deployment)), None)
    return None


def is_earlier(other: Server, own: Server, deployment: DeploymentId) -> bool:
    """Whether `other` was rented before `own`, which is of that deployment. Each of two Capsules
    judges so: by the cloud's clock; else, and in one moment of it, by number and by deployment."""
    if other.created_at and own.created_at and other.created_at != own.created_at:
        return other.created_at < own.created_at
    return (_number(other), str(deployment_in(other.tags))) < (_number(own), deployment)


def _number(server: Server) -> int:
    """Clouds that number their servers count up; what is no number says nothing."""
    return int(server.server_id) if server.server_id.isdecimal() else 0
