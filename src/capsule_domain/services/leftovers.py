"""What is left in an account beside servers: whose it was, and whether anything needs it."""

from collections.abc import Iterable, Sequence

from capsule_domain.models.deployment import Deployment, deployment_in
from capsule_domain.models.leftover import Leftover, LeftoverKind
from capsule_domain.models.server import Server, ServerStatus
from capsule_domain.models.xnode import XNodeFilter
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider

_ORDER = list(LeftoverKind)


def unneeded(leftovers: Iterable[Leftover], servers: Iterable[Server]) -> Sequence[Leftover]:
    """Those that no server of a Capsule can need, what costs first.

    What servers share is needed as long as any Capsule has one there.
    """
    ours = [s for s in servers if deployment_in(s.tags) and s.status is not ServerStatus.GONE]
    free = (each for each in leftovers if each.deployment is not None or not ours)
    return sorted(free, key=lambda each: _ORDER.index(each.kind))


def leftovers_after(
    cloud: Provider, deployment: Deployment, *, journal: Journal, inventory: Inventory
) -> Sequence[Leftover]:
    """What may go with a deployment whose servers are gone. Raises ProviderError.

    What is shared stays while another server of a Capsule is there, or may be.
    """
    rows = inventory.list(XNodeFilter(provider=deployment.provider), limit=2)
    others = [row for row in rows if row.id != deployment.id]
    begun = [
        other
        for other in journal.list(unfinished=True)
        if other.provider == deployment.provider and other.id != deployment.id
    ]
    free = unneeded(cloud.leftovers(), cloud.servers())
    return [
        each
        for each in free
        if each.deployment == deployment.id
        or (each.deployment is None and not others and not begun)
    ]
