"""Remedies beside the collector: kept before they are done, done once, and told."""

import threading
import time
from concurrent.futures import CancelledError
from typing import Any

import pytest

from capsule_domain.errors import (
    CommandFailed,
    HostUnreachable,
    OutcomeUnknown,
    ProviderUnavailable,
    StoreError,
)
from capsule_domain.models.remediation import Remediation, RemediationSettings, Remedy
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.services.alert_words import lines
from capsule_domain.services.looker import Run, beside
from capsule_domain.services.remediate import Remediate, Remedying
from tests.fakes.first_aid import FakeFirstAid
from tests.fakes.probes import DOWN, WELL, Scene
from tests.fakes.remediation_log import FakeRemediationLog
from tests.services.test_triage import REMEDIES
from tests.services.watching import PLAN, Room

BROKEN = Scene(figures={"failed_units": ("nginx.service",)})
SETTINGS = RemediationSettings(enabled=True, remedies=REMEDIES)


class Ward(Room):
    """A collector that helps. `room.aid` notes what is done."""

    def __init__(self, xnodes: Any = 20, run: Run = lambda work: work(), **changes: Any) -> None:
        super().__init__(xnodes, plan(**changes))
        self.aid = FakeFirstAid()
        self.log = FakeRemediationLog()
        self.told: list[str] = []
        self.troubles: list[str] = []
        self.remediate = self.new_collector(run)
        self.engine.after = self.remediate.consider

    def new_collector(self, run: Run = lambda work: work()) -> Remediate:
        """As it is after a restart: it knows only what was kept."""
        return Remediate(
            inventory=self.inventory,
            book=self.book,
            log=self.log,
            aid=self.aid,
            reboot=self.aid.reboot,
            clouds=lambda: ("vultr",),
            cut_off=lambda: self.engine.rounds.isolation.is_cut_off,
            clock=self.clock,
            new_id=lambda: next(self.ids),
            told=lambda one: self.told.append(one.words),
            troubled=self.troubles.append,
            run=run,
        )

    @property
    def states(self) -> list[str]:
        return [one.state.value for one in self.log.list()]


def plan(**changes: Any) -> WatchPlan:
    settings = SETTINGS.model_copy(update=changes)
    return PLAN.model_copy(update={"remediation": settings, "system_every_seconds": 60})


def test_a_unit_that_failed_is_restarted_once_when_its_alert_begins_to_fire() -> None:
    ward = Ward()
    ward.play("n1", BROKEN, after=300)
    ward.run(4 * 3600)
    assert ward.aid.given == ["n1: restart nginx.service"]
    (done,) = ward.log.list()
    assert (done.state.value, done.xnode, done.rule) == ("done", "n1", "service")
    assert done.begun_at is not None
    assert ward.told == [
        "n1: restart nginx.service: planned",
        "n1: restart nginx.service: done",
    ]


def test_who_is_told_of_the_alert_is_told_of_the_remedy() -> None:
    ward = Ward()
    ward.aid.failures.append(CommandFailed("it has failed again"))
    ward.play("n1", BROKEN, after=300)
    ward.play("n1", WELL, after=900)
    ward.run(1800)
    begin, end = ward.messages
    words = "restart nginx.service: failed, it has failed again"
    assert [alert.remedy for alert in (*begin.firing, *end.resolved)] == [words] * 2
    assert lines(begin, most=1)[0].endswith(f"({words})")


def test_nothing_is_done_unless_it_is_switched_on() -> None:
    ward = Ward(enabled=False)
    ward.play("n1", BROKEN, after=300)
    ward.run(1800)
    assert "fired n1 service nginx.service warning" in ward.said()
    assert (ward.aid.given, ward.log.list()) == ([], [])


def test_a_dry_run_is_told_and_does_nothing() -> None:
    ward = Ward(dry_run=True)
    ward.play("n1", BROKEN, after=300)
    ward.run(1800)
    assert (ward.aid.given, ward.told) == ([], ["n1: restart nginx.service: dry"])


