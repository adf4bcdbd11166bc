"""What each channel owes beyond the contract: threads, TLS, signatures, pauses, limits."""

import base64
import hashlib
import hmac
import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from capsule_adapters.notify.apprise import AppriseNotifier
from capsule_adapters.notify.channels import Channels
from capsule_adapters.notify.deadline import InTime
from capsule_adapters.notify.email import EmailNotifier, mail
from capsule_adapters.notify.slack import SlackNotifier, message
from capsule_adapters.notify.webhook import WebhookNotifier, payload
from capsule_domain.errors import ConfigurationError, NotDelivered
from capsule_domain.models.channels import (
    ChannelName,
    ChannelSecrets,
    EmailChannel,
    SmtpSecurity,
)
from capsule_domain.models.monitoring import MonitoringSettings
from capsule_domain.models.notification import Notification
from tests.fakes.clock import FakeClock
from tests.fakes.monitoring_choices import FakeMonitoringChoices
from tests.fakes.notifier import FakeNotifier
from tests.mail import PASSWORD, USER, Mailbox, make_authority, smtp_server
from tests.notifying import Answer, Receiver, alert, firing, receiver, resolved

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def post(tmp_path: Path) -> Iterator[tuple[Mailbox, EmailChannel]]:
    authority = make_authority(tmp_path)
    with smtp_server(tmp_path) as (mailbox, port):
        yield mailbox, settings(port, ca_file=str(authority), username=USER)


def settings(port: int, **more: Any) -> EmailChannel:
    return EmailChannel(
        host="127.0.0.1",
        port=port,
        sender="capsule@example.org",
        recipients=("ops@example.org", "dev@example.org"),
        **more,
    )


def slack(server: Receiver) -> SlackNotifier:
    return SlackNotifier(SecretStr(f"{server.url}/s3cr3t"), FakeClock())


def webhook(server: Receiver, key: str | None = f"whsec_{KEY}") -> WebhookNotifier:
    url = SecretStr(f"{server.url}/s3cr3t")
    return WebhookNotifier(url, SecretStr(key) if key else None, FakeClock())


def refused(notifier: Any, notification: Notification | None = None) -> NotDelivered:
    with pytest.raises(NotDelivered) as failed:
        notifier.send(notification or firing())
    assert "s3cr3t" not in f"{failed.value}{failed.value.__cause__}{failed.value.__context__}"
    return failed.value


def test_firing_and_resolved_stand_in_one_thread(post: tuple[Mailbox, EmailChannel]) -> None:
    mailbox, chosen = post
    notifier = EmailNotifier(chosen, SecretStr(PASSWORD))
    for one in (firing("m1"), firing("m1"), resolved("m2")):
        notifier.send(one)
    first, again, end = mailbox.taken
    assert first["Message-ID"] == again["Message-ID"] != end["Message-ID"]
    assert first["In-Reply-To"] == end["In-Reply-To"] == end["References"]
    assert first["Subject"] == "[capsule] critical: disk on web-1"
    assert end["Subject"] == "[capsule] resolved: disk on web-1"
    assert mailbox.recipients[0] == ["ops@example.org", "dev@example.org"]
    assert mailbox.logged_in == [True, True, True]


def test_mail_never_goes_without_tls_unless_that_was_said(tmp_path: Path) -> None:
    with smtp_server(tmp_path, tls=False) as (mailbox, port):
        told = refused(EmailNotifier(settings(port), None))
        assert "STARTTLS" in told.why
        assert mailbox.taken == []
        EmailNotifier(settings(port, security=SmtpSecurity.NONE), None).send(firing())
        assert len(mailbox.taken) == 1


def test_a_server_that_does_not_prove_itself_gets_no_password(
    post: tuple[Mailbox, EmailChannel],
) -> None:
    mailbox, chosen = post
    stranger = chosen.model_copy(update={"ca_file": None})
    told = refused(EmailNotifier(stranger, SecretStr(PASSWORD)))
    assert "its certificate" in told.why
    assert mailbox.taken == []


def test_a_wrong_password_is_told_and_not_shown(post: tuple[Mailbox, EmailChannel]) -> None:
    told = refused(EmailNotifier(post[1], SecretStr("wrong-s3cr3t")))
    assert told.why.startswith(f"127.0.0.1:{post[1].port}: 535 ")
    assert not told.for_good


def test_what_one_recipient_gets_is_delivered(post: tuple[Mailbox, EmailChannel]) -> None:
    mailbox, chosen = post
    mailbox.unknown = {"dev@example.org"}
    EmailNotifier(chosen, SecretStr(PASSWORD)).send(firing())
    assert mailbox.recipients == [["ops@example.org"]]
    mailbox.unknown.add("ops@example.org")
    assert refused(EmailNotifier(chosen, SecretStr(PASSWORD))).for_good


@pytest.mark.parametrize(("code", "final"), [("451 later", False), ("554 spam", True)])
def test_a_server_says_whether_it_is_for_good(
    post: tuple[Mailbox, EmailChannel], code: str, *, final: bool
) -> None:
    post[0].refuses.append(code)
    assert refused(EmailNotifier(post[1], SecretStr(PASSWORD))).for_good is final


def test_a_server_that_takes_the_call_and_says_nothing_is_told_as_that() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        chosen = settings(silent.getsockname()[1])
        told = refused(EmailNotifier(chosen, None, timeout_seconds=0.2))
    assert "no answer in time" in told.message
    assert not told.for_good


