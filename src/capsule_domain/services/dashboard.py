"""Where the fleet stands, and what to do about it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from capsule_domain.models.dashboard import Count, Dashboard, Rate, Step, Unfinished
from capsule_domain.models.deployment import Deployment
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNodeFilter
from capsule_domain.models.xnode_group import GroupKey
from capsule_domain.ports.inventory import Inventory

_FEW = 5
_NAMED = 20


def dashboard(
    inventory: Inventory,
    unfinished: Sequence[Deployment],
    rates: Sequence[Rate],
    *,
    configured: Sequence[str],
    known: int,
    owned: bool,
    bills_when_stopped: Callable[[str], bool],
) -> Dashboard:
    """The fleet in figures, added up where it is kept. `owned`: openmesh.yml says whose."""
    counts = inventory.counts((GroupKey.STATUS, GroupKey.PROVIDER))
    statuses: Counter[str] = Counter()
    for (status, _), count in counts.items():
        statuses[status] += count
    idle = {
        provider: count
        for (status, provider), count in counts.items()
        if status == ServerStatus.STOPPED and bills_when_stopped(provider)
    }
    names = _first_of(inventory, idle)
    total = statuses.total()
    steps = _next(unfinished, names, any_xnode=total > 0, any_cloud=bool(configured), owned=owned)
    return Dashboard(
        xnodes=Count(total=total, by_status=dict(sorted(statuses.items()))),
        stopped_and_billed=tuple(names),
        stopped_and_billed_count=sum(idle.values()),
        configured=tuple(configured),
        known=known,
        rates=tuple(rates),
        unfinished=tuple(
            Unfinished(id=each.id, name=each.name, state=each.state, provider=each.provider)
            for each in unfinished
        ),
        next=tuple(steps)[:_FEW],
    )


def _first_of(inventory: Inventory, idle: Mapping[str, int]) -> Sequence[str]:
    """The first names of those that are switched off at these clouds."""
    found = [
        xnode.name
        for provider in idle
        for xnode in inventory.list(
            XNodeFilter(status=ServerStatus.STOPPED, provider=provider), limit=_NAMED
        )
    ]
    return sorted(found)[:_NAMED]


def _next(
    unfinished: Sequence[Deployment],
    idle: Sequence[str],
    *,
    any_xnode: bool,
    any_cloud: bool,
    owned: bool,
) -> Iterator[Step]:
    """The most urgent first: what costs money unseen, then what is missing, then what is usual."""
    for each in unfinished[:1]:
        yield Step(command=f"capsule openmesh deployments {each.id}", why="it may be billed unused")
    if idle:
        yield Step(
            command=f"capsule openmesh xnode terminate {idle[0]}", why="it is off, and billed"
        )
    if not any_cloud:
        yield Step(command="capsule openmesh provider configure NAME", why="a key opens a cloud")
        yield Step(command="capsule --sandbox openmesh deploy --name first", why="free of charge")
    if not owned:
        yield Step(command="capsule openmesh configure", why="say whose xNodes these are")
    yield Step(command="capsule openmesh templates", why="compare servers by price")
    if any_cloud:
        yield Step(command="capsule openmesh deploy --name NAME", why="rent the cheapest that fits")
    if any_xnode:
        yield Step(command="capsule openmesh cost-report", why="what the fleet costs")
