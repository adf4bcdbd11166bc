"""The fleet at one look, over fakes."""

from datetime import timedelta

from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState
from capsule_domain.models.book import Entry
from capsule_domain.models.health import Fault, HealthStatus
from capsule_domain.models.look import LookPlan
from capsule_domain.models.server import ServerStatus
from capsule_domain.ports.alert_book import AlertBook
from capsule_domain.services.overview import Overview
from tests.fakes.alert_book import FakeAlertBook
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.probes import DOWN, FakeProbes, Scene
from tests.fakes.samples import FakeSamples
from tests.fakes.supervision import FakeEngineLock
from tests.xnodes import an_xnode


class Fleet:
    """Some xNodes, looked at as the test says."""

    def __init__(self, *names: str) -> None:
        self.clock = FakeClock()
        self.inventory = FakeInventory([an_xnode(name) for name in names])
        self.samples = FakeSamples()
        self.probes = FakeProbes(self.clock)
        self.book: AlertBook = FakeAlertBook()
        self.overview = Overview(
            inventory=self.inventory,
            samples=self.samples,
            book=self.book,
            lock=FakeEngineLock(),
            clock=self.clock,
            stale_seconds=150,
            rare_seconds=300,
            guessing=("disk-outlook",),
        )

    def look(self, plan: LookPlan | None = None) -> None:
        found = self.probes.look(self.inventory.list(), plan or LookPlan())
        self.samples.append({one.xnode_id: one for one in found}, self.clock.now())

    def fires(self, name: str, severity: AlertSeverity, rule: str = "cpu") -> None:
        now = self.clock.now()
        alert = Alert(
            id=f"a-{name}",
            xnode=name,
            key=AlertKey(xnode_id=f"x-{name}", rule=rule),
            severity=severity,
            state=AlertState.FIRING,
            message="CPU at 97 %",
            since=now,
            seen_at=now,
            fired_at=now,
        )
        self.book.apply(Entry(alerts=(alert,)), self.book.page(now).revision)

    def order(self) -> list[str]:
        return [row.xnode for row in self.overview.view().xnodes]


def test_the_worst_stand_first_and_those_that_are_off_last() -> None:
    fleet = Fleet("a-well", "b-off", "c-down", "d-key", "e-half", "f-hot", "g-warm")
    fleet.probes.play("x-c-down", DOWN)
    fleet.probes.play("x-d-key", Scene(ssh_fault=Fault.HOST_KEY))
    fleet.probes.play("x-e-half", Scene(ssh_fault=Fault.UNREACHABLE))
    fleet.look()
    fleet.inventory.update(an_xnode("b-off", status=ServerStatus.STOPPED))
    fleet.inventory.add(an_xnode("h-new"))
    fleet.fires("f-hot", AlertSeverity.CRITICAL)
    assert fleet.order() == [
        *("d-key", "c-down", "f-hot", "e-half", "h-new"),
        *("a-well", "g-warm", "b-off"),
    ]
    assert fleet.overview.view().counts == {
        "untrusted": 1,
        "unhealthy": 1,
        "degraded": 1,
        "unknown": 1,
        "healthy": 3,
    }


def test_an_alert_that_only_guesses_is_told_apart() -> None:
    fleet = Fleet("web", "db")
    fleet.fires("web", AlertSeverity.WARNING, rule="disk-outlook")
    fleet.fires("db", AlertSeverity.WARNING)
    rows = {row.xnode: row for row in fleet.overview.view().xnodes}
    assert [alert.key.rule for alert in rows["web"].guesses] == ["disk-outlook"]
    assert (len(rows["web"].alerts), rows["db"].guesses) == (1, ())


def test_what_nobody_looked_at_lately_is_unknown_and_shows_no_figures() -> None:
    fleet = Fleet("web")
    fleet.look()
    fleet.clock.advance(150)
    (row,) = fleet.overview.view().xnodes
    assert (row.status, row.stale, row.cpu_percent) == (HealthStatus.HEALTHY, False, 5.0)
    fleet.clock.advance(1)
    (row,) = fleet.overview.view().xnodes
    assert (row.status, row.stale, row.cpu_percent) == (HealthStatus.UNKNOWN, True, None)
    assert row.disk_percent is None
    assert row.health is not None, "what was seen last is still told, with its age"


def test_a_look_from_the_future_is_believed_by_nobody() -> None:
    fleet = Fleet("web")
    fleet.clock.advance(3600)
    fleet.look()
    view = Overview(
        inventory=fleet.inventory,
        samples=fleet.samples,
        book=fleet.book,
        lock=FakeEngineLock(),
        clock=FakeClock(),
        stale_seconds=150,
        rare_seconds=300,
    ).view()
    assert view.xnodes[0].status is HealthStatus.UNKNOWN


def test_disks_of_a_look_before_stand_beside_figures_of_now_for_a_while() -> None:
    fleet = Fleet("web")
    fleet.look()
    for _ in range(12):
        fleet.clock.advance(60)
        fleet.look(LookPlan(disks=False, system=False))
        assert fleet.overview.view().xnodes[0].disk_percent == 30.0
    fleet.clock.advance(60)
    fleet.look(LookPlan(disks=False, system=False))
    assert fleet.overview.view().xnodes[0].disk_percent is None, "older than 2.5 times 5 minutes"


def test_disks_are_found_in_the_history_by_one_who_comes_late() -> None:
    fleet = Fleet("web")
    fleet.look()
    fleet.clock.advance(60)
    fleet.look(LookPlan(disks=False))
    assert fleet.overview.view().xnodes[0].disk_percent == 30.0


def test_a_machine_that_cannot_be_entered_shows_no_figures_of_before() -> None:
    fleet = Fleet("web")
    fleet.look()
    fleet.clock.advance(60)
    fleet.probes.play("x-web", Scene(ssh_fault=Fault.LOGIN))
    fleet.look()
    (row,) = fleet.overview.view().xnodes
    assert row.metrics is None
    assert row.disk_percent is None


def test_tags_choose_xnodes_and_their_alerts() -> None:
    fleet = Fleet("web", "db")
    fleet.inventory.update(an_xnode("web", tags=("a", "b")))
    fleet.inventory.update(an_xnode("db", tags=("b",)))
    fleet.fires("web", AlertSeverity.WARNING)
    fleet.fires("db", AlertSeverity.WARNING)
    view = fleet.overview.view()
    assert view.with_tags(()) is view
    assert [row.xnode for row in view.with_tags(["b"]).xnodes] == ["db", "web"]
    chosen = view.with_tags(["b", "a"])
    assert [row.xnode for row in chosen.xnodes] == ["web"]
    assert [alert.xnode for alert in chosen.alerts] == ["web"]


def test_an_alert_is_counted_at_its_xnode() -> None:
    fleet = Fleet("web", "db")
    fleet.look()
    fleet.fires("web", AlertSeverity.WARNING)
    rows = {row.xnode: row for row in fleet.overview.view().xnodes}
    assert (rows["web"].firing, rows["db"].firing) == (1, 0)
    assert rows["web"].health is not None
    assert fleet.clock.now() - rows["web"].health.checked_at < timedelta(seconds=1)
