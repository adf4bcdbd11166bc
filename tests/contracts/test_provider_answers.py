"""Answers that are not as described: read where it does no harm, else refused by name; bounded;
and no key for a stranger. Every cloud of the sandbox's table is in it.

What AWS answers is XML; where that makes a difference tests/adapters/test_aws_*.py has it.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import pytest

from capsule_adapters.rest.patience import Patience
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.api import Exchange
from capsule_domain.errors import NotFound, ProviderError, ProviderUnavailable
from capsule_domain.models.server import ServerStatus
from tests.fakes.clock import FakeClock
from tests.simulators.clouds import NAMES, Cloud, open_clouds
from tests.simulators.plain import PlainApi

Path = tuple[str | int, ...]

every_cloud = pytest.mark.parametrize("cloud", NAMES, indirect=True)
every_cloud_with_json = pytest.mark.parametrize(
    "cloud", [name for name in NAMES if name != "aws"], indirect=True
)

MISSING = object()
JUNK: tuple[object, ...] = (MISSING, None, "junk", -1, [], {}, [None], True)
NEW_FIELD = "a_field_of_next_year"
NEW_WORD = "hibernating"

clouds = pytest.fixture(scope="module")(open_clouds)


@pytest.fixture
def cloud(request: pytest.FixtureRequest, clouds: Callable[[str], Cloud]) -> Iterator[Cloud]:
    found = clouds(request.param)
    found.clean()
    yield found
    found.clean()


@every_cloud
def test_fields_that_nobody_knows_are_ignored(cloud: Cloud) -> None:
    provider = cloud.provider
    before = [str(provider.account()), _places(provider.regions()), _places(provider.offers())]
    cloud.fail(faults.altered(_with_new_fields), times=10_000)
    after = [str(provider.account()), _places(provider.regions()), _places(provider.offers())]
    assert after == before
    server_id = cloud.boot()
    provider.stop(server_id)
    assert provider.server(server_id).status is ServerStatus.STOPPED
    assert [s.server_id for s in provider.servers(deployment=cloud.deployment)] == [server_id]


@every_cloud
def test_a_status_that_nobody_knows_is_unknown(cloud: Cloud) -> None:
    server_id = cloud.boot()
    cloud.fail(faults.altered(_with_new_status), times=10_000)
    assert cloud.provider.server(server_id).status is ServerStatus.UNKNOWN
    found = {s.server_id: s.status for s in cloud.provider.servers()}
    assert found == dict.fromkeys((server_id, cloud.resident), ServerStatus.UNKNOWN)


@every_cloud_with_json
@pytest.mark.parametrize("what", ["server", "account"])
def test_a_field_that_is_missing_or_senseless_is_named_or_not_needed(
    cloud: Cloud, what: str, pytestconfig: pytest.Config
) -> None:
    server_id = cloud.boot()
    asks: Mapping[str, Callable[[], object]] = {
        "server": partial(cloud.impatient.server, server_id),
        "account": cloud.impatient.account,
    }
    junk = JUNK if pytestconfig.getoption("--full") else JUNK[:3]
    named = 0
    for number, exchange in enumerate(_exchanges(cloud, asks[what])):
        for path in _paths(exchange.body):
            for value in junk:
                alter = partial(_with, path=path, value=value)
                cloud.simulator.faults.add(faults.altered(alter), after=number)
                cloud.clock.advance(1.0)  # two clients of one account know not of each other
                named += _is_fine_or_names(asks[what], path)
                cloud.simulator.faults.clear()
    assert named > 0, "no field was needed at all"


@every_cloud_with_json
def test_a_create_whose_answer_lacks_a_field_was_rented_for_all_we_know(cloud: Cloud) -> None:
    cloud.fail_change(faults.altered(partial(_without, re.compile("(?:.*[iI]d|ID)"))), times=99)
    with pytest.raises(ProviderUnavailable) as caught:
        cloud.provider.create(cloud.wanted)
    assert caught.value.sent
    cloud.simulator.faults.clear()
    assert len(cloud.there()) <= 1


@every_cloud
def test_an_answer_without_an_end_is_cut_off(cloud: Cloud) -> None:
    bounded = cloud.adapter(patience=Patience(answer_max_bytes=1024 * 1024, attempts=1))
    cloud.fail(faults.endless(2 * 1024**3), times=99)
    for ask in (bounded.account, bounded.servers, bounded.offers):
        with pytest.raises(ProviderError, match="more than 1,048,576 bytes"):
            ask()
    cloud.simulator.faults.clear()
    cloud.fail_change(faults.endless(2 * 1024**3), times=99)
    with pytest.raises(ProviderUnavailable) as caught:
        bounded.create(cloud.wanted)
    assert caught.value.sent
    bounded.close()
    cloud.simulator.faults.clear()
    cloud.clock.advance(cloud.provider.capabilities.settling_seconds)
    assert len(cloud.there()) <= 1


def test_two_gigabytes_are_cut_off_with_the_memory_of_half_of_one() -> None:
    program = """
