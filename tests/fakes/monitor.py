"""A monitor that sees what a test says."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from capsule_domain.models.health import Check, CheckKind, Health, HealthStatus
from capsule_domain.models.history import HourOf
from capsule_domain.models.metric import Disk, Metrics, Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from tests.fakes.samples import FakeSamples


class FakeMonitor:
    """Every xNode with an address is healthy, but for those in `unreachable` (by id).

    `figures` are the metrics of an xNode, by id; `collected` the ids in the order asked.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.unreachable: dict[str, str] = {}
        self.figures: dict[str, Metrics] = {}
        self.collected: list[str] = []
        self.seen: dict[str, list[Observation]] = {}

    def collect(self, xnodes: Sequence[XNode]) -> Iterator[Observation]:
        for xnode in {xnode.id: xnode for xnode in xnodes}.values():
            self.collected.append(xnode.id)
            observation = self._observe(xnode)
            self.seen.setdefault(xnode.id, []).append(observation)
            yield observation

    def history(self, xnode: XNode, since: datetime) -> Sequence[Observation]:
        return [o for o in self.seen.get(xnode.id, []) if o.health.checked_at >= since]

    def statuses(self, xnode: XNode, since: datetime) -> Mapping[HealthStatus, int]:
        return Counter(seen.health.status for seen in self.history(xnode, since))

    def hours(self, xnode: XNode, since: datetime, names: Sequence[str] = ()) -> Sequence[HourOf]:
        samples = FakeSamples()
        for one in self.seen.get(xnode.id, []):
            samples.append({xnode.id: one}, one.health.checked_at)
        return samples.hourly(xnode.id, since, names)

    def latest(self) -> Mapping[str, Observation]:
        return {xnode: observations[-1] for xnode, observations in self.seen.items()}

    def _observe(self, xnode: XNode) -> Observation:
        now = self._clock.now()
        if xnode.address is None:
            return Observation(xnode_id=xnode.id, health=Health.judged(xnode.name, (), now))
        error = self.unreachable.get(xnode.id)
        checks = tuple(
            Check(kind=kind, ok=error is None, latency_ms=None if error else 1.5, error=error)
            for kind in (CheckKind.PING, CheckKind.SSH)
        )
        health = Health.judged(xnode.name, checks, now)
        if error is not None:
            return Observation(xnode_id=xnode.id, health=health)
        return Observation(
            xnode_id=xnode.id,
            health=health,
            metrics=self.figures.get(xnode.id) or _calm(xnode, now),
        )


def _calm(xnode: XNode, now: datetime) -> Metrics:
    return Metrics(
        xnode=xnode.name,
        cpu_percent=5.0,
        memory_percent=25.0,
        disks=(Disk(mount="/", used_percent=30.0, inodes_percent=10.0),),
        load_1=0.1,
        load_5=0.1,
        load_15=0.1,
        uptime_seconds=3600.0,
        collected_at=now,
    )
