"""What was seen, in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from capsule_domain.errors import StoreError
from capsule_domain.models.health import HealthStatus
from capsule_domain.models.history import HourOf
from capsule_domain.models.metric import Observation
from capsule_domain.ports.samples import CHECKS_EVERY, HOURS_KEPT, Figure, Series
from capsule_domain.services.figures import figures

HOUR = timedelta(hours=1)


class FakeSamples:
    """`Samples` without a disk. `full_disk` makes every writing fail."""

    def __init__(self) -> None:
        self.full_disk = False
        self.ticks = 0
        self._last: dict[str, Observation] = {}
        self._seen: dict[str, dict[datetime, Observation]] = {}

    def append(self, observations: Mapping[str, Observation], at: datetime) -> None:
        self._refuse_when_full()
        self.ticks += 1
        for xnode_id, observation in observations.items():
            self._last[xnode_id] = observation
            moment = observation.health.checked_at
            self._seen.setdefault(xnode_id, {})[_to_millisecond(moment)] = observation

    def latest(self) -> Mapping[str, Observation]:
        return dict(self._last)

    def history(
        self, xnode_id: str, since: datetime, until: datetime | None = None
    ) -> Sequence[Observation]:
        found: list[Observation] = []
        kept: tuple[datetime, object] | None = None
        for moment, seen in sorted(self._seen.get(xnode_id, {}).items()):
            outcome = tuple((c.kind, c.instance, c.ok) for c in seen.health.checks)
            if kept is None or kept[1] != outcome or moment - kept[0] >= CHECKS_EVERY:
                kept = moment, outcome
                shown = seen
            else:
                health = seen.health.model_copy(update={"checks": ()})
                shown = seen.model_copy(update={"health": health})
            if moment >= _to_millisecond(since) and (until is None or moment < until):
                found.append(shown)
        return found

    def series(
        self,
        xnode_id: str,
        figures: Sequence[Figure],
        since: datetime,
        until: datetime | None = None,
    ) -> Series:
        moments: list[datetime] = []
        rows: list[tuple[float | None, ...]] = []
        for seen in self.history(xnode_id, since, until):
            if seen.metrics is not None:
                disks = {
                    Figure(name, disk.mount): getattr(disk, name)
                    for disk in seen.metrics.disks or ()
                    for name in ("used_percent", "inodes_percent")
                }
                values = tuple(
                    disks.get(one) if one.instance else getattr(seen.metrics, one.name)
                    for one in figures
                )
                if any(value is not None for value in values):
                    moments.append(seen.health.checked_at)
                    rows.append(values)
        return Series(moments, list(zip(*rows, strict=True)) or [()] * len(figures))

    def statuses(self, xnode_id: str, since: datetime) -> Mapping[HealthStatus, int]:
        return Counter(seen.health.status for seen in self.history(xnode_id, since))

    def hourly(self, xnode_id: str, since: datetime, names: Sequence[str] = ()) -> Sequence[HourOf]:
        rows = sorted(
            (_hour(moment), name, instance, value)
            for moment, seen in self._seen.get(xnode_id, {}).items()
            if seen.metrics is not None
            for name, instance, value in figures(seen.metrics)
            if not names or name in names
        )
        found = []
        for (hour, name, instance), some in groupby(rows, key=lambda row: row[:3]):
            values = [value for *_, value in some]
            if hour + HOUR > since:
                found.append(
                    HourOf(
                        hour=hour,
                        figure=name,
                        instance=instance,
                        low=min(values),
                        mean=sum(values) / len(values),
                        high=max(values),
                        count=len(values),
                    )
                )
        return found

    def prune(self, now: datetime) -> None:
        """Samples stay for `hourly`; what is older than its time goes."""
        self._refuse_when_full()
        for xnode_id, seen in self._seen.items():
            kept = {m: o for m, o in seen.items() if m >= now - HOURS_KEPT}
            self._seen[xnode_id] = kept
            if not kept:
                self._last.pop(xnode_id, None)

    def _refuse_when_full(self) -> None:
        if self.full_disk:
            raise StoreError("cannot write metrics.db: the disk is full", hint="df -h")


def _to_millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
