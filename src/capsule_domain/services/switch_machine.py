"""A machine's system is switched, and it is judged how that ended."""

from dataclasses import dataclass

from capsule_domain.errors import CapsuleError, StoreError
from capsule_domain.models.switch import SwitchRecord
from capsule_domain.models.switch_outcome import Outcome, Verdict
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.nixos_hosts import NixosHosts
from capsule_domain.ports.switch_journal import SwitchJournal
from capsule_domain.services.switch_job import Agreed, Heard, Interruption, SwitchJob
from capsule_domain.services.switch_trial import Trial


@dataclass(frozen=True)
class SwitchMachine:
    """Tells a machine to switch, and stays until it is known how that ended."""

    hosts: NixosHosts
    journal: SwitchJournal
    clock: Clock

    def run(
        self,
        job: SwitchJob,
        *,
        heard: Heard,
        stop: Interruption | None = None,
        agreed: Agreed = lambda _report: True,
    ) -> Outcome:
        """Switch it; whatever becomes of this process, the machine keeps the new system only
        when it was confirmed. `agreed` may say no before that.

        Raises, with nothing begun: HostError, ConfigurationError, Conflict, NotFound, StoreError.
        """
        record = self._record(job)
        self.journal.begin(record)
        trial = Trial(
            hosts=self.hosts,
            journal=self.journal,
            clock=self.clock,
            job=job,
            record=record,
            heard=heard,
            stop=stop or Interruption(),
            agreed=agreed,
        )
        try:
            trial.begin()
        except CapsuleError as error:
            self._end(record, f"not begun: {error.message}", heard)
            raise
        ended = trial.follow()
        if ended.verdict is not Verdict.UNKNOWN:
            self._end(record, f"{ended.verdict}: {ended.detail}".rstrip(": "), heard)
        return ended

    def _record(self, job: SwitchJob) -> SwitchRecord:
        return SwitchRecord(
            id=job.order.id,
            key=job.key,
            machine=job.name,
            old=job.order.old,
            new=job.order.new,
            mode=job.order.mode,
            profile=job.profile,
            started_at=self.clock.now(),
        )

    def _end(self, record: SwitchRecord, detail: str, heard: Heard) -> None:
        """Our own disk does not change what the machine did."""
        try:
            self.journal.end(record.id, self.clock.now(), detail)
        except StoreError as error:
            heard(f"our own journal of it stays open: {error.message}")
