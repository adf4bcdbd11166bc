"""The judge of Vultr's exchanges: what it must not let pass."""

import json

import pytest

from capsule_adapters.sandbox.api import Exchange
from capsule_adapters.sandbox.http import Request
from tests.simulators.vultr import judge

BODY = {"region": "fra", "plan": "vc2-1c-1gb", "os_id": 2284, "label": "web", "hostname": "web"}
METAL = {**BODY, "plan": "vbm-4c-32gb"}
NOBODY = "00000000-0000-4000-8000-000000000000"


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
    judge().judge(_exchange("POST", "/v2/instances", body=BODY))
    refused = {"error": "Invalid plan.", "status": 400}
    judge().judge(_exchange("POST", "/v2/instances", body=BODY, status=400, answer=refused))


@pytest.mark.parametrize(
    "bad",
    [
        _exchange("POST", "/v2/instances", body={**BODY, "ssh_keys": []}),
        _exchange("POST", "/v2/instances", body={**BODY, "tags": "a"}),
        _exchange("POST", "/v2/instances", body={**BODY, "os_id": "2284"}),
        _exchange("POST", "/v2/bare-metals", body={**METAL, "backups": "disabled"}),
        _exchange("POST", "/v2/instances", body={"label": "web"}),
        _exchange("GET", "/v2/bare-metals", query={"tag": "x"}),
        _exchange("GET", "/v2/instances", query={"page": "1"}),
        _exchange("GET", "/instances"),
        _exchange("PUT", "/v2/instances"),
        _exchange("POST", f"/v2/instances/{NOBODY}/stop"),
        _exchange("GET", "/v2/account", status=200, answer={"account": {"email": 1}}),
        _exchange("GET", "/v2/account", status=401, answer={"message": "no"}),
        _exchange("GET", "/v2/account", status=401, answer={"error": "no"}),
    ],
    ids=lambda e: f"{e.request.method} {e.request.path} {e.request.body[:90]!r} {e.status}",
)
def test_what_is_not_described_is_an_error(bad: Exchange) -> None:
    with pytest.raises(AssertionError):
        judge().judge(bad)