def test_an_unreachable_server_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        told = refused(EmailNotifier(settings(taken.getsockname()[1]), None))
    assert told.why.endswith("connection refused")
    assert not told.for_good


def test_no_header_holds_a_line_break() -> None:
    evil = firing().model_copy(update={"group": "disk\r\nBcc: x@example.org"})
    assert mail(evil, settings(25))["Bcc"] is None
    with pytest.raises(ValueError, match="linefeed"):
        mail(firing(), settings(25).model_copy(update={"recipients": ("a@b\r\nBcc: c@d",)}))


def test_a_webhook_is_signed_and_keeps_its_id_on_retry(server: Receiver) -> None:
    server.answers.append(Answer(503))
    refused(webhook(server))
    webhook(server).send(firing())
    (_, one, first), (_, two, again) = server.posted
    assert one["webhook-id"] == two["webhook-id"] == "m1"
    assert first == again
    signed = f"m1.{two['webhook-timestamp']}.".encode() + again
    digest = hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()
    assert two["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_a_webhook_without_a_key_is_not_signed(server: Receiver) -> None:
    webhook(server, None).send(firing())
    assert "webhook-signature" not in server.posted[0][1]


def test_a_webhook_tells_what_scripts_need() -> None:
    told = payload(firing("m1", *(alert(number) for number in range(1, 1001))))
    assert told["type"] == "alert.firing"
    assert told["data"]["counts"] == {"firing": 1000, "resolved": 0}
    assert len(told["data"]["firing"]) == 200
    assert told["data"]["firing"][0]["key"] == "x1/disk//"
    assert len(json.dumps(told)) < 100_000


def test_a_redirect_is_refused_and_not_followed(server: Receiver) -> None:
    server.answers.append(Answer(307, {"location": f"{server.url}/elsewhere"}))
    assert refused(webhook(server)).why == "it answers with a redirect (HTTP 307)"
    assert len(server.posted) == 1


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_without_an_end_is_not_read(server: Receiver, status: int) -> None:
    server.answers.append(Answer(status, {"content-length": str(10**10)}, endless=True))
    if status == 200:
        webhook(server).send(firing())
    else:
        assert refused(webhook(server)).why == "HTTP 500"
    assert server.sent_bytes < 20_000_000


def test_slack_is_left_alone_as_long_as_it_asks(server: Receiver) -> None:
    server.answers.append(Answer(429, {"retry-after": "30"}, b"rate_limited"))
    told = refused(slack(server))
    assert (told.retry_after_seconds, told.for_good) == (30.0, False)
    assert told.why == "HTTP 429, rate_limited"


@pytest.mark.parametrize(
    ("status", "said", "final"),
    [(404, b"no_service", True), (400, b"invalid_payload", True), (500, b"Oops <html>", False)],
)
def test_what_slack_says_is_believed(
    server: Receiver, status: int, said: bytes, *, final: bool
) -> None:
    server.answers.append(Answer(status, body=said))
    assert refused(slack(server)).for_good is final


def test_slack_gets_no_more_than_it_takes() -> None:
    long = tuple(alert(number, message="x" * 5000) for number in range(1000))
    sent = message(firing("m1", *long))
    header, section, context = sent["blocks"]
    assert len(header["text"]["text"]) <= 150
    assert len(section["text"]["text"]) <= 3000
    assert "and 985 more" in section["text"]["text"]
    assert context["elements"][0]["text"] == "m1"


def test_a_channel_that_hangs_fails_in_time_and_begins_nothing_else(server: Receiver) -> None:
    server.answers.append(Answer(hangs=True))
    late = InTime(webhook(server), 0.2)
    assert refused(late).why == "not done within 0.2 s"
    assert refused(late).why == "the message before it still hangs"
    server.released.set()


def test_a_fault_of_ours_is_a_failure_like_any_other() -> None:
    class Broken(FakeNotifier):
        def send(self, notification: Notification) -> None:
            raise RuntimeError(f"s3cr3t {notification.id}")

    assert refused(InTime(Broken())).why == "unforeseen RuntimeError"


def test_a_url_that_apprise_does_not_know_is_told_by_its_number() -> None:
    told = refused(AppriseNotifier(SecretStr("nonsense-s3cr3t")))
    assert told.why == "URL 1 is none that apprise knows"


def channels(chosen: FakeMonitoringChoices) -> Channels:
    return Channels(chosen, FakeClock(), io.StringIO())


def test_channels_are_those_that_are_enabled_and_whole() -> None:
    url = SecretStr("https://hooks.example.org/x")
    choices = FakeMonitoringChoices(
        MonitoringSettings(slack=True, webhook=True), ChannelSecrets(slack_webhook=url)
    )
    found = channels(choices)
    assert sorted(found.enabled()) == ["console", "slack"]
    assert found.enabled() is found.enabled()
    choices.keep(ChannelSecrets(webhook_url=url))
    assert sorted(found.enabled()) == ["console", "slack", "webhook"]


@pytest.mark.parametrize("name", [ChannelName.SLACK, ChannelName.EMAIL])
def test_a_channel_that_is_not_whole_says_what_it_lacks(name: ChannelName) -> None:
    with pytest.raises(ConfigurationError):
        channels(FakeMonitoringChoices()).one(name)


def test_no_thread_is_left_behind(server: Receiver) -> None:
    before = threading.active_count()
    InTime(slack(server)).send(firing())
    assert threading.active_count() <= before + 1  # the server's own, on its way out
