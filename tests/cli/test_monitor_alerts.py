"""What a person sees of alerts, sweeps and silences; word for word, over fakes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from rich.cells import cell_len

from capsule_cli.alerts import paint_alerts
from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState
from capsule_domain.ports.engine_lock import Holder
from tests.cli.running import Ran, capsule, wired
from tests.cli.test_theme import on_terminal, seen
from tests.fakes.alert_book import FakeAlertBook
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.monitoring_choices import FakeMonitoringChoices
from tests.fakes.probes import DOWN, WELL, FakeProbes
from tests.fakes.samples import FakeSamples
from tests.fakes.supervision import FakeAnchors, FakeEngineLock, FakeSupervisor
from tests.services.watching import PLAN
from tests.xnodes import an_xnode


@dataclass
class Desk:
    """A command line over a fleet of two."""

    clock: FakeClock = field(default_factory=FakeClock)
    book: FakeAlertBook = field(default_factory=FakeAlertBook)
    lock: FakeEngineLock = field(default_factory=FakeEngineLock)
    samples: FakeSamples = field(default_factory=FakeSamples)

    def __post_init__(self) -> None:
        self.probes = FakeProbes(self.clock)
        self.inventory = FakeInventory([an_xnode("web", tags=("prod",)), an_xnode("db")])
        self.ids = (f"id{number}" for number in count(1))

    def says(self, *arguments: str) -> Ran:
        wiring = wired(
            clock=self.clock,
            choices=FakeChoices(),
            ledger=None,
            inventory=self.inventory,
            samples=self.samples,
            probes=self.probes,
            alert_book=self.book,
            outbox=self.book,
            notifiers={},
            monitoring_choices=FakeMonitoringChoices(),
            engine_lock=self.lock,
            supervisor=FakeSupervisor(),
            anchors=FakeAnchors(),
            watch_plan=PLAN,
            actor="anna@laptop",
            new_id=lambda: next(self.ids),
        )
        return capsule(*arguments[:1], "openmesh", "monitor", *arguments[1:], wiring=wiring)

    def monitor(self, *arguments: str, json: bool = False) -> Ran:
        return self.says("--json" if json else "-v", *arguments)


def down() -> Desk:
    desk = Desk()
    desk.probes.play("x-web", DOWN)
    return desk


def test_a_sweep_of_a_fleet_that_is_well_is_fine() -> None:
    ran = Desk().monitor("check")
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "xNode  status   what is wrong",
        "● db   healthy",
        "● web  healthy",
    ]


def test_a_sweep_by_hand_waits_for_nothing_and_ends_with_ten_when_something_fires() -> None:
    desk = down()
    ran = desk.monitor("check", "--all")
    assert ran.code == 10
    assert "○ web  unhealthy  ping: no answer; ssh: unreachable" in ran.stdout
    assert ran.stderr.splitlines() == [
        "✗ 2 alerts fire",
        "▸ capsule openmesh monitor ack ID takes one on",
    ]
    assert set(desk.samples.latest()) == {"x-web", "x-db"}
    desk.probes.play("x-web", WELL)
    desk.clock.advance(1)
    assert desk.monitor("check").code == 0


def test_a_sweep_beside_a_collector_waits_as_that_does() -> None:
    desk = down()
    desk.lock.other = Holder(pid=7, who="ben@desk", since=desk.clock.now())
    ran = desk.monitor("check", "--tags", "prod", json=True)
    assert ran.code == 0
    assert ran.data["waited"] is True
    assert [one["xnode"] for one in ran.data["health"]] == ["web"]
    assert {one["state"] for one in ran.data["alerts"]} == {"pending"}


def test_a_sweep_of_some_looks_at_those() -> None:
    desk = Desk()
    assert "db" not in desk.monitor("check", "web").stdout
    assert desk.monitor("check", "wob").code == 4
    assert desk.monitor("check", "web", "--all").code == 2
    assert desk.monitor("check", "--tags", "nobody").code == 4
    ran = desk.says("--dry-run", "check")
    assert (ran.code, ran.stdout) == (0, "would look at db, web\n")


def test_alerts_are_shown_by_severity_xnode_and_state() -> None:
    desk = down()
    assert desk.monitor("alerts").stdout == "none\n"
    desk.monitor("check")
    rows = desk.monitor("alerts", json=True).data
    assert [(one["rule"], one["severity"]) for one in rows] == [
        ("ssh", "critical"),
        ("ping", "warning"),
    ]
    assert {"id", "xnode", "rule", "instance", "severity", "state", "message", "value", "since"} | {
        "acknowledged_by"
    } <= rows[0].keys()
    assert rows[0]["xnode_id"] == "x-web"
    only = desk.monitor("alerts", "--severity", "warning", "--xnode-id", "web", json=True).data
    assert [one["rule"] for one in only] == ["ping"]
    assert desk.monitor("alerts", "--xnode-id", "db", json=True).data == []
    assert desk.monitor("alerts", "--state", "resolved", json=True).data == []
    assert desk.monitor("alerts", "--state", "all", "--limit", "1", json=True).data == rows[:1]
    assert desk.monitor("alerts", "--severity", "bad").code == 2
    assert "web  " in desk.monitor("alerts").stdout


def test_an_alert_is_taken_on_and_closed() -> None:
    desk = down()
    desk.monitor("check")
    ids = [one.id for one in desk.book.list()]
    ran = desk.says("--dry-run", "ack", ids[0])
    assert ran.stdout == f"✓ {ids[0]} would be taken on: web: unreachable\n"
    assert desk.book.get(ids[0]).acknowledged_by is None
    ran = desk.monitor("ack", ids[0], "--comment", "on it", json=True)
    assert (ran.data["acknowledged_by"], ran.data["comment"]) == ("anna@laptop", "on it")
    assert "anna@laptop" in desk.monitor("alerts").stdout
    assert desk.says("--dry-run", "resolve", ids[0]).code == 0
    assert desk.book.get(ids[0]).state is AlertState.FIRING
    ran = desk.monitor("resolve", ids[0])
    assert ran.stdout == f"✓ {ids[0]} is closed: web: unreachable\n"
    assert desk.monitor("ack", ids[0]).code == 5
    assert desk.monitor("ack", "nothing").code == 4
    assert desk.monitor("resolve", "nothing").code == 4


def test_a_silence_is_begun_shown_and_ended() -> None:
    desk = Desk()
    arguments = ("silence", "add", "--for", "8h", "--xnode", "web", "--severity", "warning")
    assert desk.says("--dry-run", *arguments).stdout.startswith(
        "✓ xnode web, severity warning would"
    )
    assert desk.monitor("silence", "list").stdout == "none\n"
    ran = desk.monitor(*arguments, "--comment", "moving house")
    assert ran.stdout == "✓ xnode web, severity warning is silent until 2026-11-23 20:00 UTC\n"
    (row,) = desk.monitor("silence", "list", json=True).data
    assert (row["xnode"], row["created_by"], row["comment"]) == (
        "web",
        "anna@laptop",
        "moving house",
    )
    assert "moving house" in desk.monitor("silence", "list").stdout
    assert desk.says("--dry-run", "silence", "remove", row["id"]).code == 0
    assert desk.monitor("silence", "remove", row["id"]).code == 0
    assert desk.book.silences(desk.clock.now() - timedelta(days=1)) == []
    assert desk.monitor("silence", "remove", row["id"]).code == 4


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--for", "8h"), 2, "say what is silenced"),
        (("--all",), 2, "--for"),
        (("--for", "8x", "--all"), 2, "'8x' is no length of a silence"),
        (("--for", "-1h", "--all"), 2, "no length"),
        (("--for", "8h", "--rule", "dsk"), 4, "did you mean disk"),
        (("--for", "8h", "--xnode", "wob"), 4, "did you mean web"),
        (("--for", "8h", "--severity", "bad"), 2, "severity 'bad'"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(
    arguments: tuple[str, ...], code: int, message: str
) -> None:
    ran = Desk().monitor("silence", "add", *arguments)
    assert ran.code == code
    assert message in ran.stderr


def test_a_second_collector_is_refused_with_who_runs() -> None:
    desk = Desk()
    desk.lock.other = Holder(pid=7, who="ben@desk", since=desk.clock.now())
    ran = desk.monitor("run")
    assert ran.code == 5
    assert "process 7 of ben@desk" in ran.stderr


def test_running_can_be_rehearsed() -> None:
    ran = Desk().says("--dry-run", "run")
    assert (ran.code, ran.stdout) == (0, "")
    assert ran.stderr == "would look at 2 xNodes every 60 s\n"


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (80, ["id", "alert", "xNode", "what", "since"]),
        (140, ["id", "severity", "state", "xNode", "rule", "what", "since", "taken", "by"]),
    ],
)
def test_alerts_are_a_table_on_a_terminal_of_eighty_columns_too(
    width: int, titles: list[str]
) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    alert = Alert(
        id="5f0a4b0e7b",
        xnode="web-1.shop.example",
        key=AlertKey(xnode_id="x", rule="disk-outlook", instance="/var"),
        severity=AlertSeverity.WARNING,
        state=AlertState.PENDING,
        message="a guess: /var is full in about 15 h if it goes on as in the last 24 h",
        since=now - timedelta(minutes=12, seconds=5),
        seen_at=now,
        acknowledged_by="anna@laptop",
    )
    screen, stream = on_terminal(width)
    paint_alerts(screen, [alert], now)
    lines = seen(stream)
    assert lines[0].split() == titles
    assert all(cell_len(line) <= width for line in lines)
    for word in ("5f0a4b0e7b", "warning", "disk-outlook", "12 min", "anna@laptop"):
        assert word in "\n".join(lines)
