"""How an xNode's figures went."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from capsule_domain.models.course import Course, Past
from capsule_domain.models.watch_plan import STALE_INTERVALS, WatchPlan
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.samples import SAMPLES_KEPT, Figure, Samples

_ALWAYS = (
    "cpu_percent",
    "memory_percent",
    "load_1",
    "received_bytes_per_second",
    "sent_bytes_per_second",
    "read_bytes_per_second",
    "written_bytes_per_second",
)
_DISKS = "used_percent"
ALL = (*_ALWAYS, _DISKS)
_HOUR_GAP_SECONDS = 1.5 * 3600
_SLACK = timedelta(minutes=1)


@dataclass(frozen=True)
class LookBack:
    """Reads the history of one xNode: samples of a day, hours of what is older."""

    samples: Samples
    clock: Clock
    plan: WatchPlan

    def run(self, xnode_id: str, xnode: str, since: datetime, only: Sequence[str] = ALL) -> Past:
        """What was read of that xNode from `since` on; no course is without a point.

        Of the figures with the names in `only`: who draws two of them need not wait for all.
        Raises StoreError.
        """
        now = self.clock.now()
        hourly = since < now - SAMPLES_KEPT - _SLACK
        read = self._hours if hourly else self._samples
        courses = read(xnode_id, since, now, only)
        return Past(xnode=xnode, since=since, until=now, hourly=hourly, courses=tuple(courses))

    def _samples(
        self, xnode_id: str, since: datetime, now: datetime, only: Sequence[str]
    ) -> Sequence[Course]:
        mounts = self._mounts(xnode_id, since) if _DISKS in only else ()
        wanted = [Figure(name) for name in _ALWAYS if name in only]
        wanted += [Figure(_DISKS, mount) for mount in mounts]
        # The end is not within the span that `series` answers for, and what is of now is meant.
        moments, columns = self.samples.series(xnode_id, wanted, since, now + _SLACK)
        found = []
        for figure, column in zip(wanted, columns, strict=True):
            points = [(at, v) for at, v in zip(moments, column, strict=True) if v is not None]
            every = self.plan.disks_every_seconds if figure.instance else self.plan.interval_seconds
            if points:
                found.append(_course(figure, points, STALE_INTERVALS * every))
        return found

    def _mounts(self, xnode_id: str, since: datetime) -> Sequence[str]:
        """Of the disks there were, by the hours."""
        hours = self.samples.hourly(xnode_id, since, (_DISKS,))
        return sorted({hour.instance for hour in hours})

    def _hours(
        self, xnode_id: str, since: datetime, _now: datetime, only: Sequence[str]
    ) -> Sequence[Course]:
        hours = defaultdict(list)
        for one in self.samples.hourly(xnode_id, since, only):
            hours[Figure(one.figure, one.instance)].append(one)
        found = []
        for figure in (*map(Figure, _ALWAYS), *sorted(f for f in hours if f.name == _DISKS)):
            some = hours.get(figure, [])
            if some:
                whole = _course(figure, [(one.hour, one.mean) for one in some], _HOUR_GAP_SECONDS)
                count = sum(one.count for one in some)
                exact = {
                    "low": min(one.low for one in some),
                    "mean": sum(one.mean * one.count for one in some) / count,
                    "high": max(one.high for one in some),
                    "count": count,
                }
                found.append(whole.model_copy(update=exact))
        return found


def _course(figure: Figure, points: Sequence[tuple[datetime, float]], gap: float) -> Course:
    values = [value for _, value in points]
    return Course(
        figure=figure.name,
        instance=figure.instance,
        low=min(values),
        mean=sum(values) / len(values),
        high=max(values),
        count=len(values),
        gap_seconds=gap,
        points=tuple(points),
    )
