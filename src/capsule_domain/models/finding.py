"""Findings: what validate, check, doctor and lint report."""

from enum import StrEnum

from capsule_domain.models.base import Model


class Severity(StrEnum):
    """How bad: an ERROR fails the check."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Finding(Model):
    """One finding, with its place and its remedy as far as they are known."""

    rule: str
    severity: Severity
    message: str
    file: str | None = None
    line: int | None = None
    hint: str | None = None


class Validation(Model):
    """What validating reached: `level` of syntax, options, eval or build, and `why` no higher."""

    level: str | None
    why: str
    files: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        return not any(finding.severity is Severity.ERROR for finding in self.findings)
