"""Names: each belongs to one living xNode, or to one deployment that is not finished."""

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.deployment import deployment_in
from capsule_domain.models.server import ServerStatus
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider


def refuse_taken(name: str, inventory: Inventory) -> None:
    """Raises Conflict when a living xNode has that name."""
    try:
        taken = inventory.get(name, exact=True)
    except NotFound:
        return
    if taken.status is not ServerStatus.GONE:
        raise Conflict(
            f"an xNode named '{name}' exists already at {taken.provider}",
            hint="choose another --name, or see: capsule openmesh xnodes",
        )


def refuse_rented(name: str, cloud: Provider) -> None:
    """Raises Conflict when a Capsule, here or elsewhere, has a server of that name there."""
    for server in cloud.servers():
        deployment = deployment_in(server.tags)
        gone = server.status is ServerStatus.GONE
        if server.name == name and deployment is not None and not gone:
            raise Conflict(
                f"a server named '{name}' exists already at {server.provider}: "
                f"a Capsule rented it (deployment {deployment})",
                hint="choose another --name, or see: capsule openmesh reconcile",
            )


def refuse_unfinished(name: str, journal: Journal) -> None:
    """Raises Conflict when a deployment of that name was begun and not finished."""
    for left in journal.list(unfinished=True):
        if left.name == name:
            raise Conflict(
                f"a deployment of '{name}' is unfinished: it is {left.state}",
                hint=f"look at it first: capsule openmesh deployments {left.id}",
            )
