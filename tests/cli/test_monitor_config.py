"""`monitor config` and `monitor outbox`, as a person meets them."""

from datetime import timedelta
from pathlib import Path

import pytest

from capsule_domain.errors import NotDelivered
from capsule_domain.models.book import Entry
from capsule_domain.models.monitoring import TakenOver
from capsule_domain.ports.engine_lock import Holder
from tests.cli.running import Ran, capsule, wired
from tests.fakes.alert_book import FakeAlertBook
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.monitoring_choices import FakeMonitoringChoices
from tests.fakes.notifier import FakeNotifier
from tests.fakes.probes import FakeProbes
from tests.fakes.samples import FakeSamples
from tests.fakes.supervision import FakeAnchors, FakeEngineLock
from tests.notifying import NOON, Answer, firing, receiver
from tests.services.watching import PLAN

URL = "https://hooks.example.org/services/T0/B0/s3cr3t"


def config(home: Path, *arguments: str, piped: str = "") -> Ran:
    return capsule("openmesh", "monitor", "config", *arguments, home=home, piped=piped)


def everything(ran: Ran, home: Path) -> str:
    """All that is said or logged; not what channels.yml keeps."""
    logs = [file.read_text() for file in home.glob("logs/*")]
    return " ".join([ran.stdout, ran.stderr, (home / "monitoring.yml").read_text(), *logs])


