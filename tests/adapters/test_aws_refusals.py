"""What AWS and the network between us say, in our errors; and no secret in any of them."""

import logging
import re
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from capsule_adapters.rest.patience import Patience
from capsule_adapters.sandbox import faults
from capsule_domain.errors import (
    AccountLocked,
    CapsuleError,
    CredentialsRefused,
    OutOfStock,
    PermissionMissing,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)
from tests.adapters.test_aws_launch import REQUEST
from tests.simulators.aws import PATIENT, Rehearsal, adapter, rehearsal, whole_pages

SECRET = "-----BEGIN sentinel-of-a-private-key-----"
UNKNOWN = "eu-west-1:i-0123456789abcdef0"


@pytest.fixture(scope="module")
def shared() -> Iterator[Rehearsal]:
    with rehearsal(temper=whole_pages()) as made:
        made.provider.account()
        yield made


@pytest.fixture
def aws(shared: Rehearsal) -> Iterator[Rehearsal]:
    yield shared
    shared.simulator.faults.clear()


def failing(aws: Rehearsal, fault: faults.Fault) -> CapsuleError:
    """The error of a read that meets this."""
    aws.simulator.faults.add(fault, path=".*/DescribeInstances")
    with pytest.raises(CapsuleError) as caught:
        aws.provider.server(UNKNOWN)
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "AuthFailure", CredentialsRefused),
        (403, "UnauthorizedOperation", PermissionMissing),
        (403, "AccessDenied", PermissionMissing),
        (400, "OptInRequired", CredentialsRefused),
        (400, "Blocked", AccountLocked),
        (400, "RequestExpired", CredentialsRefused),
        (400, "ExpiredTokenException", CredentialsRefused),
        (500, "InsufficientInstanceCapacity", OutOfStock),
        (400, "Unsupported", OutOfStock),
        (400, "InsufficientFreeAddressesInSubnet", OutOfStock),
        (400, "InstanceLimitExceeded", QuotaExceeded),
        (400, "VcpuLimitExceeded", QuotaExceeded),
        (400, "MaxSpotInstanceCountExceeded", ProviderError),
        (503, "RequestLimitExceeded", RateLimited),
        (400, "ThrottlingException", RateLimited),
        (429, "TooManyRequestsException", RateLimited),
        (500, "InternalError", ProviderUnavailable),
        (503, "Unavailable", ProviderUnavailable),
        (400, "UnsupportedOperation", ProviderError),
        (409, "IncorrectInstanceState", ProviderError),
        (422, "InvalidParameterCombination", ProviderError),
    ],
)
def test_each_code_is_the_error_that_it_means(
    aws: Rehearsal, status: int, code: str, error: type[ProviderError]
) -> None:
    found = failing(aws, faults.status(status, f"{code}: The reason of it."))
    assert type(found) is error or (error is ProviderError and isinstance(found, ProviderError))
    if error is ProviderError:
        assert not isinstance(found, ProviderUnavailable | CredentialsRefused | QuotaExceeded)
    assert isinstance(found, ProviderError)
    assert found.request_id
    assert "\n" not in found.message


def test_the_right_that_is_lacking_is_named(aws: Rehearsal) -> None:
    found = failing(aws, faults.status(403, "UnauthorizedOperation: You may not."))
    assert "the key lacks the right ec2:DescribeInstances: you may not." in found.message
    assert found.hint == "allow it in IAM, or use another key"


