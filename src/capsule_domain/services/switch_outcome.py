"""From what a machine says of a switch to the word on how it ended. Pure."""

from collections.abc import Callable, Mapping

from capsule_domain.models.switch import SwitchMode, SwitchRecord, SwitchReport, SwitchState
from capsule_domain.models.switch_outcome import Outcome, Verdict


def outcome(record: SwitchRecord, report: SwitchReport | None) -> Outcome:
    """How the switch of `record` ended by the last report on it; None: there was none.

    Only what the machine says and what runs on it together make a word other than UNKNOWN: it
    is COMMITTED when it says so, runs the new system, and would start as that.
    """
    if report is None:
        return Outcome(verdict=Verdict.UNKNOWN, detail="the machine was not heard since it began")
    judge = _JUDGES.get(report.state, _on_its_way)
    verdict, detail = judge(record, report)
    return Outcome.of(verdict, detail, report)


_Judged = tuple[Verdict, str]


def _committed(record: SwitchRecord, report: SwitchReport) -> _Judged:
    if report.running != record.new:
        return Verdict.UNKNOWN, "it was committed, and another system runs since"
    if report.profile != record.new:
        return Verdict.UNKNOWN, "it was committed, and another system would start since"
    return Verdict.COMMITTED, ""


def _reverted(record: SwitchRecord, report: SwitchReport) -> _Judged:
    why = report.reason or "the new system did not hold"
    if report.running != record.old:
        return Verdict.UNKNOWN, f"{why}; it says that it went back, and runs another system"
    if _starts_new(record, report):
        return Verdict.UNKNOWN, f"{why}; the old system runs, and the new one would start"
    return Verdict.REVERTED, why


def _refused(record: SwitchRecord, report: SwitchReport) -> _Judged:
    why = report.reason or "the machine did not begin"
    if report.running != record.old or _starts_new(record, report):
        return Verdict.UNKNOWN, f"{why}; it is not as it was before"
    return Verdict.REFUSED, why


def _failed(record: SwitchRecord, report: SwitchReport) -> _Judged:
    what = "the old system" if report.running == record.old else "not the old system"
    return Verdict.REVERT_FAILED, f"{_because(report)}it says that {what} runs, not as it should"


def _rebooting(record: SwitchRecord, report: SwitchReport) -> _Judged:
    if record.mode is SwitchMode.REBOOT and report.reason is None:
        return Verdict.UNKNOWN, "it restarts into the new system, and was not heard since"
    return Verdict.REVERT_FAILED, f"{_because(report)}it restarts into the old system"


def _interrupted(record: SwitchRecord, report: SwitchReport) -> _Judged:
    why = report.reason or "the machine was started anew in the middle"
    if report.running == record.old and not _starts_new(record, report):
        return Verdict.REVERTED, why
    return Verdict.UNKNOWN, f"{why}; it neither runs the old system alone nor says more"


def _on_its_way(_record: SwitchRecord, report: SwitchReport) -> _Judged:
    return Verdict.UNKNOWN, f"the last that was heard is that it is {report.state}"


def _starts_new(record: SwitchRecord, report: SwitchReport) -> bool:
    """Whether the switch left the new system behind as what starts next."""
    return report.profile == record.new and record.new not in (record.old, record.profile)


def _because(report: SwitchReport) -> str:
    return f"{report.reason}; " if report.reason else ""


_JUDGES: Mapping[SwitchState, Callable[[SwitchRecord, SwitchReport], _Judged]] = {
    SwitchState.COMMITTED: _committed,
    SwitchState.REVERTED: _reverted,
    SwitchState.REFUSED: _refused,
    SwitchState.REVERT_FAILED: _failed,
    SwitchState.REBOOTING: _rebooting,
    SwitchState.INTERRUPTED: _interrupted,
}