def test_what_is_set_is_kept_and_shown(tmp_path: Path) -> None:
    ran = config(tmp_path, "--check-interval", "30", "--cpu-warning", "60", "--disk-critical", "99")
    assert ran.code == 0
    shown = capsule("--json", "openmesh", "monitor", "config", "--show", home=tmp_path).data
    assert shown["check_interval_seconds"] == 30
    assert shown["cpu"] == {"warning": 60, "critical": 90}
    assert shown["disk"] == {"warning": 85, "critical": 99}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cpu-warning", "95"], "cpu: warning, 95 %, lies above critical, 90 %"),
        (["--memory-critical", "120"], "memory.critical: "),
        (["--check-interval", "0"], "check_interval_seconds: "),
        (["--enable-slack"], "slack cannot be enabled: there is no slack-webhook"),
        (["--enable-email"], "email: it is enabled, and there is no host"),
        (["--email-to", "a@b.c,d e@f.g"], "email.recipients.1: an address is such as"),
        (["--show", "--cpu-warning", "5"], "--show changes nothing"),
        (["--slack-webhook", "http://evil.example.org/s3cr3t"], "slack-webhook: it must be https"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_and_changes_nothing(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    ran = config(tmp_path, *arguments)
    assert ran.code == 2
    assert words in ran.stderr
    assert "s3cr3t" not in ran.stderr
    assert not (tmp_path / "monitoring.yml").exists()


def test_a_url_that_was_typed_works_and_is_told_how_to_be_unseen(tmp_path: Path) -> None:
    ran = config(tmp_path, "--enable-slack", "--slack-webhook", URL)
    assert ran.code == 0
    assert ran.stderr.count("shell's history") == 1
    assert "s3cr3t" not in everything(ran, tmp_path)
    assert URL in (tmp_path / "channels.yml").read_text()
    assert (tmp_path / "channels.yml").stat().st_mode & 0o777 == 0o600


def test_secrets_come_by_a_pipe_one_a_line(tmp_path: Path) -> None:
    ran = config(
        tmp_path,
        *("--secret", "slack-webhook", "--secret", "smtp-password", "--enable-slack"),
        piped=f"{URL}\ncorrect-horse\n",
    )
    assert (ran.code, "history" in ran.stderr) == (0, False)
    kept = (tmp_path / "channels.yml").read_text()
    assert kept == f"version: 1\nsmtp_password: correct-horse\nslack_webhook: {URL}\n"
    assert "correct-horse" not in everything(ran, tmp_path)


def test_secrets_are_asked_for_unseen_where_somebody_is_there() -> None:
    choices = FakeMonitoringChoices()
    ran = capsule(
        *("openmesh", "monitor", "config", "--secret", "slack-webhook"),
        wiring=wired(monitoring_choices=choices),
        answer=lambda question: URL if "slack-webhook" in question else "",
    )
    assert ran.code == 0
    assert choices.secrets().slack_webhook is not None
    assert "s3cr3t" not in ran.stdout + ran.stderr


def test_a_pipe_with_another_number_of_lines_is_refused(tmp_path: Path) -> None:
    ran = config(tmp_path, "--secret", "slack-webhook", piped=f"{URL}\nmore\n")
    assert ran.code == 2
    assert "2 lines" in ran.stderr


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    ran = capsule(
        "--dry-run", "openmesh", "monitor", "config", "--cpu-warning", "50", home=tmp_path
    )
    assert ran.code == 0
    assert "would be so" in ran.stderr
    assert not (tmp_path / "monitoring.yml").exists()


def test_a_test_message_arrives(tmp_path: Path) -> None:
    with receiver() as server:
        config(tmp_path, "--slack-webhook", f"{server.url}/s3cr3t")
        ran = config(tmp_path, "--test", "slack")
        assert (ran.code, len(server.posted)) == (0, 1)
        server.answers.append(Answer(404, body=b"no_service"))
        lost = config(tmp_path, "--test", "slack")
    assert lost.code == 8
    assert "slack did not take the message: HTTP 404, no_service" in lost.stderr


def test_a_channel_that_lacks_something_cannot_be_tested(tmp_path: Path) -> None:
    for channel in ("slack", "webhook", "email", "apprise"):
        ran = config(tmp_path, "--test", channel)
        assert ran.code == 3
        assert "there is no" in ran.stderr or "no host" in ran.stderr


def test_the_originals_file_is_taken_over_and_said() -> None:
    taken = TakenOver(kept_as="/h/monitoring.yml.orig", left_out=("auto_restart_on_failure",))
    choices = FakeMonitoringChoices(original=taken)
    ran = capsule(
        "openmesh", "monitor", "config", "--show", wiring=wired(monitoring_choices=choices)
    )
    assert "it is kept as /h/monitoring.yml.orig" in ran.stderr
    assert "not taken over: auto_restart_on_failure" in ran.stderr


def test_settings_change_what_the_collector_does(tmp_path: Path) -> None:
    config(tmp_path, "--cpu-warning", "40", "--disable-console")
    from capsule_cli.options import GlobalOptions
    from capsule_cli.wiring import wire

    plan = wire(GlobalOptions(home=tmp_path), {}).watch_plan()
    cpu = next(rule for rule in plan.rules if rule.name == "cpu")
    assert cpu.warning is not None
    assert (cpu.warning.enter, cpu.warning.leave) == (40, 35)
    assert plan.channels == ()


def outbox(book: FakeAlertBook, *arguments: str) -> Ran:
    clock = FakeClock(NOON + timedelta(hours=2))
    wiring = wired(outbox=book, clock=clock)
    return capsule(*arguments[:1], "openmesh", "monitor", "outbox", *arguments[1:], wiring=wiring)


def with_one_given_up() -> FakeAlertBook:
    book = FakeAlertBook()
    messages = (firing("m1"), firing("m2", thread="t2"))
    book.apply(Entry(notifications=messages, channels=("slack",)), book.revision)
    book.failed("m1", "slack", "HTTP 404, no_service", None)
    return book


def test_what_was_given_up_is_shown_with_its_reason() -> None:
    ran = outbox(with_one_given_up(), "-v")
    assert ran.code == 0
    assert "HTTP 404, no_service" in ran.stdout
    data = outbox(with_one_given_up(), "--json").data
    assert data["waiting"] == 1
    assert data["given_up"] == [
        {
            "id": "m1",
            "channel": "slack",
            "title": "critical: disk on web-1",
            "created_at": "2026-11-23T12:00:00Z",
            "attempts": 1,
            "next_at": None,
            "error": "HTTP 404, no_service",
        }
    ]
    assert data["delayed"] == []


def test_what_was_given_up_names_its_channel_since_when_and_how_to_try_again() -> None:
    lines = outbox(with_one_given_up(), "-v").stdout.splitlines()
    assert lines == [
        "waiting   1",
        "given up  1",
        "Given up:",
        "id  channel  what                     since  why",
        "m1  slack    critical: disk on web-1  2 h    HTTP 404, no_service (1 try)",
        "▸ capsule openmesh monitor outbox --retry ID",
        "▸ capsule openmesh monitor outbox --retry-all",
    ]


def test_what_was_refused_and_is_tried_again_says_why_it_is_late() -> None:
    book = with_one_given_up()
    book.failed("m2", "slack", "timed out", NOON + timedelta(hours=3))
    ran = outbox(book, "-v")
    assert "Delayed:" in ran.stdout
    assert "timed out (1 try)" in ran.stdout
    (late,) = outbox(book, "--json").data["delayed"]
    assert (late["id"], late["next_at"]) == ("m2", "2026-11-23T15:00:00Z")


@pytest.mark.parametrize("arguments", [("--retry", "m1"), ("--retry-all",)])
def test_what_was_given_up_is_tried_again(arguments: tuple[str, ...]) -> None:
    book = with_one_given_up()
    assert outbox(book, "-v", *arguments).code == 0
    assert list(book.dead()) == []
    assert book.waiting() == 2


def test_a_dry_run_tries_nothing_again() -> None:
    book = with_one_given_up()
    assert "would try again: m1" in outbox(book, "--dry-run", "--retry-all").stderr
    assert len(book.dead()) == 1


def test_two_wishes_and_an_unknown_message_are_refused() -> None:
    assert outbox(with_one_given_up(), "-v", "--retry", "m1", "--retry-all").code == 2
    assert outbox(with_one_given_up(), "-v", "--retry", "zzz").code == 4


def check(book: FakeAlertBook, notifier: FakeNotifier, lock: FakeEngineLock) -> Ran:
    clock = FakeClock(NOON)
    wiring = wired(
        clock=clock,
        choices=FakeChoices(),
        ledger=None,
        inventory=FakeInventory(),
        samples=FakeSamples(),
        probes=FakeProbes(clock),
        alert_book=book,
        outbox=book,
        notifiers={"slack": notifier},
        engine_lock=lock,
        anchors=FakeAnchors(),
        watch_plan=PLAN,
    )
    return capsule("openmesh", "monitor", "check", wiring=wiring)


def with_one_to_send() -> FakeAlertBook:
    book = FakeAlertBook()
    book.apply(Entry(notifications=(firing("m1"),), channels=("slack",)), book.revision)
    return book


def test_a_sweep_by_hand_sends_what_is_due() -> None:
    book, slack = with_one_to_send(), FakeNotifier("slack")
    assert check(book, slack, FakeEngineLock()).code == 0
    assert [one.id for one in slack.sent] == ["m1"]
    assert book.waiting() == 0


def test_a_sweep_beside_a_collector_leaves_sending_to_it() -> None:
    book, slack = with_one_to_send(), FakeNotifier("slack")
    other = Holder(pid=7, who="anna@laptop", since=NOON)
    assert check(book, slack, FakeEngineLock(other)).code == 0
    assert slack.sent == []
    assert book.waiting() == 1


def test_a_sweep_tells_what_could_not_be_sent() -> None:
    book, slack = with_one_to_send(), FakeNotifier("slack")
    slack.refusals.append(NotDelivered("slack", "HTTP 500"))
    ran = check(book, slack, FakeEngineLock())
    assert ran.code == 0
    assert "slack did not take the message: HTTP 500" in ran.stderr
    assert book.waiting() == 1
