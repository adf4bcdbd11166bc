"""Vultr's refusals and troubles, over its rehearsal: nothing rented twice, no secret shown."""

import base64
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.vultr.endpoints import FEE_LIMIT
from capsule_domain.errors import (
    CapsuleError,
    CredentialsRefused,
    OutOfStock,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.server import ServerRequest
from tests.simulators.vultr import (
    INSTANCES,
    METALS,
    Rehearsal,
    bare_metal,
    instance,
    rehearsal,
)

SENTINEL = "sentinel-41d8c07b9e6f2a35"
USER_DATA = f"#cloud-config\nssh_keys:\n  ed25519_private: {SENTINEL}\n"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Server add failed: plan is not available in the selected region", OutOfStock),
        ("Plan is not available in the selected location", OutOfStock),
        (FEE_LIMIT, QuotaExceeded),
        ("Server add failed: You have reached the maximum number of instances", QuotaExceeded),
        ("Invalid plan.", ProviderError),
        ("Invalid SSH key ID.", ProviderError),
    ],
)
def test_refusals_are_told_apart_by_the_clouds_words(
    here: Rehearsal, said: str, expected: type[ProviderError]
) -> None:
    here.simulator.faults.add(faults.status(400, said), method="POST", path=INSTANCES)
    with pytest.raises(ProviderError) as caught:
        here.provider.create(instance())
    assert type(caught.value) is expected
    assert said[1:] in caught.value.message
    assert len(here.sent("POST", INSTANCES)) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_an_address_that_the_account_does_not_list_is_told_with_the_place_to_list_it(
    here: Rehearsal, status: int
) -> None:
    here.simulator.temper.unlisted_address_status = status
    with pytest.raises(CredentialsRefused, match=r"nauthorized IP address: 192\.0\.2\.7") as caught:
        here.provider.account()
    assert caught.value.hint is not None
    assert "settingsapi" in caught.value.hint


FAULTS: dict[str, tuple[faults.Fault, type[CapsuleError]]] = {
    "401": (faults.status(401), CredentialsRefused),
    "403": (faults.status(403), CredentialsRefused),
    "404": (faults.status(404), ProviderError),
    "409": (faults.status(409), ProviderError),
    "422": (faults.status(422), ProviderError),
    "429": (faults.status(429), RateLimited),
    "429 with Retry-After": (faults.status(429, retry_after="3"), RateLimited),
    "500": (faults.status(500), ProviderUnavailable),
    "503": (faults.status(503), ProviderUnavailable),
    "reset before": (faults.reset_before(), ProviderUnavailable),
    "reset after": (faults.lost_answer(), ProviderUnavailable),
    "web page": (faults.web_page(), ProviderUnavailable),
    "empty": (faults.empty(), ProviderUnavailable),
    "half": (faults.half_json(), ProviderUnavailable),
}
ACTED = {"reset after", "web page", "empty", "half"}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("made", [instance, bare_metal], ids=["instance", "bare metal"])
def test_no_fault_rents_twice_and_what_was_rented_is_found(
    here: Rehearsal, made: Callable[..., ServerRequest], name: str
) -> None:
    fault, expected = FAULTS[name]
    here.simulator.faults.add(fault, method="POST", path=f"{INSTANCES}|{METALS}", times=9)
    with pytest.raises(expected) as caught:
        here.provider.create(made())
    assert len(here.sent("POST", f"{INSTANCES}|{METALS}")) == 1
    found = here.provider.servers(deployment=DeploymentId("1"))
    assert len(found) == (1 if name in ACTED else 0)
    if name in ACTED:
        assert isinstance(caught.value, ProviderUnavailable)
        assert caught.value.sent


@pytest.mark.parametrize("made", [instance, bare_metal], ids=["instance", "bare metal"])
def test_no_secret_is_shown_by_any_fault(
    here: Rehearsal, made: Callable[..., ServerRequest], caplog: pytest.LogCaptureFixture
) -> None:
    """The key, the user data in either form, and the password that a create answers."""
    token = here.simulator.token
    request = made(user_data=SecretStr(USER_DATA))
    encoded = base64.b64encode(USER_DATA.encode()).decode()
    quoting = faults.status(400, f"bad token {token} or user_data: {encoded} {USER_DATA}")
    secret = faults.altered(_with_the_sentinel_as_password)
    told: list[str] = [repr(here.provider), repr(vars(here.provider)), repr(request)]
    with caplog.at_level(logging.DEBUG):
        here.simulator.faults.add(secret, method="POST", path=f"{INSTANCES}|{METALS}")
        told.append(repr(here.provider.create(request)))
        for fault in [*(f for f, _ in FAULTS.values()), quoting]:
            here.simulator.faults.add(fault, method="POST", path=f"{INSTANCES}|{METALS}")
            with pytest.raises(CapsuleError) as caught:
                here.provider.create(request)
            error = caught.value
            told += [str(error), repr(error), str(error.hint), repr(vars(error))]
            told += traceback.format_exception(error)
    shown = "\n".join([*told, caplog.text])
    assert "vultr POST /" in shown
    assert SENTINEL not in shown
    assert encoded not in shown
    assert token not in shown


def _with_the_sentinel_as_password(body: Any) -> Any:
    for server in body.values():
        server["default_password"] = SENTINEL
    return body


def test_a_pause_that_the_cloud_asks_for_is_kept(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.status(429, retry_after="9"), path="/v2/account")
    here.provider.account()
    assert here.clock.slept == [9.25]


def test_a_burst_stays_under_the_documented_30_a_second() -> None:
    with rehearsal(judged=False) as here:
        for _ in range(280):
            here.provider.account()
        assert {exchange.status for exchange in here.simulator.exchanges} == {200}
        assert 9 <= sum(here.clock.slept) <= 11