def test_a_short_trouble_is_never_helped() -> None:
    ward = Ward()
    ward.play("n1", DOWN, after=300)
    ward.play("n1", WELL, after=350)
    ward.run(1800)
    assert (ward.aid.given, ward.log.list()) == ([], [])


def test_an_xnode_that_is_down_is_rebooted_by_its_cloud_and_not_again_within_the_cooldown() -> None:
    ward = Ward()
    for minutes in (5, 25, 45):
        ward.play("n1", DOWN, after=60 * minutes)
        ward.play("n1", WELL, after=60 * (minutes + 4))
    ward.run(2 * 3600)
    assert ward.aid.given == ["n1: reboot", "n1: reboot"]
    assert ward.states == ["done", "refused", "done"]
    assert "treated less than 30 min ago" in ward.log.list()[1].detail


def test_a_fleet_that_goes_down_slot_by_slot_is_left_alone_and_that_is_told_once() -> None:
    ward = Ward()
    for number in range(15):
        ward.play(f"n{number}", DOWN, after=600)
    ward.run(3000)
    assert ward.aid.given == []
    assert ward.states == ["held"]
    assert "of 20 xNodes have ssh, more than 20 %" in ward.told[0]


def test_a_collector_that_is_cut_off_does_nothing() -> None:
    ward = Ward()
    for number in range(20):
        ward.play(f"n{number}", DOWN, after=600)
    ward.clock.at(600, lambda: setattr(ward.anchors, "there", 0))
    ward.run(1800)
    assert (ward.aid.given, ward.log.list()) == ([], [])


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (HostUnreachable("cannot reach n1"), "failed"),
        (CommandFailed("restarting nginx.service failed (1)"), "failed"),
        (OutcomeUnknown("restarting nginx.service was begun"), "unknown"),
        (ProviderUnavailable("vultr", "the connection broke"), "unknown"),
        (ProviderUnavailable("vultr", "no connection", sent=False), "failed"),
        (ZeroDivisionError("a fault of ours"), "unknown"),
    ],
)
def test_how_it_ended_is_told_for_what_it_is(failure: Any, state: str) -> None:
    ward = Ward()
    ward.aid.failures.append(failure)
    ward.play("n1", BROKEN, after=300)
    ward.run(1800)
    assert ward.states == [state]
    assert ward.log.list()[0].detail
    assert ward.troubles == []


def test_what_the_end_of_the_collector_cuts_off_is_told_as_that() -> None:
    ward = Ward()
    ward.aid.failures.append(CancelledError())  # type: ignore[arg-type]
    ward.aid.meanwhile = ward.remediate.stop
    ward.play("n1", BROKEN, after=300)
    ward.run(1800)
    (left,) = ward.log.list()
    assert (left.state.value, left.detail) == (
        "unknown",
        "the collector ended while it was under way",
    )


def test_what_cannot_be_kept_is_not_done() -> None:
    ward = Ward()
    ward.log.full_disk = True
    ward.play("n1", BROKEN, after=300)
    ward.run(1800)
    assert ward.aid.given == []
    assert ward.troubles == [
        "nothing is done about alerts: cannot write state.db: the disk is full"
    ]


def test_an_end_that_cannot_be_kept_is_told_and_kept_later() -> None:
    ward = Ward()
    ward.aid.meanwhile = lambda: setattr(ward.log, "full_disk", True)
    ward.play("n1", BROKEN, after=300)
    ward.run(1200)
    assert ward.states == ["begun"]
    assert "restart nginx.service: done; that is not kept" in ward.troubles[0]
    ward.log.full_disk = False
    ward.aid.meanwhile = lambda: None
    ward.engine._stop = False
    ward.play("n2", BROKEN, after=1200)
    ward.run(2400)
    assert ward.states == ["done", "done"]


