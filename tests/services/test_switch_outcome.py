"""The word on how a switch ended, state by state."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.models.switch import SwitchMode, SwitchRecord, SwitchReport, SwitchState
from capsule_domain.models.switch_outcome import Verdict
from capsule_domain.services.switch_outcome import outcome

OLD, NEW, OTHER = "/nix/store/a-old", "/nix/store/b-new", "/nix/store/c-other"
RECORD = SwitchRecord(
    id="switch-1234",
    key="web",
    machine="web",
    old=OLD,
    new=NEW,
    profile=OLD,
    started_at=datetime(2026, 11, 23, tzinfo=UTC),
)
S = SwitchState
TABLE = [
    (S.COMMITTED, NEW, NEW, Verdict.COMMITTED),
    (S.COMMITTED, OLD, NEW, Verdict.UNKNOWN),
    (S.COMMITTED, NEW, OLD, Verdict.UNKNOWN),
    (S.COMMITTED, OTHER, OTHER, Verdict.UNKNOWN),
    (S.REVERTED, OLD, OLD, Verdict.REVERTED),
    (S.REVERTED, NEW, OLD, Verdict.UNKNOWN),
    (S.REVERTED, OLD, NEW, Verdict.UNKNOWN),
    (S.REFUSED, OLD, OLD, Verdict.REFUSED),
    (S.REFUSED, NEW, OLD, Verdict.UNKNOWN),
    (S.REVERT_FAILED, OLD, OLD, Verdict.REVERT_FAILED),
    (S.REVERT_FAILED, NEW, OLD, Verdict.REVERT_FAILED),
    (S.REBOOTING, NEW, OLD, Verdict.REVERT_FAILED),
    (S.INTERRUPTED, OLD, OLD, Verdict.REVERTED),
    (S.INTERRUPTED, NEW, NEW, Verdict.UNKNOWN),
    (S.INTERRUPTED, OLD, NEW, Verdict.UNKNOWN),
    (S.ARMED, OLD, OLD, Verdict.UNKNOWN),
    (S.ACTIVATING, NEW, OLD, Verdict.UNKNOWN),
    (S.AWAITING, NEW, OLD, Verdict.UNKNOWN),
    (S.COMMITTING, NEW, NEW, Verdict.UNKNOWN),
    (S.REVERTING, OLD, OLD, Verdict.UNKNOWN),
]


def report(state: SwitchState, running: str, profile: str | None) -> SwitchReport:
    return SwitchReport(
        id=RECORD.id, state=state, old=OLD, new=NEW, running=running, profile=profile
    )


@pytest.mark.parametrize(("state", "running", "profile", "verdict"), TABLE)
def test_each_state_with_what_runs_and_what_starts_has_its_word(
    state: SwitchState, running: str, profile: str, verdict: Verdict
) -> None:
    assert outcome(RECORD, report(state, running, profile)).verdict is verdict


def test_each_state_is_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(SwitchState)


def test_nothing_heard_is_nothing_known() -> None:
    assert outcome(RECORD, None).verdict is Verdict.UNKNOWN


def test_a_restart_is_a_rollback_only_where_it_is_not_the_way_forward() -> None:
    there = RECORD.model_copy(update={"mode": SwitchMode.REBOOT})
    forward = report(S.REBOOTING, OLD, OLD)
    assert outcome(there, forward).verdict is Verdict.UNKNOWN
    back = forward.model_copy(update={"reason": "nobody confirmed"})
    assert outcome(there, back).verdict is Verdict.REVERT_FAILED


def test_what_started_the_new_system_before_may_do_so_after_a_rollback() -> None:
    tried = RECORD.model_copy(update={"profile": NEW})
    assert outcome(tried, report(S.REVERTED, OLD, NEW)).verdict is Verdict.REVERTED


@given(
    state=st.sampled_from(SwitchState),
    running=st.sampled_from([OLD, NEW, OTHER]),
    profile=st.sampled_from([None, OLD, NEW, OTHER]),
    mode=st.sampled_from(SwitchMode),
    reason=st.sampled_from([None, "it was given up"]),
)
def test_success_is_told_only_of_what_was_read_to_be_committed_and_to_run_and_to_start(
    state: SwitchState, running: str, profile: str | None, mode: SwitchMode, reason: str | None
) -> None:
    record = RECORD.model_copy(update={"mode": mode})
    told = report(state, running, profile).model_copy(update={"reason": reason})
    verdict = outcome(record, told).verdict
    assert (verdict is Verdict.COMMITTED) == (
        (state, running, profile) == (SwitchState.COMMITTED, NEW, NEW)
    )
    if verdict in (Verdict.REVERTED, Verdict.REFUSED):
        assert running == OLD
        assert profile != NEW