import resource
from capsule_adapters.clock import SystemClock
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox import faults
from capsule_domain.errors import ProviderError
from tests.simulators.plain import PlainApi

clock = SystemClock()
with PlainApi(clock) as cloud:
    api = JsonApi("testcloud", cloud.url, auth_headers={}, clock=clock)
    api.get("/things")
    soft = 512 * 1024**2
    resource.setrlimit(resource.RLIMIT_AS, (soft, soft))
    cloud.faults.add(faults.endless(2 * 1024**3))
    try:
        api.get("/things")
    except ProviderError as error:
        print(error.message.partition(" (request")[0])
    api.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "testcloud: answered with more than 33,554,432 bytes\n", done.stderr


@every_cloud
@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_takes_no_key_to_another_host(cloud: Cloud, code: int) -> None:
    server_id = cloud.boot()
    with PlainApi(FakeClock()) as stranger:
        cloud.fail(faults.redirect(f"{stranger.url}/v2/account", code), times=999)
        asks = (
            cloud.impatient.account,
            cloud.impatient.servers,
            lambda: cloud.impatient.create(cloud.wanted),
            lambda: cloud.impatient.restart(server_id),
            lambda: cloud.impatient.set_tags(server_id, ("new",)),
            lambda: cloud.impatient.destroy(server_id),
        )
        for ask in asks:
            with pytest.raises(ProviderError):
                ask()
        assert len(stranger.exchanges) == 0
    cloud.simulator.faults.clear()
    assert cloud.provider.server(server_id).server_id == server_id


def _exchanges(cloud: Cloud, ask: Callable[[], object]) -> list[Exchange]:
    ask()  # which fetches what is kept for later
    cloud.simulator.exchanges.clear()
    ask()
    return list(cloud.simulator.exchanges)


def _places(offers: Any) -> list[tuple[str, str]]:
    return sorted((offer.region, getattr(offer, "slug", "")) for offer in offers)


def _is_fine_or_names(ask: Callable[[], object], path: Path) -> bool:
    """Whether it failed; and when it did, it said where."""
    try:
        ask()
    except NotFound:
        return False  # the cloud says that it is another one, or none
    except ProviderError as error:
        failed = error
    else:
        return False
    keys = [str(key) for key in path if isinstance(key, str)]
    assert any(key in failed.message for key in keys), (path, failed.message)
    return True


def _paths(raw: bytes) -> list[Path]:
    """Where each field is: of lists only the first thing, and nothing very deep."""

    def walk(node: Any, at: Path) -> Iterator[Path]:
        if len(at) > 4:
            return
        items: Sequence[tuple[str | int, Any]] = ()
        if isinstance(node, dict):
            items = list(node.items())
        elif isinstance(node, list):
            items = list(enumerate(node[:1]))
        for key, value in items:
            if isinstance(key, str):
                yield (*at, key)
            yield from walk(value, (*at, key))

    return list(walk(json.loads(raw or b"null"), ()))


def _with(body: Any, path: Path, value: object) -> Any:
    """The answer with something else, or nothing, at `path`."""
    changed = deepcopy(body)
    node = changed
    for key in path[:-1]:
        node = node[key]
    if value is MISSING:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return changed


def _without(names: re.Pattern[str], body: Any) -> Any:
    """The answer without the fields of such names."""
    if isinstance(body, list):
        return [_without(names, part) for part in body]
    if not isinstance(body, dict):
        return body
    return {key: _without(names, part) for key, part in body.items() if not names.fullmatch(key)}


def _with_new_fields(body: Any) -> Any:
    """The answer with one more field in each thing that has a name; XML likewise."""
    if isinstance(body, str):
        return re.sub(r"<item>(?=\s*<)", f"<item><{NEW_FIELD}>1</{NEW_FIELD}>", body)
    if isinstance(body, list):
        return [_with_new_fields(part) for part in body]
    if not isinstance(body, dict):
        return body
    grown = {key: _with_new_fields(part) for key, part in body.items()}
    is_a_thing = {"id", "name", "slug", "label", "email"} & body.keys()
    return {**grown, NEW_FIELD: {"id": [1]}} if is_a_thing else grown


def _with_new_status(body: Any) -> Any:
    if isinstance(body, str):
        return re.sub(r"(<instanceState>.*?<name>)[a-z-]+", rf"\1{NEW_WORD}", body, flags=re.DOTALL)
    if isinstance(body, list):
        return [_with_new_status(part) for part in body]
    if not isinstance(body, dict):
        return body
    return {
        key: NEW_WORD
        if isinstance(part, str) and re.search("(?i)(?:status|state)$", key)
        else _with_new_status(part)
        for key, part in body.items()
    }
