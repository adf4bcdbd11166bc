"""The life of an alert, as tables: what was read each minute, and what it was then."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.models.alert import (
    Alert,
    AlertKey,
    AlertSeverity,
    AlertState,
    Reading,
    Step,
    StepKind,
    Timing,
)
from capsule_domain.services.alert_state import step

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = AlertKey(xnode_id="a1", rule="cpu")
WORDS = {"w": AlertSeverity.WARNING, "c": AlertSeverity.CRITICAL, ".": None}
PATIENT = Timing(for_seconds=120, keep_firing_seconds=120)
AT_ONCE = Timing()


class Patient:
    """One condition, read again and again."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.now = START
        self.last: Alert | None = None
        self.ids = (f"alert-{number}" for number in count(1))

    def read(self, word: str, *, after_seconds: float = 60) -> Step | None:
        """One reading: `w`, `c`, `.` for fine, and a blank for no reading at all."""
        self.now += timedelta(seconds=after_seconds)
        if word == " ":
            return None
        reading = Reading(key=KEY, xnode="web-1", level=WORDS[word], message="hot", value=91.0)
        taken = step(self.last, reading, self.timing, self.now, lambda: next(self.ids))
        if taken is not None:
            self.last = None if taken.kind is StepKind.DROPPED else taken.alert
        return taken

    def state(self) -> str:
        """`-` for none, else the state's first letter: large when it is critical."""
        if self.last is None:
            return "-"
        letter = self.last.state.value[0]
        return letter.upper() if self.last.severity is AlertSeverity.CRITICAL else letter


def states(words: str, timing: Timing) -> str:
    patient = Patient(timing)
    shown = []
    for word in words:
        patient.read(word)
        shown.append(patient.state())
    return "".join(shown)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("....", "----"),
        ("w...", "p---"),  # one look at which it is fine forgets what was pending
        ("ww.w", "pp-p"),
        ("wwww", "ppff"),
        ("wwwww..", "ppfffff"),
        ("wwww...", "ppffffr"),
        ("www.w...", "ppfffffr"),  # calm must last
        ("cccc", "PPFF"),
        ("wcwcw", "pPfff"),
        ("wwwc...", "ppffffr"),  # a peak does not escalate
        ("wwwccc", "ppfffF"),
        ("cccw", "PPFf"),  # easing is told at once, and is no end
        ("www...ww", "ppfffrpp"),
    ],
)
def test_states_follow_readings(words: str, expected: str) -> None:
    assert states(words, PATIENT) == expected


@pytest.mark.parametrize(
    ("words", "expected"), [("w", "f"), ("w.", "fr"), ("wc.", "fFR"), ("w.w", "frf")]
)
def test_without_patience_everything_is_at_once(words: str, expected: str) -> None:
    assert states(words, AT_ONCE) == expected


def test_no_reading_is_no_good_news() -> None:
    assert states("www          ", PATIENT) == "ppf" + "f" * 10


def test_after_a_gap_waiting_begins_anew() -> None:
    patient = Patient(PATIENT)
    patient.read("w")
    patient.read("w", after_seconds=8 * 3600)  # the laptop slept
    assert patient.state() == "p"
    patient.read("w")
    patient.read("w")
    assert patient.state() == "f"


def test_calm_that_nobody_saw_does_not_resolve() -> None:
    patient = Patient(PATIENT)
    for word in "www.":
        patient.read(word)
    patient.read(".", after_seconds=8 * 3600)
    assert patient.state() == "f"


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_jumps_fires_nothing(hours: float) -> None:
    patient = Patient(PATIENT)
    patient.read("w")
    patient.read("w", after_seconds=hours * 3600)
    assert patient.state() == "p"


def test_who_comes_back_soon_is_resolved_later_each_time() -> None:
    patient = Patient(Timing(keep_firing_seconds=120, longest_seconds=400))
    waits = []
    for _ in range(5):
        patient.read("w")
        calm = 0
        while patient.state() != "r":
            patient.read(".")
            calm += 1
        waits.append(calm)
    assert waits == sorted(waits)
    assert waits[0] == 3
    assert waits[-1] == 8  # 400 s at most, seen a minute apart
    patient.now += timedelta(hours=2)
    patient.read("w")
    assert patient.last is not None
    assert patient.last.flaps == 0


def test_an_escalation_is_unseen_by_who_took_the_warning_on() -> None:
    patient = Patient(AT_ONCE)
    patient.read("w")
    assert patient.last is not None
    patient.last = patient.last.model_copy(
        update={"acknowledged_by": "anna", "acknowledged_at": patient.now}
    )
    taken = patient.read("c")
    assert taken is not None
    assert taken.kind is StepKind.ESCALATED
    assert taken.alert.acknowledged_by is None
    assert patient.read("w") is not None
    assert patient.last.id == "alert-1"  # one and the same, whatever its severity


@given(st.text("wc. ", max_size=60), st.sampled_from([PATIENT, AT_ONCE]))
def test_nothing_is_resolved_that_did_not_fire(words: str, timing: Timing) -> None:
    patient = Patient(timing)
    steps = [taken for word in words if (taken := patient.read(word)) is not None]
    for alert_id, kinds in _by_alert(steps).items():
        assert kinds.count(StepKind.FIRED) <= 1, alert_id
        if StepKind.RESOLVED in kinds:
            assert kinds.index(StepKind.FIRED) < kinds.index(StepKind.RESOLVED)
            assert kinds[-1] is StepKind.RESOLVED
        if StepKind.DROPPED in kinds:
            assert StepKind.FIRED not in kinds
    for taken in steps:
        fired = taken.alert.state is not AlertState.PENDING
        assert fired == (taken.alert.fired_at is not None)
        assert (taken.alert.state is AlertState.RESOLVED) == (taken.alert.resolved_at is not None)


def _by_alert(steps: Sequence[Step]) -> dict[str, list[StepKind]]:
    found: dict[str, list[StepKind]] = {}
    for taken in steps:
        if taken.kind is not None:
            found.setdefault(taken.alert.id, []).append(taken.kind)
    return found
