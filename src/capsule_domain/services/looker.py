"""Looks at machines while everything else goes on."""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.probes import Probes

Run = Callable[[Callable[[], None]], None]
"""Runs a work, now or beside everything else."""


def beside(work: Callable[[], None]) -> None:
    """In a thread of its own, which ends with the process at the latest."""
    Thread(target=work, name="capsule-look", daemon=True).start()


class Looker:
    """Begins looks and gathers what they found. No xNode is looked at twice at a time."""

    def __init__(self, probes: Probes, run: Run = beside) -> None:
        self._probes = probes
        self._run = run
        self._found: SimpleQueue[Observation | _Ended] = SimpleQueue()
        self._under_way: set[str] = set()

    @property
    def is_busy(self) -> bool:
        """Whether something is being looked at, or was found and not gathered yet."""
        return bool(self._under_way)

    def start(self, xnodes: Sequence[XNode], plan: LookPlan) -> Sequence[XNode]:
        """Begin a look at them; returns those that are still being looked at since before."""
        busy = [xnode for xnode in xnodes if xnode.id in self._under_way]
        free = [xnode for xnode in xnodes if xnode.id not in self._under_way]
        if free:
            self._under_way.update(xnode.id for xnode in free)
            self._run(lambda: self._look(free, plan))
        return busy

    def gather(self) -> list[Observation]:
        """What was found since the last time. Raises what made a look fail as a whole."""
        found: list[Observation] = []
        while True:
            try:
                one = self._found.get_nowait()
            except Empty:
                return found
            if isinstance(one, Observation):
                found.append(one)
                self._under_way.discard(one.xnode_id)
                continue
            self._under_way.difference_update(one.ids)
            if one.error is None:
                continue
            if not found:
                raise one.error
            self._found.put(one)  # next time: what was found comes first
            return found

    def _look(self, xnodes: Sequence[XNode], plan: LookPlan) -> None:
        error: BaseException | None = None
        try:
            for seen in self._probes.look(xnodes, plan):
                self._found.put(seen)
        except BaseException as broken:  # whatever it is, the collector has to hear of it
            error = broken
        self._found.put(_Ended([xnode.id for xnode in xnodes], error))


class _Ended:
    """A look is over; `error` is why it was before its time."""

    def __init__(self, ids: Sequence[str], error: BaseException | None) -> None:
        self.ids = ids
        self.error = error
