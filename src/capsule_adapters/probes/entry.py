"""Entering machines by SSH, and what they tell of themselves."""

from typing import Protocol

from capsule_adapters.probes.faults import fault_of
from capsule_adapters.probes.metrics import Known, metrics
from capsule_adapters.probes.script import parts
from capsule_adapters.ssh.shell_loop import Answer
from capsule_domain.errors import HostError
from capsule_domain.models.health import Check, CheckKind
from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Metrics
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Target


class Loops(Protocol):
    """Machines that answer a line each; see `KeptLoops`."""

    async def ask(
        self, target: Target, words: str, *, connect_seconds: float, answer_seconds: float
    ) -> Answer:
        """Raises HostError."""


class Entry:
    """Asks machines for their figures, and keeps the counters of the last time.

    `told` holds the figures of the look that goes on, by xNode id.
    """

    def __init__(self, loops: Loops, clock: Clock) -> None:
        self._loops = loops
        self._clock = clock
        self._known: dict[str, Known] = {}
        self.told: dict[str, Metrics] = {}

    async def check(self, xnode: XNode, target: Target, plan: LookPlan) -> Check:
        """Enter once. Latency is until the shell there begins to answer."""
        try:
            answer = await self._loops.ask(
                target,
                _words(plan),
                connect_seconds=plan.ssh_seconds,
                answer_seconds=plan.read_seconds,
            )
        except HostError as error:
            return Check(kind=CheckKind.SSH, ok=False, fault=fault_of(error), error=error.message)
        told = parts(answer.output, answer.marker)
        sample, known = metrics(xnode.name, told, self._clock.now(), self._known.get(xnode.id))
        self.told[xnode.id] = sample
        self._known[xnode.id] = known
        return Check(kind=CheckKind.SSH, ok=True, latency_ms=answer.echo_ms)

    def forget(self, xnode_id: str) -> None:
        """As if it had never told anything."""
        self._known.pop(xnode_id, None)


def _words(plan: LookPlan) -> str:
    """What the script is to read, as its loop knows it."""
    chosen = {"d": plan.disks, "s": plan.system, "t": plan.at_once}
    return "".join(letter for letter, wanted in chosen.items() if wanted) or "-"
