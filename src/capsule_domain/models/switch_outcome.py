"""How a switch ended, as far as it was read."""

from enum import StrEnum

from capsule_domain.models.base import Model
from capsule_domain.models.switch import SwitchReport, SwitchState


class Verdict(StrEnum):
    """COMMITTED: the new system runs and is what starts. REVERTED: the old one runs, verified.
    REFUSED: the machine did not begin, and the old one runs. REVERT_FAILED: it was not brought
    back, or the machine restarts into it. UNKNOWN: nobody can say.
    """

    COMMITTED = "committed"
    REVERTED = "rolled-back"
    REFUSED = "refused"
    REVERT_FAILED = "rollback-failed"
    UNKNOWN = "unknown"


class Outcome(Model):
    """`detail` is why, in one line that begins in lower case; empty when it was committed."""

    verdict: Verdict
    detail: str = ""
    state: SwitchState | None = None
    """The last that was heard."""
    running: str | None = None
    """What was seen to run; None when nothing was."""
    profile: str | None = None
    generation: int | None = None
    failed_units: tuple[str, ...] = ()
    log: tuple[str, ...] = ()

    @classmethod
    def of(cls, verdict: Verdict, detail: str, report: SwitchReport) -> "Outcome":
        """With what the report tells."""
        return cls(
            verdict=verdict,
            detail=detail,
            state=report.state,
            running=report.running,
            profile=report.profile,
            generation=report.generation,
            failed_units=report.failed_units,
            log=report.log,
        )
