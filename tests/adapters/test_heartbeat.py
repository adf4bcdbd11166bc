"""Signs of life to a real HTTP server: where they go, what is refused, what nobody may read."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from capsule_adapters.notify.channels import Channels
from capsule_adapters.notify.deadline import HeartbeatInTime
from capsule_adapters.notify.heartbeat import HttpHeartbeat
from capsule_domain.errors import ConfigurationError, NotDelivered
from capsule_domain.models.channels import ChannelSecrets
from capsule_domain.models.heartbeat import Beat
from capsule_domain.models.monitoring import MonitoringSettings
from tests.fakes.clock import FakeClock
from tests.fakes.monitoring_choices import FakeMonitoringChoices
from tests.notifying import Answer, Receiver, receiver

PATH = "/ping/s3cr3t-uuid"


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def heart(server: Receiver, path: str = PATH) -> HttpHeartbeat:
    return HttpHeartbeat(SecretStr(f"{server.url}{path}"), FakeClock())


def refused(one: HttpHeartbeat | HeartbeatInTime) -> NotDelivered:
    with pytest.raises(NotDelivered) as failed:
        one.send(Beat.GOOD)
    assert "s3cr3t" not in f"{failed.value}{failed.value.__cause__}{failed.value.__context__}"
    return failed.value


def test_each_kind_has_its_address(server: Receiver) -> None:
    for beat in Beat:
        heart(server).send(beat)
    assert [path for path, _, _ in server.posted] == [f"{PATH}/start", PATH, f"{PATH}/fail"]
    assert {body for _, _, body in server.posted} == {b""}


@pytest.mark.parametrize(
    ("given", "good", "bad"),
    [
        ("/ping/x/", "/ping/x/", "/ping/x/fail"),
        ("/push?token=x", "/push?token=x", "/push/fail?token=x"),
        ("", "/", "/fail"),
    ],
)
def test_what_is_asked_behind_the_path_stays_there(
    server: Receiver, given: str, good: str, bad: str
) -> None:
    one = heart(server, given)
    one.send(Beat.GOOD)
    one.send(Beat.FAIL)
    assert [path for path, _, _ in server.posted] == [good, bad]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(status=404), "HTTP 404"),
        (Answer(status=500, body=b"no: /ping/s3cr3t-uuid"), "HTTP 500"),
        (Answer(status=302, headers={"location": "/elsewhere"}), "a redirect (HTTP 302)"),
    ],
)
def test_anything_but_a_success_is_none(server: Receiver, answer: Answer, why: str) -> None:
    server.answers.append(answer)
    assert why in refused(heart(server)).why
    assert len(server.posted) == 1


def test_of_an_endless_answer_nothing_is_read(server: Receiver) -> None:
    server.answers += [Answer(endless=True), Answer(status=503, endless=True)]
    began = time.monotonic()
    heart(server).send(Beat.GOOD)
    assert refused(heart(server)).why == "HTTP 503"
    assert time.monotonic() - began < 5
    assert server.sent_bytes < 50_000_000


def test_one_that_hangs_comes_to_an_end(server: Receiver) -> None:
    server.answers.append(Answer(hangs=True))
    late = HeartbeatInTime(heart(server), 0.2)
    assert refused(late).why == "not done within 0.2 s"
    assert refused(late).why == "the message before it still hangs"


def test_nobody_there_is_told() -> None:
    gone = HttpHeartbeat(SecretStr("http://127.0.0.1:1/s3cr3t"), FakeClock())
    assert refused(gone).why == "no connection"


def test_the_url_is_in_no_log(server: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers.append(Answer(status=500))
    refused(heart(server))
    heart(server).send(Beat.GOOD)
    assert "s3cr3t" not in caplog.text
    assert "s3cr3t" not in repr(heart(server).__dict__)


def test_it_is_made_anew_when_the_url_changes_and_needs_one(server: Receiver) -> None:
    choices = FakeMonitoringChoices(MonitoringSettings())
    with Path("/dev/null").open("w") as nowhere:
        channels = Channels(choices, FakeClock(), nowhere)
        with pytest.raises(ConfigurationError, match="no heartbeat-url"):
            channels.heartbeat()
        choices.keep(ChannelSecrets(heartbeat_url=SecretStr(f"{server.url}/one")))
        first = channels.heartbeat()
        assert channels.heartbeat() is first
        choices.keep(ChannelSecrets(heartbeat_url=SecretStr(f"{server.url}/two")))
        channels.heartbeat().send(Beat.GOOD)
    assert [path for path, _, _ in server.posted] == ["/two"]
