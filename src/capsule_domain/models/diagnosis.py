"""What `doctor` says of one thing."""

from enum import StrEnum

from capsule_domain.models.finding import Finding, Severity


class Verdict(StrEnum):
    """OK: as it should be. SKIPPED: not looked at, and the message says why."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    ERROR = "error"


_SEVERITIES = {
    Verdict.OK: Severity.INFO,
    Verdict.SKIPPED: Severity.INFO,
    Verdict.WARNING: Severity.WARNING,
    Verdict.ERROR: Severity.ERROR,
}


class Diagnosis(Finding):
    """A finding with its verdict; `hint` is the remedy, where one is needed."""

    verdict: Verdict


def diagnosis(
    rule: str,
    verdict: Verdict,
    message: str,
    *,
    hint: str | None = None,
    file: str | None = None,
    line: int | None = None,
) -> Diagnosis:
    """A diagnosis whose severity is its verdict's."""
    return Diagnosis(
        rule=rule,
        verdict=verdict,
        severity=_SEVERITIES[verdict],
        message=message,
        hint=hint,
        file=file,
        line=line,
    )


def ok(rule: str, message: str) -> Diagnosis:
    return diagnosis(rule, Verdict.OK, message)


def skipped(rule: str, message: str, *, hint: str | None = None) -> Diagnosis:
    return diagnosis(rule, Verdict.SKIPPED, message, hint=hint)


def warning(rule: str, message: str, *, hint: str) -> Diagnosis:
    return diagnosis(rule, Verdict.WARNING, message, hint=hint)


def error(rule: str, message: str, *, hint: str) -> Diagnosis:
    return diagnosis(rule, Verdict.ERROR, message, hint=hint)
