"""What was seen of the xNodes, kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from capsule_domain.models.health import HealthStatus
from capsule_domain.models.history import HourOf
from capsule_domain.models.metric import Observation

SAMPLES_KEPT = timedelta(hours=24)
"""How long every sample is kept: 1,440 of an xNode at one a minute."""
CHECKS_EVERY = timedelta(minutes=5)
"""How often the checks of an xNode that changes nothing are kept: 288 times a day."""
HOURS_KEPT = timedelta(days=90)
"""How long the hours that samples came to are kept."""


class Figure(NamedTuple):
    """A figure by its name: a field of Metrics that is a number with a column of its own, or
    `used_percent` and `inodes_percent` of the disk at `instance`."""

    name: str
    instance: str = ""


class Series(NamedTuple):
    """Figures over time, in columns: one for each figure that was asked for, in their order,
    each as long as `moments`, oldest first. None is what was not read at that moment."""

    moments: Sequence[datetime]
    columns: Sequence[Sequence[float | None]]


class Samples(Protocol):
    """What was seen of the xNodes: each sample of a day, hours of a season, the last of each.

    Every implementation passes tests/contracts/test_samples.py, may be used by several
    threads, and fails only with StoreError. A power cut may lose the last seconds. Times
    are kept to the millisecond, percentages to the hundredth.
    """

    def append(self, observations: Mapping[str, Observation], at: datetime) -> None:
        """Keep what one tick saw, by the xNodes' ids, in one transaction.

        `at` is the tick's own time, for what has to be counted from now: the observations
        bring theirs. One of the same moment is replaced; the one given last is the latest.
        """

    def latest(self) -> Mapping[str, Observation]:
        """The last observation of each xNode, by its id, exactly and however old it is."""

    def history(
        self, xnode_id: str, since: datetime, until: datetime | None = None
    ) -> Sequence[Observation]:
        """What was seen from `since` on and before `until`, oldest first.

        Each has its status and its metrics. Its checks are there every five minutes, and
        wherever what passed and what failed was another than before; between those they
        are left out.
        """

    def series(
        self,
        xnode_id: str,
        figures: Sequence[Figure],
        since: datetime,
        until: datetime | None = None,
    ) -> Series:
        """Some figures from `since` on and before `until`.

        Samples in which none of them was read are left out: no line is drawn over a gap.
        It is many times faster than `history`.
        """

    def statuses(self, xnode_id: str, since: datetime) -> Mapping[HealthStatus, int]:
        """How often it was seen in each status from `since` on; those it never was in are
        left out."""

    def hourly(self, xnode_id: str, since: datetime, names: Sequence[str] = ()) -> Sequence[HourOf]:
        """The hours that end after `since`, oldest first, with the one that is not over.

        Only of the figures with these `names`, or of all where none is given.
        """

    def prune(self, now: datetime) -> None:
        """Turn the hours that are over into `HourOf`, and forget what is too old.

        An xNode of which nothing is left was never seen. To be called once an hour or so; it
        keeps nobody from writing for long.
        """
