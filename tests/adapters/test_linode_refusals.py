"""What Linode refuses, and what goes wrong on the way."""

import base64
import json
import logging
import re
import traceback
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from capsule_adapters.providers.linode import CAPABILITIES
from capsule_adapters.providers.linode.instances import SERVERS
from capsule_adapters.rest.secrets import encode, redacted
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.linode import Temper
from capsule_domain.errors import (
    CapsuleError,
    CredentialsRefused,
    OutOfStock,
    PermissionMissing,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)
from capsule_domain.models.deployment import DeploymentId
from tests.simulators.linode import IMPATIENT, INSTANCES, Rehearsal, rehearsal
from tests.simulators.linode_calls import (
    SENTINEL,
    USER_DATA,
    bodies,
    rental,
)


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Account Limit reached. Please open a support ticket.", QuotaExceeded),
        (
            "You've reached a limit for the number of active services on your account.",
            QuotaExceeded,
        ),
        ("There is no availability for the selected plan in the selected region.", OutOfStock),
        ("Insufficient capacity in this region", OutOfStock),
        ("Plan g7-premium-2 is not available in this region", OutOfStock),
        ("Your OAuth token is not authorized to use this endpoint.", PermissionMissing),
        ("Label must be unique among your linodes", ProviderError),
        ("A valid plan type by that ID was not found", ProviderError),
        ("image is not valid", ProviderError),
    ],
)
def test_refusals_are_told_apart_by_the_clouds_words(
    here: Rehearsal, said: str, expected: type[ProviderError]
) -> None:
    refusal = faults.status(400, said)
    here.simulator.faults.add(refusal, method="POST", path=INSTANCES)
    with pytest.raises(ProviderError) as caught:
        here.provider.create(rental())
    assert type(caught.value) is expected
    assert said[1:] in caught.value.message
    assert len(bodies(here, "POST", INSTANCES)) == 1


def test_a_label_that_is_taken_is_refused_with_a_way_out(here: Rehearsal) -> None:
    here.provider.create(rental())
    with pytest.raises(ProviderError, match="label must be unique") as caught:
        here.provider.create(rental())
    assert caught.value.hint == "choose another --name"
    assert len(here.simulator.state.linodes) == 1


@pytest.mark.parametrize("name", ["ab", "1web", "web-", "a--b", "a__b", "a..b", "x" * 65])
def test_a_name_that_the_cloud_would_refuse_is_not_sent(here: Rehearsal, name: str) -> None:
    with pytest.raises(ProviderError, match="a name must match"):
        here.provider.create(rental(name=name))
    assert len(here.simulator.exchanges) == 0


def test_a_token_that_lacks_a_right_is_told_from_one_that_is_wrong() -> None:
    temper = Temper(most_per_page=1, scopes=frozenset({"linodes:read_only"}))
    with rehearsal(temper=temper) as here:
        assert here.provider.account().active
        assert here.provider.servers() == []
        with pytest.raises(CredentialsRefused, match="not authorized") as lacking:
            here.provider.create(rental())
        assert "linodes:read_write" in str(lacking.value.hint)
        here.simulator.token = "another"
        with pytest.raises(CredentialsRefused, match="not accepted: invalid Token"):
            here.provider.account()


def test_a_user_with_restrictions_may_not_tag() -> None:
    with rehearsal(temper=Temper(most_per_page=1, restricted=True)) as here:
        with pytest.raises(CredentialsRefused, match="unrestricted User") as caught:
            here.provider.create(rental())
        assert "unrestricted" in str(caught.value.hint)
        assert here.simulator.state.linodes == {}


