"""What botocore's errors mean, in ours."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PaginationError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError
from pydantic import SecretStr

from capsule_adapters.providers.aws import NAME
from capsule_adapters.providers.aws.http import Senseless
from capsule_adapters.rest.refusals import Subject, words
from capsule_adapters.rest.secrets import redacted
from capsule_domain.errors import (
    AccountLocked,
    CapsuleError,
    CredentialsRefused,
    NotFound,
    OutOfStock,
    PermissionMissing,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)

_THROTTLED = r"(?:RequestLimitExceeded|Throttl\w*|RequestThrottled\w*|TooManyRequests\w*|SlowDown)"
_OUT = (
    r"Insufficient(?:Instance|Host|ReservedInstance)?Capacity\w*|Unsupported"
    r"|InsufficientFreeAddressesInSubnet"
)


@dataclass(frozen=True)
class _Kind:
    """What AWS's codes of that pattern mean. `opening`: what our message says before theirs."""

    pattern: str
    error: type[ProviderError]
    hint: str
    opening: str = ""


_KINDS = (
    _Kind(
        r"UnauthorizedOperation|AccessDenied\w*|NotAuthorized\w*",
        PermissionMissing,
        "allow it in IAM, or use another key",
        "the key lacks the right {operation}: ",
    ),
    _Kind(
        r"RequestExpired|RequestTimeTooSkewed|ExpiredToken\w*",
        CredentialsRefused,
        "is the clock right? or sign in anew: aws sso login",
    ),
    _Kind("Blocked", AccountLocked, "settle it with AWS's support"),
    _Kind(
        r"AuthFailure|InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClientException"
        r"|InvalidSignature\w*|IncompleteSignature\w*|MissingAuthenticationToken\w*"
        r"|InvalidAccessKeyId|OptInRequired|NotSignedUp",
        CredentialsRefused,
        "set its key anew: capsule openmesh provider configure aws",
        "the key is not accepted: ",
    ),
    _Kind(_OUT, OutOfStock, "try another region: capsule openmesh templates --live"),
    _Kind(
        r"\w*LimitExceeded|PendingVerification",
        QuotaExceeded,
        "end a server, or ask AWS to raise the quota",
    ),
)
_NEVER_SENT = (
    EndpointConnectionError,
    ConnectTimeoutError,
    ProxyConnectionError,
)
_ON_THE_WAY = (
    HTTPClientError,
    NoConnection,
    ResponseParserError,
    ResponseStreamingError,
)


class AwsRefusal(ProviderError):
    """A refusal that has no kind of its own. `code` is AWS's word for it."""

    def __init__(self, message: str, *, code: str, request_id: str | None = None) -> None:
        super().__init__(NAME, message, request_id=request_id)
        self.code = code


class DryRunPassed(ProviderError):
    """What was only tried would have worked."""


def meaning(
    error: BotoCoreError | ClientError | ResponseParserError,
    *,
    operation: str,
    subject: Subject | None,
    secrets: Sequence[SecretStr],
) -> CapsuleError:
    """The error that it is. `operation` is `ec2:RunInstances`, which names a right too."""
    if isinstance(error, ClientError):
        return _refusal(error.response, operation, subject, secrets)
    if isinstance(error, _NEVER_SENT):
        cause = f"cannot connect: {_line(str(error), secrets)}"
        return ProviderUnavailable(NAME, cause, hint="is the network up?", sent=False)
    if isinstance(error, _ON_THE_WAY):
        return ProviderUnavailable(NAME, _trouble(error, secrets))
    return _before_sending(error, operation, secrets)


def scrub(error: BaseException | None, secrets: Sequence[SecretStr]) -> None:
    """Take secrets out of what an error and its causes say: a traceback would show it."""
    while error is not None:
        error.args = tuple(
            redacted(part, secrets) if isinstance(part, str) else part for part in error.args
        )
        error = error.__cause__ or error.__context__


def _trouble(error: Exception, secrets: Sequence[SecretStr]) -> str:
    """What went wrong after the request left."""
    if isinstance(error, ReadTimeoutError):
        return "no answer in time"
    if isinstance(error, ResponseParserError):
        return "answered with something that is no answer of AWS"
    if isinstance(error, Senseless):
        return f"answered with {error}"
    return f"the connection broke: {_line(str(error), secrets)}"


def _before_sending(
    error: BotoCoreError, operation: str, secrets: Sequence[SecretStr]
) -> ProviderError:
    """What botocore itself refuses to send, or to go on with."""
    said = _line(str(error), secrets)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return CredentialsRefused(NAME, said, hint="export AWS_ACCESS_KEY_ID=…")
    if isinstance(error, SSOError | TokenRetrievalError | CredentialRetrievalError):
        return CredentialsRefused(NAME, said, hint="aws sso login")
    if isinstance(error, PaginationError):
        return ProviderError(NAME, f"{operation} repeats a page instead of ending")
    if isinstance(error, ParamValidationError):
        # Its text quotes the value, which may be user data.
        return ProviderError(NAME, f"{operation} cannot be asked with these values")
    return ProviderError(NAME, said)


def _refusal(
    response: Mapping[str, Any],
    operation: str,
    subject: Subject | None,
    secrets: Sequence[SecretStr],
) -> CapsuleError:
    details = response.get("Error") or {}
    metadata = response.get("ResponseMetadata") or {}
    status = int(metadata.get("HTTPStatusCode") or 0)
    code = str(details.get("Code") or "")
    request_id = metadata.get("RequestId")
    said = _line(words({"message": details.get("Message") or ""}), secrets)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]*|5\d\d", code):
        # A refusal must be AWS's own: this one may come from anything in between.
        answered = f"answered with something that is no answer of AWS (HTTP {status})"
        return ProviderUnavailable(NAME, answered)
    if re.fullmatch(_THROTTLED, code):
        return RateLimited(NAME, request_id=request_id)
    if status >= 500 and not re.fullmatch(_OUT, code):
        unwell = f"not working just now (HTTP {status}, {code})" + (f": {said}" if said else "")
        return ProviderUnavailable(NAME, unwell, request_id=request_id)
    return _decided(code, said or code, operation, subject, request_id)


def _decided(
    code: str, said: str, operation: str, subject: Subject | None, request_id: str | None
) -> CapsuleError:
    said = said[:1].lower() + said[1:] if said[1:2].islower() else said
    if code == "DryRunOperation":
        return DryRunPassed(NAME, said)
    if re.fullmatch(r"InvalidInstanceID\.\w+", code) and subject is not None:
        return NotFound(f"{NAME} {subject.kind}", subject.name)
    for kind in _KINDS:
        if re.fullmatch(kind.pattern, code):
            message = f"{kind.opening.format(operation=operation)}{said}"
            return kind.error(NAME, message, hint=kind.hint, request_id=request_id)
    return AwsRefusal(said, code=code, request_id=request_id)


def _line(text: str, secrets: Sequence[SecretStr]) -> str:
    """One line without secrets."""
    return words({"message": redacted(text, secrets)})
