"""Checks, and looking at all of them side by side."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from capsule_domain.errors import CapsuleError, ConfigurationError
from capsule_domain.models.diagnosis import Diagnosis, Verdict, diagnosis, error, skipped

_LOG = logging.getLogger("capsule.doctor")


@dataclass(frozen=True)
class Check:
    """One thing to look at. `look` may raise a CapsuleError, which is a diagnosis then.

    `subject` tells apart checks of one rule, such as the clouds, where they cannot speak.
    """

    rule: str
    look: Callable[[], Iterable[Diagnosis]]
    deadline_seconds: float = 10.0
    online: bool = False
    subject: str = ""

    def about(self, said: str) -> str:
        """`said` of the subject, where there is one."""
        return f"{self.subject} {said}".lstrip()


class SideBySide:
    """Implements the Examination port: each check in a thread, each with its deadline.

    Who does not end in time is left alone: the thread ends with the process.
    """

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = tuple(checks)

    def run(self, *, offline: bool = False) -> Sequence[Diagnosis]:
        """What every check says, in the order of the checks."""
        started = time.monotonic()
        runs = [(check, _Run(check, offline=offline)) for check in self._checks]
        found: list[Diagnosis] = []
        for check, run in runs:
            left = check.deadline_seconds - (time.monotonic() - started)
            found += run.result(max(left, 0.0))
        return found


class _Run:
    """One check at work."""

    def __init__(self, check: Check, *, offline: bool) -> None:
        self._check = check
        self._found: list[Diagnosis] | None = None
        if check.online and offline:
            self._found = [skipped(check.rule, check.about("not asked, because of --offline"))]
            return
        self._thread = threading.Thread(target=self._work, daemon=True, name=check.rule)
        self._thread.start()

    def _work(self) -> None:
        self._found = list(_looked(self._check))

    def result(self, seconds: float) -> list[Diagnosis]:
        if self._found is None:
            self._thread.join(seconds)
        if self._found is None:
            waited = f"no answer within {self._check.deadline_seconds:g} s"
            said = self._check.about(waited)
            return [error(self._check.rule, said, hint="try again; the log may say more")]
        return self._found


def _looked(check: Check) -> Iterable[Diagnosis]:
    try:
        return list(check.look())
    except CapsuleError as trouble:
        return [as_diagnosis(check.rule, trouble)]
    except Exception as trouble:
        _LOG.exception("the check %s failed", check.rule)
        message = check.about(f"the check itself failed: {type(trouble).__name__}")
        return [error(check.rule, message, hint="please report it, with the log")]


def as_diagnosis(
    rule: str, trouble: CapsuleError, *, verdict: Verdict = Verdict.ERROR
) -> Diagnosis:
    """The error in a diagnosis' words, with its place where it has one."""
    place = trouble if isinstance(trouble, ConfigurationError) else None
    return diagnosis(
        rule,
        verdict,
        trouble.message,
        hint=trouble.hint,
        file=place.file if place else None,
        line=place.line if place else None,
    )
