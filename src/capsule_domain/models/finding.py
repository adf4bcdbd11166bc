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


class Level(StrEnum):
    """How thoroughly a configuration is checked; each needs more of the machine."""

    SYNTAX = "syntax"
    OPTIONS = "options"
    EVAL = "eval"
    BUILD = "build"


class ValidationStep(Model):
    """A level: whether it was done, and what it saw, or why it was not."""

    level: Level
    done: bool
    detail: str


class Validation(Model):
    """What validating reached: the highest `level`, None for none, and `why` no higher."""

    level: Level | None
    why: str
    steps: tuple[ValidationStep, ...] = ()
    files: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        return not any(finding.severity is Severity.ERROR for finding in self.findings)
