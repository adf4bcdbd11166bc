"""Remedies and the heartbeat, as a person meets them: shown, set, refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from capsule_domain.models.heartbeat import HeartbeatSettings, Pulse
from capsule_domain.models.remediation import RemediationSettings, Remedy
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.ports.engine_lock import Holder
from tests.cli.running import Ran, capsule, wired
from tests.contracts.test_remediation_log import NOON, one
from tests.fakes.alert_book import FakeAlertBook
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.heartbeat import FakePulseLog
from tests.fakes.inventory import FakeInventory
from tests.fakes.remediation_log import FakeRemediationLog
from tests.fakes.samples import FakeSamples
from tests.fakes.supervision import FakeEngineLock
from tests.notifying import receiver
from tests.services.watching import PLAN
from tests.xnodes import an_xnode

ON = RemediationSettings(enabled=True, remedies=(Remedy(rule="ssh", reboot=True),))
WORKING = PLAN.model_copy(update={"remediation": ON})


def a_log() -> FakeRemediationLog:
    log = FakeRemediationLog()
    log.keep(
        [
            one(1, state="done"),
            one(2, state="failed", detail="restarting nginx.service failed (1)"),
            one(3, alert_id=None, xnode="", xnode_id="", state="held", instance="", remedy=""),
        ]
    )
    return log


def shown(*arguments: str, plan: WatchPlan = WORKING) -> Ran:
    clock = FakeClock(NOON + timedelta(minutes=4))
    wiring = wired(
        clock=clock,
        choices=FakeChoices(),
        inventory=FakeInventory([an_xnode("n0"), an_xnode("n1")]),
        remediation_log=a_log(),
        watch_plan=plan,
    )
    return capsule("openmesh", "monitor", "remediations", *arguments, wiring=wiring)


def test_what_was_done_and_what_not_is_shown_the_newest_last() -> None:
    lines = shown().stdout.splitlines()
    assert lines[0].split() == ["when", "xNode", "alert", "remedy", "state", "why"]
    assert [line.split("  ")[0] for line in lines[1:]] == ["3 min ago", "2 min ago", "1 min ago"]
    assert "restarting nginx.service failed (1)" in lines[2]
    assert lines[3].split()[3] == "fleet"


def test_it_is_shown_of_some_and_of_a_time() -> None:
    assert [row["id"] for row in shown("--json").data] == ["r1", "r2", "r3"]
    assert [row["id"] for row in shown("n1", "--json").data] == ["r1"]
    assert [row["id"] for row in shown("--since", "2m", "--json").data] == ["r2", "r3"]
    assert [row["id"] for row in shown("--limit", "1", "--json").data] == ["r3"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nobody"], 4, "no xnode named 'nobody'"),
        (["--since", "soon"], 2, "'soon' is no time"),
        (["--limit", "0"], 2, "--limit"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], code: int, words: str) -> None:
    ran = shown(*arguments)
    assert ran.code == code
    assert words in ran.stderr


def test_whether_anything_is_done_at_all_is_said() -> None:
    assert "switched off" in shown(plan=PLAN).stdout
    assert "switched off" not in shown().stdout
    dry = PLAN.model_copy(update={"remediation": ON.model_copy(update={"dry_run": True})})
    assert "a dry run: all is decided, and nothing done" in shown(plan=dry).stdout


def config(home: Path, text: str) -> Ran:
    (home / "monitoring.yml").write_text(text)
    return capsule("openmesh", "monitor", "config", home=home)


def test_remedies_are_set_in_the_file_and_shown(tmp_path: Path) -> None:
    said = """\
remediation:
  enabled: true
  dry_run: true
  hourly_per_xnode: 1
  remedies:
  - {rule: service, instance: nginx.service, restart_unit: nginx.service}
  - {rule: disk, run: [journalctl, --vacuum-size=200M], deadline_seconds: 120}
