"""The fleet at one look: what is kept of it, put together."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from capsule_domain.models.alert import Alert, AlertState
from capsule_domain.models.book import AlertFilter
from capsule_domain.models.health import HealthStatus
from capsule_domain.models.metric import Metrics, Observation
from capsule_domain.models.watch_plan import STALE_INTERVALS
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.alert_book import AlertBook
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.engine_lock import EngineLock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.samples import Samples
from capsule_domain.services.engine import WATCHED
from capsule_domain.services.filled import filled
from capsule_domain.services.fleet_view import FleetView, XNodeView
from capsule_domain.services.sweep import OPEN


@dataclass
class Overview:
    """Puts views of the fleet together, again and again. Asks no machine.

    `stale_seconds`: after how long without a look nobody knows how an xNode is.
    `rare_seconds`: how often what is not asked at every look is asked. `guessing`: the names
    of the rules that guess.
    """

    inventory: Inventory
    samples: Samples
    book: AlertBook
    lock: EngineLock
    clock: Clock
    stale_seconds: float
    rare_seconds: float
    guessing: Collection[str] = ()

    def __post_init__(self) -> None:
        self._rare: dict[str, Metrics | None] = {}

    def view(self) -> FleetView:
        """The fleet now, the worst first. Raises StoreError."""
        now = self.clock.now()
        latest = self.samples.latest()
        alerts = self.book.list(AlertFilter(states=OPEN))
        of_xnode: defaultdict[str, list[Alert]] = defaultdict(list)
        for alert in alerts:
            of_xnode[alert.key.xnode_id].append(alert)
        rows = [
            self._row(xnode, latest.get(xnode.id), of_xnode[xnode.id], now)
            for xnode in self.inventory.list()
        ]
        rows.sort(key=lambda row: (-row.badness, -row.firing, row.xnode))
        return FleetView(
            at=now, collector=self.lock.holder(), xnodes=tuple(rows), alerts=tuple(alerts)
        )

    def _row(
        self, xnode: XNode, seen: Observation | None, alerts: Sequence[Alert], now: datetime
    ) -> XNodeView:
        watched = xnode.status in WATCHED
        stale = seen is not None and self._is_old(seen.health.checked_at, now)
        known = HealthStatus.UNKNOWN if seen is None or stale else seen.health.status
        metrics = seen.metrics if seen else None
        if seen and metrics and watched and not stale:
            metrics = self._filled(xnode.id, metrics, now)
        return XNodeView(
            xnode_id=xnode.id,
            xnode=xnode.name,
            provider=xnode.provider,
            region=xnode.region,
            address=xnode.address,
            tags=xnode.tags,
            server=xnode.status,
            watched=watched,
            status=known if watched else HealthStatus.UNKNOWN,
            stale=stale,
            health=seen.health if seen else None,
            metrics=metrics,
            alerts=tuple(alerts),
            guesses=tuple(
                alert
                for alert in alerts
                if alert.key.rule in self.guessing and alert.state is AlertState.FIRING
            ),
        )

    def _is_old(self, seen_at: datetime, now: datetime) -> bool:
        """What lies in the future was seen by a clock that has been set back since."""
        age = (now - seen_at).total_seconds()
        return age > self.stale_seconds or age < -self.stale_seconds

    def _filled(self, xnode_id: str, metrics: Metrics, now: datetime) -> Metrics:
        """With what an earlier look asked: the history is read for it only once."""
        horizon = now - timedelta(seconds=STALE_INTERVALS * self.rare_seconds)
        before = self._rare.get(xnode_id)
        if metrics.disks is None and xnode_id not in self._rare:
            past = self.samples.history(xnode_id, horizon)
            before = next(
                (o.metrics for o in reversed(past) if o.metrics and o.metrics.disks is not None),
                None,
            )
            self._rare[xnode_id] = before
        if metrics.disks is not None:
            self._rare[xnode_id] = metrics
        return metrics if before is None else filled(metrics, before, horizon)
