"""The judge of Hivelocity's exchanges: what it must not let pass."""

import json

import pytest

from capsule_adapters.sandbox.api import Exchange
from capsule_adapters.sandbox.http import Request
from tests.simulators.hivelocity import BASE, BOOK, COMPUTES, METALS, judge

BODY = {"productId": 525, "locationName": "TPA1", "osName": "Ubuntu 24.04", "hostname": "a.b"}
REFUSED = {"code": 400, "description": "Invalid device parameters."}


def _exchange(
    method: str,
    path: str,
    *,
    query: dict[str, str] | None = None,
    body: object = None,
    status: int | None = None,
    answer: object = None,
) -> Exchange:
    content = b"" if body is None else json.dumps(body).encode()
    request = Request(method, path, query or {}, {"content-type": "application/json"}, content)
    headers = {"content-type": "application/json"}
    return Exchange(request, status, headers, json.dumps(answer).encode(), None)


def test_a_documented_request_passes() -> None:
    judge().judge(_exchange("POST", METALS, body=BODY))
    judge().judge(_exchange("POST", COMPUTES, body=BODY, status=400, answer=REFUSED))
    judge().judge(_exchange("POST", f"{BOOK}1/power", query={"action": "boot"}))


@pytest.mark.parametrize(
    "bad",
    [
        _exchange("POST", METALS, body={**BODY, "sshKeyIds": [1]}),
        _exchange("POST", METALS, body={**BODY, "tags": "a"}),
        _exchange("POST", METALS, body={**BODY, "productId": "525"}),
        _exchange("POST", COMPUTES, body={"hostname": "a.b"}),
        _exchange("POST", METALS.rstrip("/"), body=BODY),
        _exchange("GET", COMPUTES.rstrip("/")),
        _exchange("GET", METALS, query={"tag": "x"}),
        _exchange("GET", f"{BASE}/inventory/product", query={"location": "MOON"}),
        _exchange("GET", f"{BASE}/inventory/product/"),
        _exchange("POST", f"{BOOK}1/power"),
        _exchange("POST", f"{BOOK}1/power", query={"action": "boot"}, body={"action": "boot"}),
        _exchange("PUT", f"{BOOK}1/tags", body={"tag": ["a"]}),
        _exchange("GET", f"{METALS}web"),
        _exchange("PATCH", f"{METALS}1"),
        _exchange("GET", METALS, status=200, answer={"devices": []}),
        _exchange("GET", METALS, status=200, answer=[{"deviceId": "1"}]),
        _exchange("GET", METALS, status=401, answer={"message": "no"}),
    ],
    ids=lambda e: f"{e.request.method} {e.request.path} {e.request.body[:90]!r} {e.status}",
)
def test_what_is_not_described_is_an_error(bad: Exchange) -> None:
    with pytest.raises((AssertionError, KeyError)):
        judge().judge(bad)
