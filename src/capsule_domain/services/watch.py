"""Looking at xNodes: one sweep, or what was seen last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from capsule_domain.errors import HostUnreachable, NotFound
from capsule_domain.models.health import CheckKind, Health, HealthStatus
from capsule_domain.models.metric import Metrics, Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.monitor import Monitor
from capsule_domain.services.filled import filled
from capsule_domain.services.living import refuse_gone

REMEMBERED = timedelta(hours=24)
RARE = timedelta(minutes=12.5)
"""How old what is not asked at every look may be beside what is."""


class Kept(NamedTuple):
    """Looks of a day that found out how it is, and those of them that found it healthy."""

    looks: int
    healthy: int

    @property
    def healthy_percent(self) -> float:
        """0 where nobody looked."""
        return 100 * self.healthy / self.looks if self.looks else 0.0


@dataclass(frozen=True)
class Watch:
    """Health and metrics of xNodes.

    An unknown name is NotFound. One that is gone is never looked at, because its
    address may be another's by now: that is a Conflict.
    """

    inventory: Inventory
    monitor: Monitor
    clock: Clock

    def check(self, names: Sequence[str] | None = None) -> list[Observation]:
        """Look once at the xNodes of these names, or at all that live; sorted by name."""
        if names is None:
            chosen = list(self.inventory.list())
        else:
            found = (self.inventory.get(name) for name in names)
            chosen = list({xnode.id: xnode for xnode in found}.values())
        for xnode in chosen:
            refuse_gone(xnode)
        return sorted(self.monitor.collect(chosen), key=lambda seen: seen.health.xnode)

    def health(self, name: str, *, fresh: bool) -> Health:
        """Its health as last known, or looked at now with `fresh`.

        Raises NotFound when it was never looked at.
        """
        xnode = self.inventory.get(name)
        if fresh:
            return self._look(xnode).health
        seen = self.monitor.latest().get(xnode.id)
        if seen is None:
            raise NotFound(
                "health check of an xnode",
                xnode.name,
                hint=f"capsule openmesh monitor health {xnode.name} --run-check",
            )
        return seen.health

    def kept(self, name: str) -> Kept:
        """How often it was looked at in a day, and how often it was healthy then."""
        since = self.clock.now() - REMEMBERED
        seen = dict(self.monitor.statuses(self.inventory.get(name), since))
        seen.pop(HealthStatus.UNKNOWN, None)
        return Kept(sum(seen.values()), seen.get(HealthStatus.HEALTHY, 0))

    def metrics(self, name: str, *, fresh: bool) -> Metrics:
        """Its last known metrics of a day, or those of now with `fresh`.

        Raises HostUnreachable when it cannot be entered now, with the check's own
        error; NotFound when nothing is known.
        """
        xnode = self.inventory.get(name)
        if fresh:
            seen = self._look(xnode)
            return seen.metrics or _refuse_unentered(xnode, seen)
        known = self._last_metrics(xnode)
        if known is None:
            raise NotFound(
                "metrics of an xnode",
                xnode.name,
                hint=f"capsule openmesh monitor metrics {xnode.name} --collect",
            )
        return known

    def _look(self, xnode: XNode) -> Observation:
        refuse_gone(xnode)
        (seen,) = self.monitor.collect([xnode])
        return seen

    def _last_metrics(self, xnode: XNode) -> Metrics | None:
        """A look that could not enter the machine does not hide what was read before it."""
        last = self.monitor.latest().get(xnode.id)
        if last is None:
            return None
        if last.metrics is not None and last.metrics.disks is not None:
            return last.metrics
        # What is older than this would not be shown beside the newest: a day is long to read.
        since = self.clock.now() - REMEMBERED
        if last.metrics is not None:
            since = max(since, last.metrics.collected_at - RARE)
        history = self.monitor.history(xnode, since)
        past = [seen.metrics for seen in history if seen.metrics]
        newest = last.metrics or next(reversed(past), None)
        whole = next((one for one in reversed(past) if one.disks is not None), None)
        if newest is None or whole is None:
            return newest
        return filled(newest, whole, newest.collected_at - RARE)


def _refuse_unentered(xnode: XNode, seen: Observation) -> Metrics:
    """Say why there are no metrics: the SSH check's word before any other's."""
    failed = sorted(
        (check for check in seen.health.checks if not check.ok),
        key=lambda check: check.kind is not CheckKind.SSH,
    )
    errors = [check.error for check in failed if check.error]
    silent = "it was entered, but told nothing" if xnode.address else "it has no address yet"
    why = errors[0] if errors else silent
    raise HostUnreachable(
        f"no metrics of {xnode.name}: {why}",
        hint=f"capsule openmesh monitor health {xnode.name} --run-check",
    )
