"""The fleet as a screen shows it at one moment."""

from collections.abc import Collection

from capsule_domain.models.alert import Alert, AlertSeverity, AlertState
from capsule_domain.models.base import Model, Moment
from capsule_domain.models.health import Health, HealthStatus
from capsule_domain.models.metric import Metrics
from capsule_domain.models.server import ServerStatus
from capsule_domain.ports.engine_lock import Holder

_OF_STATUS = {
    HealthStatus.UNTRUSTED: 6,
    HealthStatus.UNHEALTHY: 5,
    HealthStatus.DEGRADED: 3,
    HealthStatus.UNKNOWN: 2,
    HealthStatus.HEALTHY: 0,
}
_OF_ALERT = {AlertSeverity.CRITICAL: 4, AlertSeverity.WARNING: 3, AlertSeverity.INFO: 1}


class XNodeView(Model):
    """One xNode, with what is known of it.

    `status` is how it is now: UNKNOWN where nobody looked lately (`stale`) or ever, whatever
    `health` said then. `watched` is false for one that is not expected to answer, such as a
    stopped one. `metrics` are those of the last look, and of it only, but for what is asked
    now and then: disks, units, the generation. `alerts` are the open ones, and `guesses` those
    of them that fire and only say what may be.
    """

    xnode_id: str
    xnode: str
    provider: str
    region: str
    address: str | None
    tags: tuple[str, ...]
    server: ServerStatus
    watched: bool
    status: HealthStatus
    stale: bool
    health: Health | None = None
    metrics: Metrics | None = None
    alerts: tuple[Alert, ...] = ()
    guesses: tuple[Alert, ...] = ()

    @property
    def current(self) -> Metrics | None:
        """The metrics, unless they are too old to say how it is now."""
        return None if self.stale else self.metrics

    @property
    def cpu_percent(self) -> float | None:
        """None where that is not known now."""
        return self.current.cpu_percent if self.current else None

    @property
    def memory_percent(self) -> float | None:
        """None where that is not known now."""
        return self.current.memory_percent if self.current else None

    @property
    def disk_percent(self) -> float | None:
        """How full its fullest disk is; None where that is not known now."""
        disks = self.current.disks if self.current else None
        return max((disk.used_percent for disk in disks), default=None) if disks else None

    @property
    def firing(self) -> int:
        """How many alerts fire."""
        return sum(alert.state is AlertState.FIRING for alert in self.alerts)

    @property
    def badness(self) -> int:
        """0: well. The worse, the more; -1: nobody expects anything of it."""
        if not self.watched:
            return -1
        firing = (a.severity for a in self.alerts if a.state is AlertState.FIRING)
        return max([_OF_STATUS[self.status], *(_OF_ALERT[severity] for severity in firing)])


class FleetView(Model):
    """All xNodes, the worst first, and every open alert.

    `collector` is who runs one here; None: nobody does, and what is seen is as old as it says.
    """

    at: Moment
    collector: Holder | None
    xnodes: tuple[XNodeView, ...]
    alerts: tuple[Alert, ...]

    def with_tags(self, tags: Collection[str]) -> "FleetView":
        """Only the xNodes that have all of them, and their alerts; without tags everything."""
        if not tags:
            return self
        rows = tuple(row for row in self.xnodes if set(tags) <= set(row.tags))
        alerts = tuple(alert for row in rows for alert in row.alerts)
        return self.model_copy(update={"xnodes": rows, "alerts": alerts})

    @property
    def counts(self) -> dict[str, int]:
        """How many watched xNodes there are of each status, the worst first."""
        found = {status.value: 0 for status in _OF_STATUS}
        for one in self.xnodes:
            if one.watched:
                found[one.status.value] += 1
        return found
