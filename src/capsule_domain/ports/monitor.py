"""Looking at machines, and remembering what was seen."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from capsule_domain.models.health import HealthStatus
from capsule_domain.models.history import HourOf
from capsule_domain.models.metric import Observation
from capsule_domain.models.xnode import XNode


class Monitor(Protocol):
    """Looks at machines and remembers what it saw.

    Every implementation passes tests/contracts/test_monitor.py. A machine that cannot
    be reached is an observation, not an error; only StoreError is raised.
    """

    def collect(self, xnodes: Sequence[XNode]) -> Iterator[Observation]:
        """Look at all of them side by side; yields each as it comes, and remembers it.

        One slow machine delays no other. Exactly one observation an xNode.
        """

    def history(self, xnode: XNode, since: datetime) -> Sequence[Observation]:
        """What was seen from `since` on, oldest first."""

    def statuses(self, xnode: XNode, since: datetime) -> Mapping[HealthStatus, int]:
        """How often it was seen in each status from `since` on."""

    def hours(self, xnode: XNode, since: datetime, names: Sequence[str] = ()) -> Sequence[HourOf]:
        """What many samples came to, which outlives them: see `Samples.hourly`."""

    def latest(self) -> Mapping[str, Observation]:
        """The last observation of each xNode, by the xNode's id."""
