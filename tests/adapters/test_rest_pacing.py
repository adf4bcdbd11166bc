"""Pacing: the limit is told by headers or by documentation, and is not hit."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.rest.pacing import Lane, Pace, Pacing, RateHeaders, Window
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox.limits import RequestLimit
from capsule_domain.errors import RateLimited
from tests.fakes.clock import FakeClock
from tests.simulators.plain import PlainApi

NAMES = RateHeaders("x-limit", "x-remaining", "x-reset")
SECONDS_LEFT = RateHeaders("x-limit", "x-remaining", "x-reset", reset_is="seconds")


def _api(cloud: PlainApi, clock: FakeClock, pacing: Pacing) -> JsonApi:
    return JsonApi("testcloud", cloud.url, auth_headers={}, clock=clock, pacing=pacing)


def _pace(pacing: Pacing, clock: FakeClock, longest: float = 60.0) -> Pace:
    return Pace("testcloud", pacing, clock, longest_wait_seconds=longest)


def _told(remaining: object, reset: object, **more: str) -> Mapping[str, str]:
    return {"x-limit": "10", "x-remaining": str(remaining), "x-reset": str(reset), **more}


def _statuses(cloud: PlainApi) -> set[int | None]:
    return {exchange.status for exchange in cloud.exchanges}


def test_headers_keep_us_under_the_limit() -> None:
    clock = FakeClock()
    with PlainApi(clock, limit=RequestLimit(5, 10.0, clock)) as cloud:
        api = _api(cloud, clock, Pacing(NAMES))
        for _ in range(23):
            api.get("/things")
        api.close()
        assert _statuses(cloud) == {200}
        assert cloud.count("GET") == 23
    assert 30 <= sum(clock.slept) <= 45


def test_without_pacing_the_same_burst_is_refused() -> None:
    clock = FakeClock()
    with PlainApi(clock, limit=RequestLimit(5, 10.0, clock)) as cloud:
        api = _api(cloud, clock, Pacing())
        for _ in range(5):
            api.get("/things")
        with pytest.raises(RateLimited):
            api.get("/things")
        api.close()
        assert 429 in _statuses(cloud)


def test_a_documented_window_is_kept_without_headers() -> None:
    clock = FakeClock()
    with PlainApi(clock, limit=RequestLimit(30, 1.0, clock)) as cloud:
        api = _api(cloud, clock, Pacing(windows=(Window(30, 1.0),)))
        for _ in range(100):
            api.get("/things")
        api.close()
        assert _statuses(cloud) == {200}
    assert sum(clock.slept) == pytest.approx(3.0, rel=0.05)


def test_what_a_cloud_counts_apart_is_paced_apart() -> None:
    clock = FakeClock()
    with PlainApi(clock) as cloud:
        lanes = (Lane("GET", "/lists/.*", (Window(2, 10.0),)), Lane("POST", ".*"))
        api = _api(cloud, clock, Pacing(windows=(Window(5, 10.0),), lanes=lanes))
        for _ in range(5):
            api.get("/lists")
            api.post("/things", body=None)
        assert clock.slept == []
        for _ in range(3):
            api.get("/lists/things")
        assert sum(clock.slept) == pytest.approx(10.0)
        api.close()


def test_what_one_lanes_headers_say_holds_for_that_lane_only() -> None:
    clock = FakeClock()
    with PlainApi(clock, limit=RequestLimit(1, 30.0, clock)) as cloud:
        api = _api(cloud, clock, Pacing(NAMES, lanes=(Lane("GET", "/lists"),)))
        api.get("/lists")
        clock.advance(30)
        api.get("/things")
        assert clock.slept == []
        api.get("/things")
        assert sum(clock.slept) == pytest.approx(30.0, abs=1.0)
        api.close()


def test_several_threads_share_one_limit() -> None:
    pace = _pace(Pacing(windows=(Window(8, 10.0),)), FakeClock(), longest=1.0)

    def has_turn(_: int) -> bool:
        try:
            pace.take()
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(has_turn, range(200))) == 8


def test_the_clouds_clock_counts_and_not_ours() -> None:
    clock = FakeClock()
    pace = _pace(Pacing(NAMES), clock)
    theirs = clock.now() + timedelta(hours=7)
    pace.take()
    date = format_datetime(theirs, usegmt=True)
    pace.done(_told(0, int(theirs.timestamp()) + 20, date=date))
    pace.take()
    assert clock.slept == [20.0]


def test_seconds_left_are_another_form_of_the_same() -> None:
    clock = FakeClock()
    pace = _pace(Pacing(SECONDS_LEFT), clock)
    pace.take()
    pace.done(_told(0, 9))
    pace.take()
    assert clock.slept == [9.0]


def test_an_exhausted_hour_is_told_and_not_slept_through() -> None:
    clock = FakeClock()
    pace = _pace(Pacing(SECONDS_LEFT), clock)
    pace.take()
    pace.done(_told(0, 3000))
    with pytest.raises(RateLimited) as caught:
        pace.take()
    assert caught.value.retry_after_seconds == pytest.approx(3000)
    assert caught.value.sent is False
    assert clock.slept == []


def test_what_is_under_way_counts() -> None:
    clock = FakeClock()
    pace = _pace(Pacing(SECONDS_LEFT), clock)
    pace.take()
    pace.take()
    pace.done(_told(1, 9))  # it did not know of the other one
    pace.take()
    assert clock.slept == [9.0]


def test_a_request_without_an_answer_gives_its_turn_back() -> None:
    clock = FakeClock()
    pace = _pace(Pacing(SECONDS_LEFT), clock)
    for _ in range(3):
        pace.take()
        pace.done(None)
    pace.take()
    pace.done(_told(1, 9))
    pace.take()
    assert clock.slept == []


@given(
    st.dictionaries(
        st.sampled_from(["x-limit", "x-remaining", "x-reset", "date"]),
        st.text(max_size=12) | st.integers().map(str) | st.floats().map(str),
    )
)
def test_no_header_can_harm(headers: dict[str, str]) -> None:
    clock = FakeClock()
    pace = _pace(Pacing(NAMES), clock)
    pace.take()
    pace.done(headers)
    with suppress(RateLimited):
        pace.take()
    assert sum(clock.slept) <= 61


@given(
    st.integers(min_value=1, max_value=6),
    st.floats(min_value=0.01, max_value=30),
    st.lists(st.floats(min_value=0, max_value=10), max_size=30),
)
def test_no_window_ever_holds_more_than_it_may(
    requests: int, seconds: float, pauses: list[float]
) -> None:
    clock = FakeClock()
    pace = _pace(Pacing(windows=(Window(requests, seconds),)), clock)
    sent = []
    for pause in pauses:
        clock.advance(pause)
        pace.take()
        sent.append(clock.monotonic())
        pace.done(None)
    for start, end in zip(sent, sent[requests:], strict=False):
        assert end - start >= seconds * 0.999999
