"""The `Monitor` port: probes that look when asked, and samples of what they saw."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from capsule_domain.models.health import HealthStatus
from capsule_domain.models.history import HourOf
from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.probes import Probes
from capsule_domain.ports.samples import Samples

ONE_LOOK = LookPlan(at_once=True, tries=2, retry_seconds=0.5)
"""A look that somebody waits for: every figure at once, and one quick second try."""


class ProbingMonitor:
    """Implements the `Monitor` port."""

    def __init__(
        self, probes: Probes, samples: Samples, clock: Clock, plan: LookPlan = ONE_LOOK
    ) -> None:
        self._probes = probes
        self._samples = samples
        self._clock = clock
        self._plan = plan

    def collect(self, xnodes: Sequence[XNode]) -> Iterator[Observation]:
        """Look at all of them side by side; yields each as it comes, and remembers it."""
        for seen in self._probes.look(xnodes, self._plan):
            self._samples.append({seen.xnode_id: seen}, self._clock.now())
            yield seen

    def history(self, xnode: XNode, since: datetime) -> Sequence[Observation]:
        """What was seen from `since` on, oldest first."""
        return self._samples.history(xnode.id, since)

    def statuses(self, xnode: XNode, since: datetime) -> Mapping[HealthStatus, int]:
        """How often it was seen in each status from `since` on."""
        return self._samples.statuses(xnode.id, since)

    def hours(self, xnode: XNode, since: datetime, names: Sequence[str] = ()) -> Sequence[HourOf]:
        """The hours that end after `since`, oldest first."""
        return self._samples.hourly(xnode.id, since, names)

    def latest(self) -> Mapping[str, Observation]:
        """The last observation of each xNode, by the xNode's id."""
        return self._samples.latest()
