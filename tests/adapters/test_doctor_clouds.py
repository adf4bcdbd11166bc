"""What doctor asks the clouds: whose key it is, and what time it is."""

import socket
import threading
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from capsule_adapters.doctor import clouds
from capsule_adapters.doctor.check import Check, SideBySide
from capsule_domain.errors import CapsuleError, CredentialsRefused, ProviderUnavailable
from capsule_domain.models.diagnosis import Diagnosis
from capsule_domain.models.server import Account
from tests.fakes.clock import FakeClock
from tests.fakes.provider import FakeProvider


def only(found: Iterable[Diagnosis]) -> Diagnosis:
    (one,) = found
    return one


class AccountOnly(FakeProvider):
    """A cloud whose account is as told."""

    said: Account | CapsuleError = Account(provider="digitalocean", identity="me", active=True)

    def account(self) -> Account:
        if isinstance(self.said, CapsuleError):
            raise self.said
        return self.said


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (Account(provider="digitalocean", identity="me@example.org", active=True), "ok"),
        (Account(provider="digitalocean", identity="me", active=False, detail="locked"), "error"),
        (CredentialsRefused("digitalocean", "unable to authenticate", hint="a new key"), "error"),
        (ProviderUnavailable("digitalocean", "no answer"), "warning"),
    ],
)
def test_a_cloud_is_asked_whose_key_it_is(said: Account | CapsuleError, verdict: str) -> None:
    provider = AccountOnly()
    provider.said = said
    checks = [Check("cloud", lambda: clouds.cloud("do", lambda: ["do"], lambda _: provider))]
    assert only(SideBySide(checks).run()).verdict == verdict


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (Account(provider="equinix", identity="me@example.org", active=True), "ok"),
        (ProviderUnavailable("equinix", "no answer"), "skipped"),
    ],
)
def test_of_a_cloud_that_has_ended_silence_is_no_news(
    said: Account | CapsuleError, verdict: str
) -> None:
    provider = AccountOnly()
    provider.said = said
    found = clouds.cloud("old", lambda: ["old"], lambda _: provider, ended=date(2026, 6, 30))
    told = only(found)
    assert told.verdict == verdict
    assert verdict == "ok" or told.message == "old ended on 2026-06-30, and does not answer"


def test_a_cloud_without_a_key_is_not_asked() -> None:
    def connect(name: str) -> FakeProvider:
        raise AssertionError(f"{name} was asked")

    assert only(clouds.cloud("do", list, connect)).verdict == "skipped"


@pytest.mark.parametrize(
    ("date", "verdict", "said"),
    [
        ("Mon, 23 Nov 2026 12:00:01 GMT", "ok", "within 1 s"),
        ("Mon, 23 Nov 2026 12:01:00 GMT", "warning", "60 s behind"),
        ("Mon, 23 Nov 2026 11:50:00 GMT", "error", "10 min ahead"),
        ("Sun, 22 Nov 2026 12:00:00 GMT", "error", "24 h ahead"),
    ],
)
def test_the_clock_is_held_beside_a_clouds(date: str, verdict: str, said: str) -> None:
    asked: list[str] = []

    def head(url: str) -> Mapping[str, str]:
        asked.append(url)
        return {"DATE": date}

    found = only(clouds.clock(lambda: ["do"], lambda _: "https://cloud.invalid", head, FakeClock()))
    assert asked == ["https://cloud.invalid"]
    assert (found.verdict, said in found.message) == (verdict, True)


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Nov 2026 12:00:01 GMT"])
def test_a_cloud_that_tells_no_time_is_passed_over(date: str) -> None:
    dates = {"https://a.invalid": date, "https://b.invalid": "Mon, 23 Nov 2026 12:00:00 GMT"}

    def both() -> list[str]:
        return ["a", "b"]

    def where(name: str) -> str:
        return f"https://{name}.invalid"

    found = only(clouds.clock(both, where, lambda url: {"date": dates[url]}, FakeClock()))
    assert "agrees with b's" in found.message
    alone = only(clouds.clock(lambda: ["a"], where, lambda _: {"date": date}, FakeClock()))
    assert alone.verdict == "skipped"


def test_without_a_cloud_there_is_no_time_to_compare_with() -> None:
    def head(url: str) -> Mapping[str, str]:
        raise ConnectionError(url)

    assert only(clouds.clock(list, lambda _: None, head, FakeClock())).verdict == "skipped"
    found = clouds.clock(lambda: ["do"], lambda _: "https://x.invalid", head, FakeClock())
    assert only(found).verdict == "skipped"


class _Server(BaseHTTPRequestHandler):
    seen: list[Mapping[str, str]] = []  # noqa: RUF012  (one test, one server)

    def do_HEAD(self) -> None:
        self.seen.append(dict(self.headers))
        self.send_response(401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on stderr."""


def test_the_time_is_asked_without_any_key() -> None:
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        headers = clouds.http_head(f"http://127.0.0.1:{server.server_port}")
        thread.join()
    assert {name.lower() for name in headers} >= {"date", "server"}
    (asked,) = _Server.seen
    assert "authorization" not in {name.lower() for name in asked}


def test_where_nobody_answers_the_time_is_not_known() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(OSError):  # noqa: PT011  (its kind is all that is promised)
            clouds.http_head(f"http://127.0.0.1:{port}")