def test_a_clock_that_is_wrong_is_hinted_at(aws: Rehearsal) -> None:
    aws.simulator.temper.skew_seconds = 900
    with pytest.raises(CredentialsRefused, match="expired") as caught:
        aws.provider.server(UNKNOWN)
    aws.simulator.temper.skew_seconds = 0
    assert caught.value.hint is not None
    assert "clock" in caught.value.hint


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (faults.web_page(), "is no answer of AWS"),
        (faults.web_page(403), "is no answer of AWS"),
        (faults.web_page(404), "is no answer of AWS"),
        (faults.web_page(502), "not working just now|is no answer"),
        (faults.empty(), "is no answer of AWS"),
        (faults.empty(404), "is no answer of AWS"),
        (faults.empty(503), "not working just now|is no answer"),
        (faults.half_json(), "is no answer of AWS"),
        (faults.reset_before(), "the connection broke"),
        (faults.lost_answer(), "the connection broke"),
        (faults.redirect("http://evil.example/"), "is no answer of AWS"),
        (faults.status(418, "no code at all"), "I'm a teapot|418|no code at all"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.trouble.value + str(value.status),
)
def test_what_is_no_answer_is_not_believed(
    aws: Rehearsal, fault: faults.Fault, message: str
) -> None:
    found = failing(aws, fault)
    assert isinstance(found, ProviderError)
    if fault.status != 418:
        assert isinstance(found, ProviderUnavailable)
        assert found.sent
    assert re.search(message, found.message)


def test_a_server_is_not_taken_for_gone_by_a_web_page(aws: Rehearsal) -> None:
    for code in (400, 404):
        aws.simulator.faults.add(faults.web_page(code), path=".*/TerminateInstances")
        with pytest.raises(ProviderUnavailable):
            aws.provider.destroy(UNKNOWN)


def test_an_endless_answer_is_cut_off(aws: Rehearsal) -> None:
    small = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=1, answer_max_bytes=100_000)
    provider = adapter(aws.simulator, aws.clock, patience=small)
    aws.simulator.faults.add(faults.endless(2_000_000_000), path=".*/DescribeInstances")
    with pytest.raises(ProviderUnavailable, match="answered with more than 100,000 bytes"):
        provider.server(UNKNOWN)
    provider.close()


def test_a_silence_in_the_middle_of_an_answer_is_not_waited_for_long(aws: Rehearsal) -> None:
    hasty = Patience(connect_seconds=2.0, read_seconds=0.2, attempts=1)
    provider = adapter(aws.simulator, aws.clock, patience=hasty)
    aws.simulator.faults.add(faults.slow(5.0), path=".*/DescribeInstances")
    with pytest.raises(ProviderUnavailable):
        provider.server(UNKNOWN)
    provider.close()


def test_nobody_at_the_address_means_that_nothing_was_sent() -> None:
    with rehearsal(temper=whole_pages()) as aws:
        aws.simulator.stop()
        with pytest.raises(ProviderUnavailable, match="cannot connect") as caught:
            aws.provider.account()
        assert not caught.value.sent


def test_what_may_pass_is_asked_again_by_boto3() -> None:
    with rehearsal(temper=whole_pages(), patience=PATIENT) as aws:
        for fault in (faults.reset_before(), faults.status(503), faults.status(500)):
            aws.simulator.faults.add(fault, path=".*/GetCallerIdentity")
            assert aws.provider.account()
        assert aws.simulator.count("POST", "/sts/us-east-1/GetCallerIdentity") == 6


def test_no_secret_is_in_any_message_log_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    request = REQUEST.model_copy(update={"user_data": SecretStr(f"#cloud-config\n# {SECRET}\n")})
    for name in (None, "botocore", "boto3", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    with rehearsal(temper=whole_pages()) as aws:
        token = aws.simulator.token
        quoting = faults.status(400, f"InvalidThing: you sent {SECRET} with {token}")
        aws.simulator.faults.add(quoting, path=".*/RunInstances")
        with pytest.raises(ProviderError) as caught:
            aws.provider.create(request)
        aws.provider.create(request)
        told = f"{caught.value!r} {caught.value.message} {aws.provider._api!r} {caplog.text}"
        told += repr(aws.provider._api._access)
    assert "[secret]" in caught.value.message
    assert "RunInstances 200" in caplog.text
    assert token not in told
    assert "sentinel-of-a-private-key" not in told
    assert "I2Nsb3VkLWNvbmZpZw" not in told  # the user data's beginning in base64