def test_what_is_over_when_its_turn_comes_is_not_helped_any_more() -> None:
    works: list[Any] = []
    ward = Ward(run=works.append)
    ward.play("n1", BROKEN, after=300)
    ward.run(1200)
    assert ward.states == ["planned"]
    (alert,) = ward.book.list()
    ward.book.acknowledge(alert.id, by="anna", comment="", at=ward.clock.now())
    for work in works:
        work()
    assert (ward.aid.given, ward.states) == ([], ["refused"])
    assert ward.log.list()[0].detail == "anna took it on"


def test_a_server_that_was_stopped_when_its_turn_comes_is_not_helped() -> None:
    works: list[Any] = []
    ward = Ward(run=works.append)
    ward.play("n1", BROKEN, after=300)
    ward.run(1200)
    stopping = ward.xnodes[1].model_copy(update={"status": ServerStatus.RESTARTING})
    ward.inventory.update(stopping)
    for work in works:
        work()
    assert ward.log.list()[0].detail == "its server is restarting"


def test_a_collector_that_was_killed_does_nothing_twice_and_tells_what_nobody_knows() -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    ward = Ward()
    ward.aid.meanwhile = kill
    ward.play("n1", BROKEN, after=300)
    with pytest.raises(Killed):
        ward.run(1200)
    assert ward.states == ["begun"]
    ward.aid.meanwhile = lambda: None
    with Remedying(ward.new_collector()) as again:
        ward.engine.after = again.consider
        ward.engine._stop = False
        ward.run(3600)
    assert ward.aid.given == ["n1: restart nginx.service"]
    assert ward.states == ["unknown"]
    assert ward.log.list()[0].detail == "the collector ended while it was under way"


def test_what_was_planned_before_a_kill_is_not_done_and_that_is_told() -> None:
    ward = Ward(run=lambda _work: None)
    ward.play("n1", BROKEN, after=300)
    ward.run(1200)
    with Remedying(ward.new_collector()):
        pass
    assert (ward.aid.given, ward.states) == ([], ["refused"])
    assert ward.told[-1].endswith("refused, the collector ended before its turn")


def test_a_slow_remedy_holds_no_round_and_only_a_few_are_under_way_at_once() -> None:
    gate, under_way, most = threading.Event(), [0], [0]

    def slowly() -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        gate.wait(20)
        under_way[0] -= 1

    ward = Ward(40, run=beside, breaker_percent=50.0, hourly_in_fleet=10)
    ward.aid.meanwhile = slowly
    for number in range(8):
        ward.play(f"n{number}", BROKEN, after=300)
    with Remedying(ward.remediate, grace_seconds=0):
        ward.run(1800)
        assert ward.remediate.is_busy
        assert len(ward.probes.looks) >= 30
    assert most[0] <= 4
    gate.set()
    until = time.monotonic() + 20
    while ward.remediate.is_busy and time.monotonic() < until:
        time.sleep(0.01)
    assert len(ward.aid.given) == 4
    assert sorted(ward.states) == ["done"] * 4 + ["refused"] * 4


def test_a_log_that_cannot_be_read_stops_the_beginning() -> None:
    class Unreadable(FakeRemediationLog):
        def open(self) -> list[Remediation]:
            raise StoreError("cannot read state.db")

    ward = Ward()
    ward.log = Unreadable()
    with pytest.raises(StoreError), Remedying(ward.new_collector()):
        pass


def test_the_first_remedy_that_fits_is_taken() -> None:
    both = (
        Remedy(rule="service", instance="other.service", restart_unit="other.service"),
        Remedy(rule="service", run=("/run/current-system/sw/bin/nixos-rebuild", "switch")),
    )
    ward = Ward(remedies=both)
    ward.play("n1", BROKEN, after=300)
    ward.run(1800)
    assert ward.aid.given == ["n1: run /run/current-system/sw/bin/nixos-rebuild switch"]
