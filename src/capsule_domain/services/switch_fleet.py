"""Several machines are switched: one first, then the others, until one goes wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capsule_domain.errors import CapsuleError
from capsule_domain.models.switch_outcome import Outcome, Verdict
from capsule_domain.services.side_by_side import AT_ONCE, few_at_once
from capsule_domain.services.switch_job import Agreed, Interruption, SwitchJob
from capsule_domain.services.switch_machine import SwitchMachine

HeardOf = Callable[[str, str], None]
"""Told a machine's name and a word of how far it is, perhaps in another thread."""

Ended = Outcome | CapsuleError | None
"""How it ended; why it did not begin; None: it was not begun, for another's sake."""


@dataclass(frozen=True)
class SwitchFleet:
    """The first is the canary. What does not end in the new system stops what has not begun."""

    switch: SwitchMachine
    at_once: int = AT_ONCE

    def run(
        self,
        jobs: Sequence[SwitchJob],
        *,
        heard: HeardOf,
        stop: Interruption,
        agreed: Agreed = lambda _report: True,
    ) -> Sequence[Ended]:
        """How each ended, in the order of `jobs`. Those that have begun come to their end."""
        halted = Interruption()

        def work(job: SwitchJob) -> Ended:
            if halted.asked or stop.asked:
                return None
            try:
                ended: Ended = self.switch.run(
                    job, heard=lambda text: heard(job.name, text), stop=stop, agreed=agreed
                )
            except CapsuleError as error:
                ended = error
            if not (isinstance(ended, Outcome) and ended.verdict is Verdict.COMMITTED):
                halted.asked = True
            return ended

        canary, others = jobs[:1], jobs[1:]
        first = [work(job) for job in canary]
        works = [lambda job=job: work(job) for job in others]
        rest = few_at_once(works, at_once=self.at_once)
        return [*first, *(future.result() for future in rest)]
