"""JsonApi over real HTTP: every trouble is the right error, and nothing is asked twice
that could rent twice."""

import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import SecretStr

from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.power import when_free
from capsule_adapters.rest.refusals import Busy, Refusal, Subject
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.faults import Fault
from capsule_adapters.sandbox.http import Request
from capsule_domain.errors import (
    CapsuleError,
    ConfigurationError,
    CredentialsRefused,
    NotFound,
    OutOfStock,
    PermissionMissing,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)
from tests.fakes.clock import FakeClock
from tests.simulators.plain import PlainApi

SENTINEL = "sentinel-7f3a9c2e51d84b60"
PATIENCE = Patience(
    connect_seconds=20.0, read_seconds=60.0, answer_max_bytes=256 * 1024, attempts=4
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cloud(clock: FakeClock) -> Iterator[PlainApi]:
    with PlainApi(clock) as running:
        yield running


@pytest.fixture
def api(cloud: PlainApi, clock: FakeClock) -> Iterator[JsonApi]:
    made = _api(cloud.url, clock)
    yield made
    made.close()


def _api(url: str, clock: FakeClock, token: str = SENTINEL) -> JsonApi:
    return JsonApi(
        "testcloud",
        url,
        auth_headers={"x-auth-token": SecretStr(token)},
        clock=clock,
        patience=PATIENCE,
        refusals=(
            Refusal("sold out", OutOfStock),
            Refusal("too many", QuotaExceeded),
            Refusal("is locked", Busy),
        ),
        randomness=lambda: 0.5,
    )


def _calls(api: JsonApi) -> dict[str, Callable[[], Any]]:
    return {
        "GET": lambda: api.get("/things"),
        "POST": lambda: api.post("/things", body={"user_data": SecretStr(f"key {SENTINEL}")}),
        "DELETE": lambda: api.delete("/things", idempotent=True),
    }


REFUSALS: list[tuple[Fault, type[CapsuleError]]] = [
    (faults.status(401), CredentialsRefused),
    (faults.status(403), PermissionMissing),
    (faults.status(403, "too many servers"), QuotaExceeded),
    (faults.status(409), ProviderError),
    (faults.status(412, "This is SOLD OUT"), OutOfStock),
    (faults.status(422), ProviderError),
    (faults.status(422, "sold out"), OutOfStock),
    (faults.status(418), ProviderError),
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    ("fault", "expected"), REFUSALS, ids=lambda v: getattr(v, "__name__", None) or v.status
)
def test_a_refusal_is_the_right_error_and_asked_once(
    api: JsonApi, cloud: PlainApi, method: str, fault: Fault, expected: type[CapsuleError]
) -> None:
    cloud.faults.add(fault, times=9)
    with pytest.raises(expected) as caught:
        _calls(api)[method]()
    assert type(caught.value) is expected
    assert isinstance(caught.value, ProviderError)
    assert caught.value.request_id == cloud.exchanges[-1].headers["X-Request-Id"]
    assert cloud.count(method) == 1


PASSING: list[tuple[str, Fault, type[ProviderUnavailable]]] = [
    ("429", faults.status(429), RateLimited),
    ("429 for 7 s", faults.status(429, retry_after="7"), RateLimited),
    ("500", faults.status(500), ProviderUnavailable),
    ("503", faults.status(503), ProviderUnavailable),
    ("503 for 7 s", faults.status(503, retry_after="7"), ProviderUnavailable),
    ("reset before", faults.reset_before(), ProviderUnavailable),
    ("reset after", faults.lost_answer(), ProviderUnavailable),
    ("web page", faults.web_page(), ProviderUnavailable),
    ("web page 403", faults.web_page(403), ProviderUnavailable),
    ("web page 404", faults.web_page(404), ProviderUnavailable),
    ("web page 502", faults.web_page(502), ProviderUnavailable),
    ("empty", faults.empty(), ProviderUnavailable),
    ("half", faults.half_json(), ProviderUnavailable),
]


@pytest.mark.parametrize(("name", "fault", "expected"), PASSING, ids=[p[0] for p in PASSING])
def test_a_post_is_never_repeated(
    api: JsonApi,
    cloud: PlainApi,
    name: str,
    fault: Fault,
    expected: type[ProviderUnavailable],
) -> None:
    cloud.faults.add(fault, times=9)
    with pytest.raises(ProviderUnavailable) as caught:
        _calls(api)["POST"]()
    assert isinstance(caught.value, expected)
    assert cloud.count("POST") == 1
    turned_away = isinstance(caught.value, RateLimited)
    assert caught.value.sent is not turned_away


@pytest.mark.parametrize(("name", "fault", "expected"), PASSING, ids=[p[0] for p in PASSING])
def test_a_read_is_repeated_until_it_succeeds(
    api: JsonApi,
    cloud: PlainApi,
    clock: FakeClock,
    *,
    name: str,
    fault: Fault,
    expected: object,
) -> None:
    cloud.faults.add(fault, times=2)
    assert _calls(api)["GET"]().body == {"fine": True}
    assert cloud.count("GET") == 3
    if "for 7 s" in name:
        assert clock.slept == [7.25, 7.25]
    else:
        assert clock.slept == [0.375, 0.75]


@pytest.mark.parametrize(("name", "fault", "expected"), PASSING, ids=[p[0] for p in PASSING])
def test_patience_ends(
    api: JsonApi,
    cloud: PlainApi,
    name: str,
    fault: Fault,
    expected: type[ProviderUnavailable],
) -> None:
    cloud.faults.add(fault, times=9)
    with pytest.raises(expected):
        _calls(api)["GET"]()
    assert cloud.count("GET") == PATIENCE.attempts


def test_an_answer_that_stalls_is_given_up(cloud: PlainApi, clock: FakeClock) -> None:
    cloud.faults.add(faults.slow(5.0), times=9)
    hasty = Patience(read_seconds=0.2, attempts=2)
    api = JsonApi("testcloud", cloud.url, auth_headers={}, clock=clock, patience=hasty)
    with pytest.raises(ProviderUnavailable, match="no answer in time"):
        api.get("/things")
    assert cloud.count("GET") == 2
    with pytest.raises(ProviderUnavailable, match="no answer in time") as caught:
        api.post("/things", body={})
    assert caught.value.sent
    assert cloud.count("POST") == 1
    api.close()


def test_an_idempotent_delete_is_repeated_and_another_is_not(api: JsonApi, cloud: PlainApi) -> None:
    cloud.faults.add(faults.status(503), times=2)
    api.delete("/things", idempotent=True)
    assert cloud.count("DELETE") == 3
    cloud.faults.add(faults.status(503))
    with pytest.raises(ProviderUnavailable):
        api.delete("/things")
    assert cloud.count("DELETE") == 4


def test_a_delete_believes_no_web_page(api: JsonApi, cloud: PlainApi) -> None:
    for page in (faults.web_page(200), faults.web_page(404)):
        cloud.faults.add(page, times=9)
        with pytest.raises(ProviderUnavailable):
            api.delete("/things", subject=Subject("thing", "1"), idempotent=True)
        cloud.faults.clear()


def test_a_delete_needs_no_body(api: JsonApi, cloud: PlainApi) -> None:
    cloud.respond = lambda _: Answer(204)
    assert api.delete("/things").body is None
    assert api.post("/things", body={}, reads=False).body is None


@pytest.mark.parametrize("code", [400, 422, 500])
def test_a_cloud_that_is_busy_is_asked_again_later(
    api: JsonApi, cloud: PlainApi, clock: FakeClock, code: int
) -> None:
    cloud.faults.add(faults.status(code, "the server is locked"), times=3)
    when_free(clock, lambda: api.delete("/things/1", idempotent=True), 60.0)
    assert cloud.count("DELETE") == 4
    assert clock.slept == [0.5, 0.75, 1.125]


def test_a_cloud_that_stays_busy_is_told(api: JsonApi, cloud: PlainApi, clock: FakeClock) -> None:
    cloud.faults.add(faults.status(500, "the server is locked"), times=99)
    with pytest.raises(Busy, match="the server is locked"):
        when_free(clock, lambda: api.delete("/things/1", idempotent=True), 60.0)
    assert 60 <= sum(clock.slept) <= 65


def test_a_500_with_other_words_is_no_refusal(api: JsonApi, cloud: PlainApi) -> None:
    cloud.faults.add(faults.status(500, "sold out"), times=99)
    with pytest.raises(ProviderUnavailable) as caught:
        api.post("/things", body={})
    assert caught.value.sent


def test_a_404_names_what_was_looked_for(api: JsonApi, cloud: PlainApi) -> None:
    cloud.faults.add(faults.status(404), times=2)
    with pytest.raises(NotFound, match="no testcloud server named '17'"):
        api.get("/servers/17", subject=Subject("server", "17"))
    with pytest.raises(ProviderError):
        api.post("/servers", body={})


def test_an_empty_404_is_a_404(api: JsonApi, cloud: PlainApi) -> None:
    cloud.faults.add(faults.empty(404))
    with pytest.raises(NotFound):
        api.get("/servers/17", subject=Subject("server", "17"))


def test_retry_after_may_be_a_date_by_the_clouds_clock(
    api: JsonApi, cloud: PlainApi, clock: FakeClock
) -> None:
    moment = format_datetime(clock.now() + timedelta(seconds=12), usegmt=True)
    cloud.faults.add(faults.status(429, retry_after=moment))
    api.get("/things")
    assert clock.slept == [12.25]


@pytest.mark.parametrize("junk", ["soon", "-5", "nan", "inf", "", "Thu, 99 Foo 2026"])
def test_a_senseless_retry_after_counts_as_none(
    api: JsonApi, cloud: PlainApi, clock: FakeClock, junk: str
) -> None:
    cloud.faults.add(faults.status(429, retry_after=junk))
    api.get("/things")
    assert clock.slept == [0.375]


def test_a_wait_too_long_to_sit_out_is_told_at_once(
    api: JsonApi, cloud: PlainApi, clock: FakeClock
) -> None:
    cloud.faults.add(faults.status(429, retry_after="3600"), times=9)
    with pytest.raises(RateLimited) as caught:
        api.get("/things")
    assert caught.value.retry_after_seconds == 3600
    assert clock.slept == []


def test_a_refused_connection_was_surely_not_sent(clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    api = _api(f"http://127.0.0.1:{port}", clock)
    with pytest.raises(ProviderUnavailable, match="cannot connect") as caught:
        api.post("/things", body={})
    assert caught.value.sent is False
    api.close()


def test_an_endless_answer_is_cut_off(api: JsonApi, cloud: PlainApi) -> None:
    cloud.faults.add(faults.endless(2 * 1024**3), times=2)
    with pytest.raises(ProviderError, match="more than 262,144 bytes") as caught:
        api.get("/things")
    assert not isinstance(caught.value, ProviderUnavailable)
    assert cloud.count("GET") == 1
    with pytest.raises(ProviderUnavailable) as lost:
        api.post("/things", body={})
    assert lost.value.sent


def test_an_answer_that_takes_for_ever_is_given_up(cloud: PlainApi, clock: FakeClock) -> None:
    api = JsonApi(
        "testcloud",
        cloud.url,
        auth_headers={},
        clock=clock,
        patience=Patience(whole_answer_seconds=0.0, attempts=1),
    )

    def tick(_request: Request) -> Answer:
        clock.advance(1.0)
        return Answer(200, ["x" * 200_000])

    cloud.respond = tick
    assert len(api.get("/things").body) == 1  # the clock stood still while it was read
    drip = _TickingClock()
    slow = JsonApi(
        "testcloud",
        cloud.url,
        auth_headers={},
        clock=drip,
        patience=Patience(whole_answer_seconds=3.0, attempts=1),
    )
    with pytest.raises(ProviderUnavailable, match="too long"):
        slow.get("/things")
    api.close()
    slow.close()


class _TickingClock(FakeClock):
    """Every look at it costs two seconds."""

    def monotonic(self) -> float:
        self.advance(2.0)
        return super().monotonic()


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(
    api: JsonApi, cloud: PlainApi, clock: FakeClock, code: int
) -> None:
    with PlainApi(clock) as elsewhere:
        cloud.faults.add(faults.redirect(f"{elsewhere.url}/things", code), times=2)
        with pytest.raises(ProviderError, match=r"a redirect to 127\.0\.0\.1"):
            api.get("/things")
        with pytest.raises(ProviderUnavailable):
            api.post("/things", body={})
        assert len(elsewhere.exchanges) == 0


@pytest.mark.parametrize(
    "junk",
    [b"nonsense", b'{"a": NaN}', b'{"a": 1', b"[" * 100_000, b"9" * 5000, b"\xff\xfe", b"{'a': 1}"],
    ids=lambda b: repr(b[:12]),
)
def test_what_is_not_json_is_unavailable(api: JsonApi, cloud: PlainApi, junk: bytes) -> None:
    cloud.faults.add(Fault(faults.Trouble.BODY, body=junk), times=9)
    with pytest.raises(ProviderUnavailable, match="not whole JSON"):
        api.get("/things")


def test_prices_keep_the_digits_that_the_cloud_wrote(api: JsonApi, cloud: PlainApi) -> None:
    cloud.faults.add(Fault(faults.Trouble.BODY, body=b'{"price": 0.10}'))
    assert str(api.get("/things").body["price"]) == "0.10"


def test_the_secret_goes_to_the_cloud_and_nowhere_else(
    cloud: PlainApi, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    api = _api(cloud.url, clock)
    told = [repr(api), repr(vars(api)), str(api)]
    quoting = f'you sent {SENTINEL} and "key {SENTINEL}"'
    with caplog.at_level(logging.DEBUG):
        for _, fault, _ in PASSING:
            cloud.faults.add(fault, times=9)
            told += _failures(api)
            cloud.faults.clear()
        for fault, _ in [*REFUSALS, (faults.status(400, quoting), ProviderError)]:
            cloud.faults.add(fault, times=9)
            told += _failures(api)
            cloud.faults.clear()
        cloud.faults.add(faults.status(401, quoting), times=9)
        told += _failures(api)
    api.close()
    assert len(told) > 100
    assert SENTINEL not in "\n".join([*told, caplog.text])
    assert any("[secret]" in line for line in told)
    assert any(e.request.headers.get("x-auth-token") == SENTINEL for e in cloud.exchanges)
    assert any(SENTINEL in e.request.body.decode() for e in cloud.exchanges)


def _failures(api: JsonApi) -> list[str]:
    """Every way in which a failure can be shown."""
    told = []
    for call in _calls(api).values():
        try:
            call()
        except CapsuleError as error:
            told += [str(error), repr(error), str(error.hint), repr(vars(error))]
            told += traceback.format_exception(error)
    assert told
    return told


def test_each_request_is_one_log_line_without_its_query(
    api: JsonApi, cloud: PlainApi, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="capsule.rest"):
        api.get("/things", query={"name": "private"})
    request_id = cloud.exchanges[-1].headers["X-Request-Id"]
    ours = [r.message for r in caplog.records if r.name == "capsule.rest"]
    assert ours == [f"testcloud GET /things 200 0 ms {request_id}"]


@pytest.mark.parametrize("bad", [f"{SENTINEL}\n", f" {SENTINEL}", f"{SENTINEL}é", f"{SENTINEL}\0"])
def test_a_key_that_is_no_header_is_refused_unseen(clock: FakeClock, bad: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _api("https://testcloud.example", clock, token=bad)
    assert SENTINEL not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url",
    [
        "http://testcloud.example",
        "http://localhost.testcloud.example",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://user:pass@testcloud.example",
        "https://testcloud.example?key=1",
        "https://testcloud.example#x",
        "testcloud.example",
        "https://",
        "https://[::1",
        "https://a b",
        "https://tést.example",
        "https://x:99999",
        f"https://{'a' * 64}.example",
        "",
    ],
)
def test_an_endpoint_that_is_not_safe_is_refused(clock: FakeClock, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _api(url, clock)
    assert "pass" not in caught.value.message
    assert caught.value.field == "endpoint"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1/v2/", "https://x.example/"]
)
def test_https_and_loopback_are_endpoints(clock: FakeClock, url: str) -> None:
    _api(url, clock).close()


def test_a_proxy_never_sees_what_is_meant_for_this_machine(
    cloud: PlainApi, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PlainApi(clock) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        api = _api(cloud.url, clock)
        api.get("/things")
        api.close()
        assert len(proxy.exchanges) == 0
    assert cloud.count("GET") == 1
