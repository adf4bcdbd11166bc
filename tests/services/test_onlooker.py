"""Looks for whoever watches, where no collector does."""

from datetime import UTC, datetime

from capsule_domain.models.health import HealthStatus
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.ports.engine_lock import Holder
from capsule_domain.services.isolation import Isolation
from capsule_domain.services.looker import Looker
from capsule_domain.services.onlooker import Onlooker
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.probes import DOWN, FakeProbes
from tests.fakes.samples import FakeSamples
from tests.fakes.supervision import FakeAnchors, FakeEngineLock
from tests.xnodes import an_xnode

SOMEBODY = Holder(pid=7, who="anna@laptop", since=datetime(2026, 11, 23, tzinfo=UTC))


class Chair:
    """Somebody who watches two xNodes; looks are over as soon as they begin."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.probes = FakeProbes(self.clock)
        self.samples = FakeSamples()
        self.lock = FakeEngineLock()
        self.anchors = FakeAnchors()
        self.onlooker = Onlooker(
            inventory=FakeInventory([an_xnode("web"), an_xnode("db", status="stopped")]),
            samples=self.samples,
            looker=Looker(self.probes, run=lambda work: work()),
            isolation=Isolation(self.anchors),
            lock=self.lock,
            clock=self.clock,
            plan=WatchPlan(),
            interval_seconds=60,
        )

    def sit(self, seconds: float, step: float = 2.0) -> None:
        until = self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            self.onlooker.tick()
            self.clock.advance(step)
        self.onlooker.tick()


def test_it_looks_once_an_interval_at_what_is_expected_to_answer() -> None:
    chair = Chair()
    chair.sit(290)
    assert [ids for ids, _ in chair.probes.looks] == [("x-web",)] * 5
    assert set(chair.samples.latest()) == {"x-web"}
    first, *others = (plan for _, plan in chair.probes.looks)
    assert (first.at_once, first.disks) == (True, True)
    assert [(plan.at_once, plan.disks) for plan in others] == [(False, False)] * 4


def test_it_leaves_the_looking_to_a_collector() -> None:
    chair = Chair()
    chair.sit(30)
    chair.lock.other = SOMEBODY
    chair.sit(600)
    assert len(chair.probes.looks) == 1
    chair.lock.other = None
    chair.sit(2)
    assert len(chair.probes.looks) == 2, "and looks again when that ends, without catching up"


def test_looks_that_were_missed_are_not_made_up_for() -> None:
    chair = Chair()
    chair.sit(1)
    chair.clock.advance(600)
    chair.sit(30)
    assert len(chair.probes.looks) == 2


def test_a_look_can_be_asked_for() -> None:
    chair = Chair()
    chair.sit(10)
    chair.onlooker.look_now()
    chair.sit(2)
    assert len(chair.probes.looks) == 2


def test_a_machine_that_is_cut_off_itself_says_nothing_of_others() -> None:
    chair = Chair()
    chair.anchors.there = 0
    chair.probes.play("x-web", DOWN)
    chair.sit(10)
    assert chair.onlooker.is_cut_off
    assert chair.samples.latest()["x-web"].health.status is HealthStatus.UNKNOWN
