"""Is it them, or is it us?"""

from datetime import UTC, datetime

from capsule_domain.models.health import Check, CheckKind, Fault, Health, HealthStatus
from capsule_domain.models.metric import Observation
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.services.isolation import Isolation, answered, not_observed
from tests.fakes.supervision import FakeAnchors

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FLEET = ["a", "b", "c", "d"]
PLAN = WatchPlan(isolated_percent=50)


def look(*, ok: bool, fault: Fault = Fault.UNREACHABLE) -> Observation:
    check = Check(kind=CheckKind.SSH, ok=ok, fault=None if ok else fault)
    return Observation(health=Health.judged("n", (check,), NOON))


def update(isolation: Isolation, silent: str, *, of: str = "abcd", plan: WatchPlan = PLAN) -> bool:
    seen = {id_: look(ok=id_ not in silent) for id_ in of}
    return isolation.update(seen, FLEET, plan)


def test_a_few_that_are_silent_raise_no_doubt() -> None:
    anchors = FakeAnchors(there=0)
    assert not update(Isolation(anchors), "a")
    assert anchors.times == 0


def test_many_that_are_silent_are_believed_when_something_else_answers() -> None:
    anchors = FakeAnchors(there=1)
    assert not update(Isolation(anchors), "abcd")
    assert anchors.times == 1


def test_when_nothing_answers_at_all_it_is_us_until_something_does() -> None:
    anchors = FakeAnchors(there=0)
    isolation = Isolation(anchors)
    assert update(isolation, "abc")
    anchors.there = 1
    assert not isolation.update({}, FLEET, PLAN)


def test_it_is_over_when_the_fleet_answers_again() -> None:
    isolation = Isolation(FakeAnchors(there=0))
    assert update(isolation, "abcd")
    assert not update(isolation, "a")


def test_where_there_is_nobody_to_ask_it_is_them() -> None:
    nobody = PLAN.model_copy(update={"anchors": ()})
    assert not update(Isolation(FakeAnchors(there=0)), "abcd", plan=nobody)


def test_batches_add_up_and_those_no_longer_watched_do_not_count() -> None:
    isolation = Isolation(FakeAnchors(there=0))
    assert not update(isolation, "", of="ab")
    assert update(isolation, "cd", of="cd")
    assert not isolation.update({}, ["a", "b"], PLAN)


def test_what_refuses_us_did_answer() -> None:
    assert answered(look(ok=True))
    assert answered(look(ok=False, fault=Fault.LOGIN))
    assert not answered(look(ok=False))
    assert not_observed(look(ok=False)).health.status is HealthStatus.UNKNOWN
