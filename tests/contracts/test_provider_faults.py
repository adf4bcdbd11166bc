"""Whatever goes wrong at a cloud: the right error, nothing rented twice, nothing lost from sight.

Every cloud of the sandbox's table is in it. The troubles are worded by the cloud itself.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

import pytest

from capsule_adapters.rest.patience import Patience
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.api import Exchange
from capsule_adapters.sandbox.faults import Fault
from capsule_cli.report import exit_code
from capsule_domain.errors import (
    CapsuleError,
    CredentialsRefused,
    NotFound,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from capsule_domain.models.server import ServerStatus
from tests.fakes.clock import FakeClock
from tests.simulators.clouds import NAMES, ONCE, Cloud, open_clouds

REFUSED = 6
UNAVAILABLE = 7

PASSING: dict[str, Fault] = {
    "500": faults.status(500),
    "reset before": faults.reset_before(),
    "web page": faults.web_page(),
    "429": faults.status(429),
    "429 for 1 s": faults.status(429, retry_after="1"),
    "503": faults.status(503),
    "503 for 1 s": faults.status(503, retry_after="1"),
    "reset after": faults.lost_answer(),
    "web page 502": faults.web_page(502),
    "empty": faults.empty(),
    "half": faults.half_json(),
}
"""What may be gone when it is asked again."""

LASTING: dict[str, tuple[Fault, type[CapsuleError]]] = {
    "401": (faults.status(401), CredentialsRefused),
    "403": (faults.status(403), CredentialsRefused),
    "404": (faults.status(404), ProviderError),
    "409": (faults.status(409), ProviderError),
    "422": (faults.status(422), ProviderError),
}
"""What asking again would not change."""

AT_FIRST = ("500", "429 for 1 s", "reset before", "reset after", "web page", "401", "404", "422")
"""The troubles of the short form."""

AT_FIRST_OF_AWS = ("reset after", "404")
"""Likewise: moto takes its time, and boto3 rests up to a true second before it asks again."""

_FINE_AFTER_AN_END = {"empty", "half"}
"""Many clouds answer a delete with nothing."""

WITHOUT_TOTAL = ("aws", "hivelocity")
"""Their lists say nowhere how long they are, so a page that lacks an item looks like any other."""


def each(troubles: Iterable[str]) -> pytest.MarkDecorator:
    """Every cloud in every one of `troubles`, most of them in the long form only."""
    full = [pytest.mark.full]
    return pytest.mark.parametrize(
        ("cloud", "name"),
        [
            pytest.param(cloud, name, marks=() if name in at_first(cloud) else full)
            for cloud in NAMES
            for name in troubles
        ],
        indirect=["cloud"],
    )


def at_first(cloud: str) -> tuple[str, ...]:
    """The troubles of its short form."""
    return AT_FIRST_OF_AWS if cloud == "aws" else AT_FIRST


every_cloud_with_totals = pytest.mark.parametrize(
    "cloud", [name for name in NAMES if name not in WITHOUT_TOTAL], indirect=True
)
every_cloud = pytest.mark.parametrize("cloud", NAMES, indirect=True)


clouds = pytest.fixture(scope="module")(open_clouds)


@pytest.fixture
def cloud(request: pytest.FixtureRequest, clouds: Callable[[str], Cloud]) -> Iterator[Cloud]:
    found = clouds(request.param)
    found.clean()
    yield found
    found.clean()


@each(PASSING)
def test_a_read_is_repeated(cloud: Cloud, name: str) -> None:
    server_id = cloud.provider.create(cloud.wanted).server_id
    asked = len(cloud.simulator.exchanges)
    cloud.fail(PASSING[name])
    assert cloud.provider.server(server_id).server_id == server_id
    first, second, *_ = list(cloud.simulator.exchanges)[asked:]
    assert first.request.path == second.request.path
    assert first.fault is not None


@each(PASSING)
def test_trouble_that_stays_is_told_as_such(cloud: Cloud, name: str) -> None:
    provider = cloud.impatient
    for call in _reads(provider):
        cloud.fail(PASSING[name], times=99)
        error = _failure(call)
        cloud.simulator.faults.clear()
        assert isinstance(error, ProviderUnavailable)
        assert isinstance(error, RateLimited) is name.startswith("429")
        assert exit_code(error) == UNAVAILABLE


@each(LASTING)
def test_a_refusal_is_told_at_once(cloud: Cloud, name: str) -> None:
    fault, expected = LASTING[name]
    for call in _reads(cloud.provider):
        asked = len(cloud.simulator.exchanges)
        cloud.fail(fault, times=99)
        error = _failure(call)
        cloud.simulator.faults.clear()
        assert isinstance(error, expected | NotFound if name == "404" else expected)
        assert not isinstance(error, ProviderUnavailable)
        # Several places may be asked side by side, but none of them twice.
        paths = [e.request.path for e in list(cloud.simulator.exchanges)[asked:]]
        assert len(paths) == len(set(paths))


@every_cloud
def test_a_404_is_a_server_that_is_not_there(cloud: Cloud) -> None:
    server_id = cloud.boot()
    # Where the path names no server the operation is about one.
    about_it = f".*(?:{server_id.rpartition('-')[2]}.*|/[A-Z][A-Za-z]+Instances)"
    cloud.simulator.faults.add(faults.status(404), path=about_it, times=99)
    for call in (cloud.provider.server, cloud.provider.stop, cloud.provider.start):
        error = _failure(partial(call, server_id))
        assert isinstance(error, NotFound)
        assert exit_code(error) == 4


@every_cloud
def test_a_body_that_stalls_is_given_up(cloud: Cloud) -> None:
    hasty = cloud.adapter(patience=Patience(connect_seconds=2.0, read_seconds=0.4, attempts=1))
    cloud.fail(faults.slow(20.0), times=99)
    error = _failure(hasty.account)
    hasty.close()
    assert isinstance(error, ProviderUnavailable)
    assert "in time" in error.message


@each([*PASSING, *LASTING])
def test_a_create_in_trouble_rents_once_at_most_and_says_what_is_known(
    cloud: Cloud, name: str
) -> None:
    for request in range(_changes_of_a_create(cloud)):
        for times in (1, 99):
            cloud.fail_change(_trouble(name), after=request, times=times)
            error = _failure(lambda: cloud.provider.create(cloud.wanted))
            if request == 0 and times > 1:
                _is_as_expected(error, name)
            if not cloud.provider.capabilities.idempotent_create:
                sent = [e for e in cloud.changes() if e.request == cloud.changes()[0].request]
                assert len(sent) == 1
            _tells_what_is_there(cloud, error)
            cloud.clean()


@each(["reset after", *(name for name in PASSING if name not in AT_FIRST)])
def test_what_comes_before_the_renting_rents_nothing(cloud: Cloud, name: str) -> None:
    provider = cloud.impatient
    for request in range(_requests_before_the_renting(cloud)):
        cloud.simulator.faults.add(PASSING[name], after=request, times=99)
        error = _failure(lambda: provider.create(cloud.wanted))
        assert isinstance(error, ProviderUnavailable)
        assert not error.sent
        _tells_what_is_there(cloud, error)
        cloud.clean()


@pytest.mark.full
@each([*PASSING, *LASTING])
def test_trouble_at_whichever_request_of_a_create(cloud: Cloud, name: str) -> None:
    provider = cloud.impatient
    for request in range(len(_exchanges_of_a_create(cloud))):
        for times in (1, 99):
            cloud.simulator.faults.add(_trouble(name), after=request, times=times)
            _tells_what_is_there(cloud, _failure(lambda: provider.create(cloud.wanted)))
            cloud.clean()


@each([name for name in PASSING if name not in _FINE_AFTER_AN_END])
def test_an_end_in_trouble_can_be_asked_for_again(cloud: Cloud, name: str) -> None:
    impatient = cloud.impatient
    server_id = cloud.boot()
    cloud.fail_change(PASSING[name], times=99)
    assert isinstance(_failure(lambda: impatient.destroy(server_id)), ProviderUnavailable)
    cloud.simulator.faults.clear()
    impatient.destroy(server_id)
    cloud.clock.advance(cloud.provider.capabilities.settling_seconds)
    assert cloud.there() == []


@each(["503", "reset before", "reset after"])
def test_a_stop_in_trouble_can_be_asked_for_again(cloud: Cloud, name: str) -> None:
    impatient = cloud.impatient
    server_id = cloud.boot()
    cloud.fail_change(PASSING[name], times=99)
    assert isinstance(_failure(lambda: impatient.stop(server_id)), ProviderUnavailable)
    cloud.simulator.faults.clear()
    cloud.clock.advance(60.0)
    impatient.stop(server_id)
    assert cloud.provider.server(server_id).status is ServerStatus.STOPPED


def _drop_first(items: list[Any]) -> list[Any]:
    return items[1:]


def _drop_all(_items: list[Any]) -> list[Any]:
    return []


@every_cloud_with_totals
@pytest.mark.parametrize("cut", [_drop_first, _drop_all])
@pytest.mark.parametrize("page", range(4))
def test_a_list_is_whole_or_an_error(
    cloud: Cloud, cut: Callable[[list[Any]], list[Any]], page: int
) -> None:
    made = {_rent(cloud, f"web-{n}") for n in range(3)}
    cloud.simulator.faults.add(faults.altered(lambda body: _cut(body, cut)), after=page)
    _is_whole_or_an_error(cloud, made)


@each(["404", "half", "empty", "web page"])
def test_a_list_whose_second_page_breaks_is_no_list(cloud: Cloud, name: str) -> None:
    made = {_rent(cloud, f"web-{n}") for n in range(3)}
    cloud.simulator.faults.add(_trouble(name), after=1, times=99)
    _is_whole_or_an_error(cloud, made)


@every_cloud_with_totals
def test_a_list_that_says_too_early_that_it_ends_is_no_list(cloud: Cloud) -> None:
    made = {_rent(cloud, f"web-{n}") for n in range(3)}
    cloud.simulator.faults.add(faults.altered(_ended), times=99)
    _is_whole_or_an_error(cloud, made)


class _Ahead:
    """A clock of ours that is hours off, while time passes for both."""

    def __init__(self, clock: FakeClock, hours: float) -> None:
        self._clock = clock
        self._hours = hours

    def now(self) -> datetime:
        return self._clock.now() + timedelta(hours=self._hours)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


@every_cloud
@pytest.mark.parametrize("hours", [-7, 7])
def test_a_clock_that_is_hours_off_harms_nothing(cloud: Cloud, hours: float) -> None:
    provider = cloud.adapter(patience=ONCE, clock=_Ahead(cloud.clock, hours))
    slept = len(cloud.clock.slept)
    server_id = provider.create(cloud.wanted).server_id
    assert [s.server_id for s in provider.servers(deployment=cloud.deployment)] == [server_id]
    assert sum(cloud.clock.slept[slept:]) < 60
    provider.destroy(server_id)
    provider.close()
    assert cloud.there() == []


@pytest.mark.parametrize("cloud", [name for name in NAMES if name != "aws"], indirect=True)
@pytest.mark.parametrize("hours", [-7, 7])
def test_a_moment_to_ask_again_is_by_the_clouds_clock(cloud: Cloud, hours: float) -> None:
    """At AWS boto3 takes pauses of its own, whatever is told."""
    cloud.boot()
    moment = format_datetime(cloud.clock.now() + timedelta(seconds=12), usegmt=True)
    provider = cloud.adapter(
        patience=Patience(read_seconds=60.0, attempts=2), clock=_Ahead(cloud.clock, hours)
    )
    slept = len(cloud.clock.slept)
    cloud.fail(faults.status(429, retry_after=moment))
    assert len(list(provider.servers())) == 2
    provider.close()
    assert 12 <= sum(cloud.clock.slept[slept:]) < 30


def _trouble(name: str) -> Fault:
    return PASSING[name] if name in PASSING else LASTING[name][0]


def _reads(provider: Any) -> tuple[Callable[[], object], ...]:
    return provider.account, provider.servers, provider.offers


def _failure(call: Callable[[], object]) -> CapsuleError | None:
    """The error of a call, if it is one that the port allows; any other fails the test."""
    try:
        call()
    except (ProviderError, NotFound) as error:
        return error
    return None


def _rent(cloud: Cloud, name: str) -> str:
    return cloud.provider.create(cloud.wanted.model_copy(update={"name": name})).server_id


def _exchanges_of_a_create(cloud: Cloud) -> list[Exchange]:
    cloud.provider.create(cloud.wanted)
    found = list(cloud.simulator.exchanges)
    cloud.clean()
    return found


def _changes_of_a_create(cloud: Cloud) -> int:
    cloud.provider.create(cloud.wanted)
    found = len(cloud.changes())
    cloud.clean()
    return found


def _requests_before_the_renting(cloud: Cloud) -> int:
    cloud.provider.create(cloud.wanted)
    found = list(cloud.simulator.exchanges).index(cloud.changes()[0])
    cloud.clean()
    return found


def _is_as_expected(error: CapsuleError | None, name: str) -> None:
    """The error of a renting request that fails so, however often it is asked."""
    if name in LASTING:
        assert isinstance(error, LASTING[name][1])
        assert exit_code(error) == REFUSED
        return
    assert isinstance(error, ProviderUnavailable)
    assert exit_code(error) == UNAVAILABLE
    turned_away = name.startswith("429")
    assert isinstance(error, RateLimited) is turned_away
    assert error.sent is not turned_away


def _tells_what_is_there(cloud: Cloud, error: CapsuleError | None) -> None:
    """What the caller was told is what the cloud has."""
    cloud.simulator.faults.clear()
    cloud.clock.advance(cloud.provider.capabilities.settling_seconds)
    there = cloud.there()
    if error is None:
        assert len(there) == 1
    elif isinstance(error, ProviderUnavailable) and error.sent:
        assert len(there) <= 1
    else:
        assert there == []
    ours = cloud.provider.servers(deployment=cloud.deployment)
    assert [server.server_id for server in ours] == there


def _is_whole_or_an_error(cloud: Cloud, made: set[str]) -> None:
    impatient = cloud.impatient
    for asked in (None, cloud.deployment):
        try:
            found = {server.server_id for server in impatient.servers(deployment=asked)}
        except ProviderError:
            continue
        assert found - {cloud.resident} == made


def _cut(body: Any, cut: Callable[[list[Any]], list[Any]]) -> Any:
    """The answer with less in its list than it says; what is no list of things stays."""
    if isinstance(body, list) and body and all(isinstance(item, dict) for item in body):
        return cut(body)
    if not isinstance(body, dict):
        return body
    found = next(
        (
            key
            for key, value in body.items()
            if isinstance(value, list) and value and isinstance(value[0], dict)
        ),
        None,
    )
    return body if found is None else {**body, found: cut(body[found])}


def _ended(body: Any) -> Any:
    """The answer without a word of a further page."""
    if not isinstance(body, dict):
        return body
    last = {"next": "", "pages": 1, "last_page": 1}
    return {
        key: last[key] if key in last and not isinstance(value, dict) else _ended(value)
        for key, value in body.items()
    }
