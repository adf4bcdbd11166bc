"""Where the fleet stands, and what to do about it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from capsule_domain.models.cost import CostReport
from capsule_domain.models.dashboard import Count, Dashboard, Rate, Step, Unfinished
from capsule_domain.models.deployment import Deployment
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode

_FEW = 5


def dashboard(
    xnodes: Sequence[XNode],
    unfinished: Sequence[Deployment],
    costs: CostReport,
    *,
    configured: Sequence[str],
    known: int,
    owned: bool,
    bills_when_stopped: Callable[[str], bool],
) -> Dashboard:
    """The fleet in figures. `xnodes` are those that live; `owned`: openmesh.yml says whose."""
    statuses = Counter(xnode.status.value for xnode in xnodes)
    idle = [
        xnode.name
        for xnode in xnodes
        if xnode.status is ServerStatus.STOPPED and bills_when_stopped(xnode.provider)
    ]
    steps = _next(xnodes, unfinished, idle, any_cloud=bool(configured), owned=owned)
    return Dashboard(
        xnodes=Count(total=len(xnodes), by_status=dict(sorted(statuses.items()))),
        stopped_and_billed=tuple(idle),
        configured=tuple(configured),
        known=known,
        rates=tuple(
            Rate(currency=each.currency, hourly=each.hourly, monthly=each.monthly)
            for each in costs.currencies
        ),
        unfinished=tuple(
            Unfinished(id=each.id, name=each.name, state=each.state, provider=each.provider)
            for each in unfinished
        ),
        next=tuple(steps)[:_FEW],
    )


def _next(
    xnodes: Sequence[XNode],
    unfinished: Sequence[Deployment],
    idle: Sequence[str],
    *,
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
    if xnodes:
        yield Step(command="capsule openmesh cost-report", why="what the fleet costs")
