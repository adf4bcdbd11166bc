"""AWS's three ways to be asked, and to say no: forms and XML (EC2, STS), JSON (prices)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request

EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15"
_STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
_USUAL = {
    400: ("InvalidParameterValue", "The value is not valid."),
    401: ("AuthFailure", "AWS was not able to validate the provided access credentials"),
    403: ("UnauthorizedOperation", "You are not authorized to perform this operation."),
    404: ("InvalidInstanceID.NotFound", "The instance ID does not exist"),
    409: ("IncorrectInstanceState", "The instance is not in a state for this operation."),
    422: ("InvalidParameterCombination", "The parameters cannot be combined."),
    429: ("Throttling", "Rate exceeded"),
    500: ("InternalError", "An internal error has occurred"),
    503: ("Unavailable", "The service is unavailable. Please try again shortly."),
}


class Refusal(Exception):
    """AWS says no."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Call:
    """What is asked of whom. `parameters` are a form's, or a JSON's whole object."""

    service: str
    region: str
    operation: str
    parameters: Mapping[str, Any]

    @property
    def right(self) -> str:
        """Such as `ec2:RunInstances`."""
        return f"{self.service}:{self.operation}"

    @property
    def path(self) -> str:
        """How tests and faults know it: all of AWS is at one path."""
        return f"/{self.service}/{self.region}/{self.operation}"

    def several(self, name: str) -> list[str]:
        """`InstanceId.1`, `InstanceId.2` …"""
        numbered = re.compile(rf"{re.escape(name)}\.(\d+)")
        found = {int(m[1]): v for k, v in self.parameters.items() if (m := numbered.fullmatch(k))}
        return [found[number] for number in sorted(found)]


def read_call(request: Request) -> Call:
    """The call in a request; one that names no service is EC2's."""
    scope = _CREDENTIAL.search(request.headers.get("authorization", ""))
    region, service = (scope[3], scope[4]) if scope else ("us-east-1", "ec2")
    target = request.headers.get("x-amz-target")
    if target is not None:
        body = request.json()
        parameters = body if isinstance(body, dict) else {}
        return Call(service, region, target.rpartition(".")[2], parameters)
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    operation = re.sub(r"[^A-Za-z]", "", form.get("Action", "")) or "Nothing"
    return Call(service, region, operation, form)


def refusal(status: int, message: str) -> Refusal:
    """The usual one of an HTTP status; a message may begin with a code of its own."""
    code, usual = _USUAL.get(status, ("UnknownError", "An error occurred."))
    own = re.fullmatch(r"([A-Z][A-Za-z]+(?:\.[A-Za-z]+)?): (.*)", message)
    return Refusal(own[1], own[2], status) if own else Refusal(code, message or usual, status)


def refused(call: Call, no: Refusal, request_id: str) -> Answer:
    """No, in the words of the service that was asked."""
    if call.service == "pricing":
        said = json.dumps({"__type": no.code, "message": no.message})
        return _answer(no.status, said, "application/x-amz-json-1.1")
    error = f"<Code>{escape(no.code)}</Code><Message>{escape(no.message)}</Message>"
    if call.service == "sts":
        text = (
            f'<ErrorResponse xmlns="{_STS_NAMESPACE}"><Error><Type>Sender</Type>{error}</Error>'
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    else:
        text = (
            f"<Response><Errors><Error>{error}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    return xml(no.status, text)


def xml(status: int, text: str) -> Answer:
    """An answer of EC2's or STS's."""
    return _answer(status, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}', "text/xml")


def amz_json(content: Any) -> Answer:
    """An answer of the price list's."""
    return _answer(200, json.dumps(content), "application/x-amz-json-1.1")


def _answer(status: int, text: str, kind: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": f"{kind};charset=UTF-8"})
