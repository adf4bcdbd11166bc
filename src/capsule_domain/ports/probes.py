"""Looking at machines from outside, again and again."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Observation
from capsule_domain.models.xnode import XNode


class Probes(Protocol):
    """Looks at machines, and keeps what makes the next look cheap: connections, counters.

    Every implementation passes tests/contracts/test_probes.py. A machine that cannot be
    reached is an observation, not an error; nothing is raised for one. StoreError is
    raised when what is needed of this home, such as the pinned keys, cannot be read.
    """

    def look(self, xnodes: Sequence[XNode], plan: LookPlan) -> Iterator[Observation]:
        """Look at all of them side by side; yields each as it comes, in any order.

        One hung machine delays no other. Exactly one observation an xNode id, with that
        id, at the latest after `plan.deadline_seconds` and a little. One without an
        address, or for which `plan` chooses no checks, has no checks and is unknown.
        Who stops early leaves the rest unlooked at. Several looks may go on at once in
        several threads, each of other xNodes: the collector spreads them over its interval.
        """

    def close(self) -> None:
        """Let go of every connection. The next look opens what it needs."""
