"""Hivelocity's refusals and troubles, over its rehearsal: nothing rented twice, no secret shown."""

import logging
import traceback
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from capsule_adapters.providers import connect
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.hivelocity import HivelocitySimulator
from capsule_adapters.sandbox.machines import NoMachines
from capsule_domain.errors import (
    CapsuleError,
    CredentialsMissing,
    CredentialsRefused,
    OutOfStock,
    PermissionMissing,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.server import ServerRequest
from tests.fakes.clock import FakeClock
from tests.simulators.hivelocity import (
    BASE,
    METALS,
    RENTING,
    Rehearsal,
    adapter,
    metal,
    rehearsal,
    vps,
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
        ("Product 525 is out of stock at TPA1.", OutOfStock),
        ("No devices available for the product", OutOfStock),
        ("Product is currently unavailable", OutOfStock),
        ("The product is not available in this location", OutOfStock),
        ("Account limit of devices exceeded", QuotaExceeded),
        ("You have reached the maximum number of devices", QuotaExceeded),
        ("Invalid device parameters.", ProviderError),
        ("Public ssh key not found.", ProviderError),
        ("This is not available in your plan", ProviderError),
    ],
)
def test_refusals_are_told_apart_by_the_clouds_words(
    here: Rehearsal, said: str, expected: type[ProviderError]
) -> None:
    here.simulator.faults.add(faults.status(400, said), method="POST", path=METALS)
    with pytest.raises(ProviderError) as caught:
        here.provider.create(metal())
    assert type(caught.value) is expected
    assert said[1:] in caught.value.message
    assert len(here.sent("POST", METALS)) == 1


def test_a_wrong_key_and_a_right_that_is_lacking_are_told_apart(here: Rehearsal) -> None:
    here.simulator.temper.lacking = "/profile/.*"
    with pytest.raises(PermissionMissing, match="not been granted permission") as caught:
        here.provider.account()
    assert "myVelocity" in (caught.value.hint or "")
    here.simulator.token = "another"
    with pytest.raises(CredentialsRefused) as refused:
        here.provider.account()
    assert type(refused.value) is CredentialsRefused


def test_without_the_right_to_rent_nothing_is_rented(here: Rehearsal) -> None:
    here.simulator.temper.lacking = "/compute/"
    with pytest.raises(PermissionMissing):
        here.provider.create(vps())
    here.provider.create(metal())
    assert len(here.simulator.state.devices) == 1


def test_what_is_sold_may_be_looked_at_without_a_key_and_never_with_a_wrong_one(
    here: Rehearsal,
) -> None:
    here.simulator.token = "another"
    with pytest.raises(CredentialsRefused):
        here.provider.offers()


FAULTS: dict[str, tuple[faults.Fault, type[CapsuleError]]] = {
    "401": (faults.status(401), CredentialsRefused),
    "403": (faults.status(403), PermissionMissing),
    "404": (faults.status(404), ProviderError),
    "409": (faults.status(409, "Conflict"), ProviderError),
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
    "redirect": (faults.redirect("https://elsewhere.example/", 301), ProviderUnavailable),
}
ACTED = {"reset after", "web page", "empty", "half"}


@pytest.mark.parametrize("name", FAULTS)
def test_no_fault_rents_twice_and_what_was_rented_is_found(here: Rehearsal, name: str) -> None:
    fault, expected = FAULTS[name]
    made = vps if name in {"reset after", "429"} else metal
    here.simulator.faults.add(fault, method="POST", path=RENTING, times=9)
    with pytest.raises(expected) as caught:
        here.provider.create(made())
    assert len(here.sent("POST", RENTING)) == 1
    found = here.provider.servers(deployment=DeploymentId("1"))
    assert len(found) == (1 if name in ACTED else 0)
    if name in ACTED:
        assert isinstance(caught.value, ProviderUnavailable)
        assert caught.value.sent


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_never_turns_a_rent_into_a_list(here: Rehearsal, code: int) -> None:
    slashed = here.simulator.url + METALS
    here.simulator.faults.add(faults.redirect(slashed, code), method="POST", path=METALS)
    with pytest.raises(ProviderError, match="a redirect to"):
        here.provider.create(metal())
    assert len(here.sent("POST", METALS)) == 1
    assert here.sent("GET", METALS) == []


