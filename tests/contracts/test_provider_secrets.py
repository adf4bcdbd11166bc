"""A cloud's key, and what a server is told in its user data, are in nothing that is written.

Every cloud of the sandbox's table is in it, with every trouble that it may make.
"""

import base64
import logging
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

import pytest
from pydantic import SecretStr

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.faults import Fault
from capsule_domain.errors import CapsuleError
from tests.simulators.clouds import NAMES, Cloud, open_clouds

SENTINEL = "sentinel-of-a-host-key-5d1c0b7e93a84f26"
USER_DATA = f"#cloud-config\nssh_keys:\n  ed25519_private: {SENTINEL}\n"

clouds = pytest.fixture(scope="module")(open_clouds)


@pytest.fixture
def cloud(request: pytest.FixtureRequest, clouds: Callable[[str], Cloud]) -> Iterator[Cloud]:
    found = clouds(request.param)
    found.clean()
    yield found
    found.clean()


@pytest.mark.parametrize("cloud", NAMES, indirect=True)
def test_no_key_and_no_user_data_is_in_anything_that_is_written(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    key, encoded = _key_of(cloud), base64.b64encode(USER_DATA.encode()).decode()
    told: list[str] = [repr(cloud.provider), repr(vars(cloud.provider)), repr(cloud.simulator)]
    with caplog.at_level(logging.DEBUG):
        told += _told_by_usual_calls(cloud)
        cloud.simulator.exchanges.clear()
        told += _told_by_a_create(cloud)
        carrier = next(n for n, e in enumerate(cloud.changes()) if _tells(e.request.body, encoded))
        cloud.clean()
        for fault in _troubles(f"you sent {key} and {USER_DATA}", SENTINEL):
            cloud.fail_change(fault, after=carrier)
            told += _told_by_a_create(cloud)
            cloud.clean()
        for fault in _troubles(f"you sent {key}", key):
            cloud.fail(fault, times=999)
            told += _told_by_usual_calls(cloud)
            cloud.clean()
    everything = "\n".join([*told, caplog.text])
    assert len(told) > 100
    assert f"{cloud.name} " in caplog.text
    for secret in (key, SENTINEL, encoded, encoded[:40]):
        assert secret not in everything


def _key_of(cloud: Cloud) -> str:
    found: str = cloud.simulator.token  # type: ignore[attr-defined]
    assert len(found) >= 20
    return found


def _troubles(quoting: str, secret: str) -> tuple[Fault, ...]:
    """A cloud likes to quote what it refuses."""
    return (
        faults.status(400, quoting),
        faults.status(401, quoting),
        faults.status(403, quoting),
        faults.status(404, quoting),
        faults.status(422, quoting),
        faults.status(429, quoting, retry_after=secret),
        faults.status(503, quoting),
        faults.redirect(f"https://{secret}.example/{secret}?{secret}"),
        faults.Fault(faults.Trouble.BODY, body=quoting.encode()),
        faults.half_json(),
        faults.lost_answer(),
        faults.reset_before(),
    )


def _told_by_usual_calls(cloud: Cloud) -> list[str]:
    provider, resident = cloud.impatient, cloud.resident
    calls: tuple[Callable[[], object], ...] = (
        provider.account,
        provider.servers,
        provider.regions,
        lambda: provider.server(resident),
        lambda: provider.restart(resident),
        lambda: provider.set_tags(resident, ("other",)),
        lambda: provider.set_tags(resident, ("other", "new")),
    )
    return [line for call in calls for line in _told(call)]


def _told_by_a_create(cloud: Cloud) -> list[str]:
    request = cloud.wanted.model_copy(update={"user_data": SecretStr(USER_DATA)})
    return _told(lambda: cloud.impatient.create(request))


def _told(call: Callable[[], object]) -> list[str]:
    """Every way in which what a call gives, or fails with, can be shown."""
    try:
        given = call()
    except CapsuleError as error:
        shown = [str(error), repr(error), repr(vars(error)), error.hint or ""]
        return [*shown, *traceback.format_exception(error)]
    return [repr(given)]


def _tells(body: bytes, encoded: str) -> bool:
    """Whether the user data is in it, in whichever of the clouds' forms."""
    return SENTINEL.encode() in body or encoded.encode() in unquote_to_bytes(body)
