"""What every channel does: the fake, and each real one towards a server of its kind."""

import io
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from capsule_adapters.notify.apprise import AppriseNotifier
from capsule_adapters.notify.console import ConsoleNotifier
from capsule_adapters.notify.deadline import InTime
from capsule_adapters.notify.email import EmailNotifier
from capsule_adapters.notify.slack import SlackNotifier
from capsule_adapters.notify.webhook import WebhookNotifier
from capsule_domain.errors import NotDelivered
from capsule_domain.models.channels import EmailChannel
from capsule_domain.ports.notifier import Notifier
from tests.fakes.clock import FakeClock
from tests.fakes.notifier import FakeNotifier
from tests.mail import PASSWORD, USER, make_authority, smtp_server
from tests.notifying import Answer, Receiver, alert, firing, receiver, resolved

# apprise asks for a module that Python 3.13 took away.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SECRET_PATH = "/services/T0/B0/s3cr3t"


@dataclass
class Channel:
    """A notifier, `sent` what arrived as text, and `fail` makes the next sending fail."""

    notifier: Notifier
    sent: Callable[[], Sequence[str]]
    fail: Callable[[], None]


Maker = Callable[[Path], AbstractContextManager[Channel]]


@contextmanager
def fake(_: Path) -> Iterator[Channel]:
    one = FakeNotifier()
    yield Channel(
        one,
        lambda: [sent.model_dump_json() for sent in one.sent],
        lambda: one.refusals.append(NotDelivered("fake", "no")),
    )


class _Stream(io.StringIO):
    broken = False

    def write(self, text: str) -> int:
        if self.broken:
            self.broken = False
            raise BrokenPipeError
        return super().write(text)


@contextmanager
def console(_: Path) -> Iterator[Channel]:
    stream = _Stream()

    def fail() -> None:
        stream.broken = True

    yield Channel(
        ConsoleNotifier(stream), lambda: [stream.getvalue()] if stream.getvalue() else [], fail
    )


@contextmanager
def email(folder: Path) -> Iterator[Channel]:
    authority = make_authority(folder)
    with smtp_server(folder) as (mailbox, port):
        settings = EmailChannel(
            enabled=True,
            host="127.0.0.1",
            port=port,
            username=USER,
            sender="capsule@example.org",
            recipients=("ops@example.org",),
            ca_file=str(authority),
        )
        yield Channel(
            EmailNotifier(settings, SecretStr(PASSWORD)),
            lambda: [f"{taken['Message-ID']} {taken.get_content()}" for taken in mailbox.taken],
            lambda: mailbox.refuses.append(f"451 not now, {PASSWORD}"),
        )


def over_http(make: Callable[[SecretStr], Notifier]) -> Maker:
    @contextmanager
    def made(_: Path) -> Iterator[Channel]:
        with receiver() as server:
            url = SecretStr(f"{server.url}{SECRET_PATH}")
            yield Channel(make(url), lambda: texts(server), lambda: refuse(server))

    return made


def texts(server: Receiver) -> Sequence[str]:
    return [json.dumps(json.loads(body), ensure_ascii=False) for _, _, body in server.posted]


def refuse(server: Receiver) -> None:
    """A server that quotes the URL it was asked for."""
    server.answers.append(Answer(status=500, body=f"{server.url}{SECRET_PATH}".encode()))


def webhook(url: SecretStr) -> Notifier:
    return WebhookNotifier(url, SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), FakeClock())


def apprise(url: SecretStr) -> Notifier:
    return AppriseNotifier(SecretStr(url.get_secret_value().replace("http://", "json://")))


MAKERS: dict[str, Maker] = {
    "fake": fake,
    "console": console,
    "email": email,
    "webhook": over_http(webhook),
    "slack": over_http(lambda url: SlackNotifier(url, FakeClock())),
    "apprise": over_http(apprise),
}


@pytest.fixture(params=MAKERS)
def channel(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Channel]:
    with ExitStack() as stack:
        made = stack.enter_context(MAKERS[request.param](tmp_path))
        made.notifier = InTime(made.notifier, 15.0)
        yield made


def test_its_name_is_the_one_that_settings_have(channel: Channel) -> None:
    assert channel.notifier.channel in ("fake", "console", "email", "webhook", "slack", "apprise")


def test_a_message_arrives_with_xnode_and_trouble(channel: Channel) -> None:
    channel.notifier.send(firing())
    (sent,) = channel.sent()
    assert "web-1" in sent
    assert "disk of / is at 97 %" in sent


def test_an_end_is_told(channel: Channel) -> None:
    channel.notifier.send(resolved())
    assert "resolved" in channel.sent()[-1]


def test_what_is_not_taken_is_told_without_any_secret(
    channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel.fail()
    with pytest.raises(NotDelivered) as failed:
        channel.notifier.send(firing())
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("mail")]
    told = f"{failed.value} {failed.value.hint} {failed.value.why} {ours}"
    assert "s3cr3t" not in told
    assert PASSWORD not in told
    channel.notifier.send(firing())


def test_a_thousand_xnodes_are_one_message(channel: Channel) -> None:
    before = len(channel.sent())
    channel.notifier.send(firing("m1", *(alert(number) for number in range(1, 1001))))
    after = channel.sent()
    assert len(after) == max(1, before + 1)
    assert "more" in after[-1] or len(after[-1]) > 100_000


def test_what_a_machine_says_steers_nothing(channel: Channel) -> None:
    channel.notifier.send(firing("m1", alert(message="boo\r\nBcc: x@y.z\x1b[2J <!channel>\u202e")))
    sent = channel.sent()[-1]
    if channel.notifier.channel != "fake":
        assert "\x1b" not in sent
        assert "\nBcc" not in sent
    if channel.notifier.channel == "slack":
        assert "<!channel>" not in sent