@pytest.mark.parametrize("made", [metal, vps], ids=["metal", "vps"])
def test_no_secret_is_shown_by_any_fault(
    here: Rehearsal, made: Callable[..., ServerRequest], caplog: pytest.LogCaptureFixture
) -> None:
    """The key, and the user data: every answer about a device has it as its `script`."""
    token = here.simulator.token
    request = made(user_data=SecretStr(USER_DATA))
    quoting = faults.status(400, f"bad key {token} or script: {USER_DATA}")
    unread = faults.altered(lambda body: {**body, "deviceId": body["script"]})
    told: list[str] = [repr(here.provider), repr(vars(here.provider)), repr(request)]
    with caplog.at_level(logging.DEBUG):
        told.append(repr(here.provider.create(request)))
        assert SENTINEL in here.simulator.exchanges[-1].body.decode()
        told.append(repr(here.provider.servers()))
        for fault in [*(f for f, _ in FAULTS.values()), quoting, unread]:
            here.simulator.faults.add(fault, method="POST", path=RENTING)
            with pytest.raises(CapsuleError) as caught:
                here.provider.create(request)
            error = caught.value
            told += [str(error), repr(error), str(error.hint), repr(vars(error))]
            told += traceback.format_exception(error)
        unread = faults.altered(lambda body: [{**d, "deviceId": d["script"]} for d in body])
        here.simulator.faults.add(unread, method="GET", path=RENTING, times=2)
        with pytest.raises(ProviderError) as unreadable:
            here.provider.servers()
        told += traceback.format_exception(unreadable.value)
    shown = "\n".join([*told, caplog.text])
    assert "hivelocity POST /" in shown
    assert SENTINEL not in shown
    assert token not in shown


# The limit


def test_seconds_left_are_not_taken_for_a_time() -> None:
    clock = FakeClock()
    with HivelocitySimulator(NoMachines(), clock=clock, requests_per_hour=20) as cloud:
        provider = adapter(cloud, clock)
        for _ in range(20):
            provider.account()
        with pytest.raises(RateLimited) as caught:
            provider.account()
        provider.close()
        assert caught.value.retry_after_seconds is not None
        assert 3590 <= caught.value.retry_after_seconds <= 3600
        # Not one was turned away there: it was never sent.
        assert [e.status for e in cloud.exchanges] == [200] * 20


def test_a_limit_that_others_used_up_is_told_with_the_wait() -> None:
    """Limits are for an address: another program behind it counts, too."""
    clock = FakeClock()
    with HivelocitySimulator(NoMachines(), clock=clock, requests_per_hour=3) as cloud:
        others, ours = adapter(cloud, clock), adapter(cloud, clock)
        for _ in range(3):
            others.account()
        with pytest.raises(RateLimited) as caught:
            ours.account()
        assert caught.value.retry_after_seconds is not None
        assert [e.status for e in cloud.exchanges] == [200] * 3 + [429]
        clock.advance(3600)
        assert ours.account().active
        for provider in (others, ours):
            provider.close()


# The registry


def test_a_key_connects_and_goes_in_a_header_of_its_own() -> None:
    clock = FakeClock()
    with HivelocitySimulator(NoMachines(), clock=clock) as cloud:
        key = {"HIVELOCITY_API_KEY": f"{cloud.token}\n"}
        provider = connect("hivelocity", credentials=key, endpoint=cloud.endpoint, clock=clock)
        assert provider.account().active
        assert provider.name == "hivelocity"
        assert "authorization" not in cloud.exchanges[0].request.headers
        assert cloud.exchanges[0].request.path == f"{BASE}/profile/basic"


def test_without_a_key_the_variable_is_named() -> None:
    with pytest.raises(CredentialsMissing) as caught:
        connect("hivelocity", credentials={}, endpoint=None, clock=FakeClock())
    assert "export HIVELOCITY_API_KEY=…" in (caught.value.hint or "")