"""
    text = config(tmp_path, said).stdout
    assert "● dry run" in text
    assert "service nginx.service  restart nginx.service" in text
    assert "disk                   run journalctl --vacuum-size=200M" in text
    assert "1 an hour, 30 min after one of the same rule" in text
    data = capsule("--json", "openmesh", "monitor", "config", home=tmp_path).data["remediation"]
    assert data["remedies"][1]["run"] == ["journalctl", "--vacuum-size=200M"]


@pytest.mark.parametrize(
    ("remediation", "words"),
    [
        ("{enabled: true}", "remediation: it is enabled, and there are no remedies"),
        ("{remedies: [{rule: ssh}]}", "remedies.0: a remedy is one of restart_unit, reboot and"),
        ("{remedies: [{rule: ssh, reboot: true, run: [ls]}]}", "remedies.0: a remedy is one of"),
        ("{remedies: [{rule: serivce, reboot: true}]}", "remedies.0: no rule named 'serivce'; did"),
        ("{remedies: [{rule: disk, run: rm -rf /}]}", "remedies.0.run: run is a list"),
        ("{remedies: [{rule: disk, run: ['', x]}]}", "remedies.0: run begins with a program"),
        ("{remedies: [{rule: disk, run: [1]}]}", "remedies.0.run.0: "),
        ("{remedies: [{rule: disk, restart_unit: nginx}]}", "remedies.0.restart_unit: the whole"),
        ("{remedies: [{rule: disk, restart_unit: -x.service}]}", "remedies.0.restart_unit: the"),
        ("{remedies: [{rule: ssh, run: [ls]}]}", "ssh says that SSH does not answer"),
        ("{remedies: [{rule: budget, reboot: true}]}", "budget has no remedy: it is of the fleet"),
        ("{remedies: [{rule: host-key, reboot: true}]}", "host-key has no remedy: it says that"),
        ("{hourly_per_xnode: 0}", "remediation.hourly_per_xnode: "),
        ("{hourly_in_fleet: 2.5}", "remediation.hourly_in_fleet: "),
        ("{breaker_percent: 120}", "remediation.breaker_percent: "),
        ("{cooldown_seconds: .nan}", "remediation.cooldown_seconds: "),
        ("{remedies: [{rule: disk, run: [ls], deadline_seconds: 0}]}", "deadline_seconds: "),
        ("{enable: true}", "unknown key; did you mean enabled?"),
    ],
)
def test_a_remedy_that_can_be_none_is_refused_with_the_field(
    tmp_path: Path, remediation: str, words: str
) -> None:
    ran = config(tmp_path, f"remediation: {remediation}\n")
    assert ran.code == 3
    assert words in ran.stderr


def test_no_collector_begins_with_a_remedy_that_can_be_none(tmp_path: Path) -> None:
    told = config(tmp_path, "remediation: {remedies: [{rule: nothing, reboot: true}]}\n").stderr
    collector = capsule("openmesh", "monitor", "run", "--dry-run", home=tmp_path)
    assert (collector.code, collector.stderr) == (3, told)


def test_remedies_are_switched_by_hand_and_need_some(tmp_path: Path) -> None:
    monitor = ("openmesh", "monitor", "config")
    refused = capsule(*monitor, "--enable-remedies", home=tmp_path)
    assert refused.code == 2
    assert "remediation: it is enabled, and there are no remedies" in refused.stderr
    config(tmp_path, "remediation: {remedies: [{rule: ssh, reboot: true}]}\n")
    assert "● on" in capsule(*monitor, "--enable-remedies", home=tmp_path).stdout
    off = capsule(*monitor, "--disable-remedies", "--json", home=tmp_path).data["remediation"]
    assert (off["enabled"], off["remedies"][0]["rule"]) == (False, "ssh")


def test_a_heartbeat_needs_a_url_and_shows_nothing_of_it(tmp_path: Path) -> None:
    monitor = ("openmesh", "monitor", "config")
    refused = capsule(*monitor, "--enable-heartbeat", home=tmp_path)
    assert refused.code == 2
    assert "heartbeat cannot be enabled: there is no heartbeat-url" in refused.stderr
    assert capsule(*monitor, "--test", "heartbeat", home=tmp_path).code == 3
    with receiver() as server:
        url = f"{server.url}/ping/s3cr3t"
        wish = (*monitor, "--enable-heartbeat", "--secret", "heartbeat-url")
        told = [
            capsule(*wish, home=tmp_path, piped=f"{url}\n"),
            capsule(*monitor, "--test", "heartbeat", home=tmp_path),
            capsule("--json", *monitor, home=tmp_path),
        ]
        assert [path for path, _, _ in server.posted] == ["/ping/s3cr3t"]
    assert [ran.code for ran in told] == [0, 0, 0]
    assert "heartbeat  ● every 60 s, its URL is kept" in told[0].stdout
    assert "the heartbeat arrived" in told[1].stderr
    assert told[2].data["secrets"]["heartbeat_url"] is True
    logs = [file.read_text() for file in tmp_path.glob("logs/*")]
    said = [*logs, (tmp_path / "monitoring.yml").read_text()]
    assert "s3cr3t" not in "".join([ran.stdout + ran.stderr for ran in told] + said)
    assert (tmp_path / "channels.yml").stat().st_mode & 0o777 == 0o600
    failed = capsule(*monitor, "--test", "heartbeat", home=tmp_path)
    assert failed.code == 8
    assert "no connection" in failed.stderr


def status(pulse: Pulse, *arguments: str, runs: bool = True, enabled: bool = True) -> Ran:
    log = FakePulseLog()
    log.pulse = pulse
    clock = FakeClock(NOON)
    holder = Holder(pid=7, who="anna@laptop", since=NOON)
    settings = HeartbeatSettings(enabled=enabled)
    wiring = wired(
        clock=clock,
        choices=FakeChoices(),
        inventory=FakeInventory([an_xnode("n0")]),
        samples=FakeSamples(),
        alert_book=FakeAlertBook(),
        engine_lock=FakeEngineLock(other=holder if runs else None),
        pulse_log=log,
        watch_plan=PLAN.model_copy(update={"heartbeat": settings}),
    )
    return capsule("openmesh", "monitor", "status", *arguments, wiring=wiring)


def test_status_tells_how_the_heartbeat_fares() -> None:
    arrived = NOON - timedelta(seconds=20)
    assert "heartbeat: one arrived 20 s ago\n" in status(Pulse(arrived_at=arrived)).stdout
    lost = Pulse(arrived_at=arrived, missed=3, failures=7, error="HTTP 404")
    words = "heartbeat: 3 in a row did not arrive: HTTP 404; one arrived 20 s ago"
    assert words in status(lost).stdout
    assert status(lost, "--json").data["heartbeat"]["failures"] == 7
    over = status(Pulse(arrived_at=arrived, failures=2)).stdout
    assert "one arrived 20 s ago, 2 did not since the collector began" in over
    assert "none is sent without a collector" in status(lost, runs=False).stdout
    off = status(lost, enabled=False)
    assert "heartbeat" not in off.stdout
    assert status(lost, "--json", enabled=False).data["heartbeat"] is None