FAULTS: dict[str, tuple[faults.Fault, type[CapsuleError]]] = {
    "401": (faults.status(401), CredentialsRefused),
    "403": (faults.status(403), CredentialsRefused),
    "404": (faults.status(404), ProviderError),
    "400": (faults.status(400), ProviderError),
    "408": (faults.status(408), ProviderUnavailable),
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
def test_no_fault_rents_twice_and_what_was_rented_is_found(here: Rehearsal, name: str) -> None:
    fault, expected = FAULTS[name]
    here.simulator.faults.add(fault, method="POST", path=INSTANCES, times=9)
    with pytest.raises(expected) as caught:
        here.provider.create(rental())
    assert len(bodies(here, "POST", INSTANCES)) == 1
    found = here.provider.servers(deployment=DeploymentId("1"))
    assert len(found) == (1 if name in ACTED else 0)
    if name in ACTED:
        assert isinstance(caught.value, ProviderUnavailable)
        assert caught.value.sent


def test_no_secret_is_shown_by_any_fault(here: Rehearsal, caplog: pytest.LogCaptureFixture) -> None:
    token = here.simulator.token
    encoded = base64.b64encode(USER_DATA.encode()).decode()
    quoting = faults.status(400, f"bad token {token} or user_data: {USER_DATA} {encoded}")
    told: list[str] = [repr(here.provider), repr(vars(here.provider)), repr(rental())]
    with caplog.at_level(logging.DEBUG):
        for fault in [*(f for f, _ in FAULTS.values()), quoting]:
            here.simulator.faults.clear()
            here.simulator.faults.add(fault, method="POST", path=INSTANCES)
            with pytest.raises(CapsuleError) as caught:
                here.provider.create(rental(name=f"web-{len(told)}"))
            error = caught.value
            told += [str(error), repr(error), str(error.hint), repr(vars(error))]
            told += traceback.format_exception(error)
    shown = "\n".join([*told, caplog.text])
    assert "capsule.rest" in caplog.text
    passwords = [sent["root_pass"] for sent in bodies(here, "POST", INSTANCES)]
    for secret in (SENTINEL, token, encoded, *passwords):
        assert secret not in shown


def test_nothing_secret_is_seen_in_what_will_be_sent() -> None:
    body = SERVERS.create(rental(image="linode/debian12"), None)
    assert isinstance(body["root_pass"], SecretStr)
    assert SENTINEL not in repr(body)
    assert base64.b64encode(SENTINEL.encode()).decode()[:16] not in repr(body)
    content, secrets = encode(body)
    sent = json.loads(content)
    for secret in (sent["root_pass"], sent["metadata"]["user_data"], USER_DATA):
        assert secret not in redacted(f"quoted: {secret}", secrets)


def test_what_is_listed_is_counted_apart_from_the_rest() -> None:
    with rehearsal(judged=False, temper=Temper()) as here:
        for _ in range(400):
            here.provider.regions()
        assert 59 <= sum(here.clock.slept) <= 65
        here.clock.slept.clear()
        for _ in range(1000):
            here.provider.account()
        assert here.clock.slept == []
        assert {exchange.status for exchange in here.simulator.exchanges} == {200}


def test_a_burst_of_two_thousand_reads_is_never_refused() -> None:
    with rehearsal(judged=False) as here:
        for _ in range(2000):
            here.provider.account()
        assert {exchange.status for exchange in here.simulator.exchanges} == {200}
        assert 59 <= sum(here.clock.slept) <= 66


def test_creates_wait_for_their_own_limit() -> None:
    with rehearsal(judged=False, temper=Temper(linode_limit=100)) as here:
        for number in range(25):
            here.provider.create(rental(name=f"web-{number}"))
        assert len(here.simulator.state.linodes) == 25
        assert 14 <= sum(here.clock.slept) <= 16


def test_reads_are_patient(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.reset_before(), path="/v4/profile", times=2)
    assert here.provider.account().active
    assert len(bodies(here, "GET", "/v4/profile")) == IMPATIENT.attempts


@pytest.mark.parametrize(
    "fault",
    [faults.status(503), faults.lost_answer(), faults.status(400, "Linode busy.")],
    ids=["503", "lost", "busy"],
)
def test_destroying_is_patient_since_it_may_be_repeated(
    here: Rehearsal, fault: faults.Fault
) -> None:
    server_id = here.provider.create(rental()).server_id
    here.simulator.faults.add(fault, method="DELETE")
    here.provider.destroy(server_id)
    assert here.simulator.state.linodes == {}
    assert len(bodies(here, "DELETE", f"{INSTANCES}/{server_id}")) == 2


def test_a_web_page_is_not_believed_to_be_a_server_gone(here: Rehearsal) -> None:
    server_id = here.provider.create(rental()).server_id
    page = faults.redirect("https://guest.example/login", 302)
    for fault in (faults.web_page(404), faults.web_page(200), page):
        here.simulator.faults.clear()
        here.simulator.faults.add(fault, method="DELETE", times=9)
        with pytest.raises(ProviderUnavailable):
            here.provider.destroy(server_id)


def test_the_limits_are_those_that_the_rehearsal_keeps(here: Rehearsal) -> None:
    longest = SecretStr("x" * CAPABILITIES.user_data_max_bytes)
    tags = ("abc", "x" * 50)
    assert here.provider.create(rental(user_data=longest, tags=tags)).tags == tags
    for tag in ("ab", "x" * 51, "a b", "a=b"):
        assert not re.fullmatch(CAPABILITIES.tag_pattern, tag)
