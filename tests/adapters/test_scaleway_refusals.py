"""How Scaleway refuses, and what that means; and secrets stay where they belong."""

import logging
import traceback
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from capsule_adapters.providers import PROVIDERS, connect
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.scaleway import Temper
from capsule_domain.errors import (
    AccountLocked,
    CapsuleError,
    ConfigurationError,
    CredentialsMissing,
    CredentialsRefused,
    OutOfStock,
    PermissionMissing,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)
from tests.fakes.clock import FakeClock
from tests.simulators.scaleway import SERVERS, Rehearsal, rehearsal
from tests.simulators.scaleway_calls import (
    ANY_DATA,
    PROJECTS,
    SENTINEL,
    USER_DATA,
    rental,
    verbs,
)


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal(page_size=100) as made:
        yield made


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, b'{"type":"quotas_exceeded","message":"quota(s) exceeded"}', QuotaExceeded),
        (
            403,
            b'{"type":"invalid_request_error","message":"Quota exceeded for this resource."}',
            QuotaExceeded,
        ),
        (412, b'{"type":"out_of_stock","message":"resource is out of stock"}', OutOfStock),
        (403, b'{"type":"permissions_denied","message":"insufficient"}', PermissionMissing),
        (
            403,
            b'{"type":"authorization_required","message":"Authorization required"}',
            PermissionMissing,
        ),
        (401, b'{"type":"denied_authentication","message":"denied"}', CredentialsRefused),
        (403, b'{"message":"the organization is locked","type":"x"}', AccountLocked),
        (400, b'{"type":"invalid_arguments","message":"invalid"}', ProviderError),
        (404, b'{"type":"not_found","message":"resource is not found"}', ProviderError),
        (404, b"", ProviderError),
        (410, b'{"type":"resource_expired","message":"expired"}', ProviderError),
        (412, b'{"type":"precondition_failed","message":"no"}', ProviderError),
        (423, b'{"type":"resource_locked","message":"resource is locked"}', ProviderError),
        (500, b'{"type":"internal_error","message":"oops"}', ProviderUnavailable),
    ],
    ids=lambda value: value.decode()[:40] if isinstance(value, bytes) else None,
)
def test_refusals_are_told_apart_by_their_type(
    here: Rehearsal, status: int, body: bytes, expected: type[ProviderError]
) -> None:
    fault = faults.Fault(faults.Trouble.BODY, status=status, body=body)
    here.simulator.faults.add(fault, method="POST", path=SERVERS)
    with pytest.raises(ProviderError) as caught:
        here.provider.create(rental())
    assert type(caught.value) is expected
    assert verbs(here).count("POST servers") == 1


def test_an_argument_at_fault_is_explained(here: Rehearsal) -> None:
    body = (
        b'{"type":"invalid_arguments","message":"invalid argument(s)","details":[{'
        b'"argument_name":"volumes","reason":"constraint","help_message":"too large"}]}'
    )
    fault = faults.Fault(faults.Trouble.BODY, status=400, body=body)
    here.simulator.faults.add(fault, method="POST", path=SERVERS)
    with pytest.raises(ProviderError, match=r"invalid argument\(s\); constraint; too large"):
        here.provider.create(rental())


@pytest.mark.parametrize(
    ("right", "asks"),
    [("read projects", "account"), ("read instances", "account"), ("write ssh_keys", "create")],
)
def test_a_right_that_is_lacking_is_named(right: str, asks: str) -> None:
    with rehearsal(page_size=100, temper=Temper(lacks=frozenset({right}))) as here:
        with pytest.raises(PermissionMissing, match=right) as caught:
            here.provider.account() if asks == "account" else here.provider.create(rental())
        assert "InstancesFullAccess" in str(caught.value.hint)


def test_an_account_that_is_locked_is_told_from_a_key_that_is_wrong(here: Rehearsal) -> None:
    here.simulator.temper.locked = True
    with pytest.raises(AccountLocked, match="the organization is locked"):
        here.provider.account()
    here.simulator.token = "another"
    with pytest.raises(CredentialsRefused, match="not accepted") as caught:
        here.provider.account()
    assert not isinstance(caught.value, PermissionMissing)


def test_the_wait_that_is_told_in_the_body_is_kept(here: Rehearsal) -> None:
    body = (
        b'{"type":"too_many_requests","message":"wait","limit":{"quota":1,"window_seconds":7},'
        b'"reset_seconds":7,"reset_at":"2026-11-23T12:00:07Z"}'
    )
    fault = faults.Fault(faults.Trouble.BODY, status=429, body=body)
    here.simulator.faults.add(fault, method="GET", path=PROJECTS)
    assert here.provider.account().active
    assert 7 <= sum(here.clock.slept) < 8
    here.simulator.faults.add(fault, method="POST", path=SERVERS)
    with pytest.raises(RateLimited) as caught:
        here.provider.create(rental())
    assert caught.value.retry_after_seconds == 7


def test_no_secret_is_shown_by_any_fault(here: Rehearsal, caplog: pytest.LogCaptureFixture) -> None:
    token = here.simulator.token
    quoting = faults.status(400, f"bad token {token}")
    told: list[str] = [repr(here.provider), repr(vars(here.provider)), repr(rental())]
    troubles = (
        *(faults.status(code) for code in (401, 403, 404, 409, 412, 429, 500)),
        faults.web_page(),
        faults.lost_answer(),
        quoting,
    )
    with caplog.at_level(logging.DEBUG):
        for where in (SERVERS, ANY_DATA, ".*/action"):
            # The cloud has it from that request alone.
            known = [faults.status(400, f"what is {USER_DATA}")] if where == ANY_DATA else []
            for fault in (*troubles, *known):
                here.simulator.faults.clear()
                here.simulator.faults.add(fault, method="POST|PATCH", path=where, times=9)
                with pytest.raises(CapsuleError) as caught:
                    here.provider.create(rental())
                error = caught.value
                told += [str(error), repr(error), str(error.hint), repr(vars(error))]
                told += traceback.format_exception(error)
    shown = "\n".join([*told, caplog.text])
    assert "capsule.rest" in caplog.text
    for secret in (SENTINEL, token):
        assert secret not in shown


def test_the_key_may_be_in_either_variable_and_the_project_beside_it() -> None:
    entry = PROVIDERS["scaleway"]
    assert entry.token_variables == ("SCALEWAY_API_KEY", "SCW_SECRET_KEY")
    assert entry.companion_variables == ("SCW_DEFAULT_PROJECT_ID",)
    for variable in entry.token_variables:
        with rehearsal(judged=False) as here:
            provider = connect(
                "scaleway",
                credentials={variable: here.simulator.token, "SCW_DEFAULT_PROJECT_ID": ""},
                endpoint=here.simulator.url,
                clock=FakeClock(),
            )
            assert provider.account().active
            [asked, *_] = here.simulator.exchanges
            assert "x-auth-token" not in asked.request.headers


def test_without_a_key_or_with_junk_for_a_project_nothing_is_sent() -> None:
    with pytest.raises(CredentialsMissing):
        connect("scaleway", credentials={}, endpoint=None, clock=FakeClock())
    with pytest.raises(ConfigurationError, match="SCW_DEFAULT_PROJECT_ID"):
        connect(
            "scaleway",
            credentials={
                "SCW_SECRET_KEY": SecretStr("x" * 36),
                "SCW_DEFAULT_PROJECT_ID": "my-project",
            },
            endpoint=None,
            clock=FakeClock(),
        )
