"""Before a machine is switched again: how did that end, of which nobody knows?"""

from collections.abc import Iterator
from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.switch import SwitchRecord, SwitchReport
from capsule_domain.models.switch_outcome import Verdict
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.nixos_hosts import NixosHost
from capsule_domain.ports.switch_journal import SwitchJournal
from capsule_domain.services.switch_outcome import outcome

WORDS = {
    Verdict.COMMITTED: "was committed",
    Verdict.REVERTED: "was rolled back",
    Verdict.REFUSED: "did not begin",
    Verdict.REVERT_FAILED: "could not be rolled back as it should",
    Verdict.UNKNOWN: "ended otherwise",
}


@dataclass(frozen=True)
class SettleSwitches:
    """Reads how they ended from the machine itself, and closes them in our journal."""

    journal: SwitchJournal
    clock: Clock

    def run(self, host: NixosHost, key: str) -> tuple[str, ...]:
        """A sentence for each that was open. Raises Conflict while one is on its way, HostError."""
        return tuple(self._sentences(host, key))

    def _sentences(self, host: NixosHost, key: str) -> Iterator[str]:
        for record in self.journal.unfinished(key):
            try:
                report = host.follow(record.id)
            except NotFound:
                detail = "the machine knows nothing of it"
            else:
                _refuse_moving(record, report)
                ended = outcome(record, report)
                detail = f"{WORDS[ended.verdict]}: {ended.detail}".rstrip(": ")
            self.journal.end(record.id, self.clock.now(), detail)
            yield f"the switch of {record.started_at:%Y-%m-%d %H:%M} UTC {detail}"


def _refuse_moving(record: SwitchRecord, report: SwitchReport) -> None:
    if report.state.is_end or not report.is_watched:
        return
    left = report.seconds_left
    when = "" if left is None else f" within {left:.0f} s"
    raise Conflict(
        f"{record.machine} is being switched since {record.started_at:%H:%M} UTC:"
        f" it is {report.state}",
        hint=f"nobody confirms it any more, so it goes back by itself{when}; then try again",
    )
