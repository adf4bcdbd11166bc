"""Whether a request was signed with the account's key: Signature Version 4, worked out anew."""

import re
from datetime import UTC, datetime
from hmac import compare_digest

from capsule_adapters.sandbox.aws.wire import Call, Refusal
from capsule_adapters.sandbox.http import Request

_FORM = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_MOST_SKEW_SECONDS = 300


def check(request: Request, call: Call, *, key_id: str, secret: str, now: datetime) -> None:
    """Raises the Refusal of the service when the signature or its time is wrong.

    `now`: the time at AWS.
    """
    found = _FORM.fullmatch(request.headers.get("authorization", ""))
    stamp = request.headers.get("x-amz-date", "")
    if found is None or not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        raise Refusal("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    if found["key"] != key_id:
        raise _unknown_key(call)
    signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs((now - signed).total_seconds()) > _MOST_SKEW_SECONDS:
        raise Refusal("RequestExpired", f"Request has expired. Timestamp date is {stamp}.")
    expected = _signature(request, call, found["headers"].split(";"), stamp, secret)
    if not compare_digest(found["signature"], expected):
        raise _wrong_secret(call)


def _signature(request: Request, call: Call, names: list[str], stamp: str, secret: str) -> str:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    headers = {name: request.headers.get(name, "") for name in names}
    signed = AWSRequest(
        method=request.method,
        url=f"http://{request.headers.get('host', '')}{request.path}",
        data=request.body,
        headers=headers,
    )
    signed.context["timestamp"] = stamp
    signer = SigV4Auth(Credentials("unused", secret), call.service, call.region)
    text = signer.string_to_sign(signed, signer.canonical_request(signed))
    return str(signer.signature(text, signed))


def _unknown_key(call: Call) -> Refusal:
    if call.service == "ec2":
        said = "AWS was not able to validate the provided access credentials"
        return Refusal("AuthFailure", said, 401)
    said = "The security token included in the request is invalid."
    code = "InvalidClientTokenId" if call.service == "sts" else "UnrecognizedClientException"
    return Refusal(code, said, 403 if call.service == "sts" else 400)


def _wrong_secret(call: Call) -> Refusal:
    if call.service == "ec2":
        return _unknown_key(call)
    said = "The request signature we calculated does not match the signature you provided."
    code = "SignatureDoesNotMatch" if call.service == "sts" else "InvalidSignatureException"
    return Refusal(code, said, 403 if call.service == "sts" else 400)
