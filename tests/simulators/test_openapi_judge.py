"""The judge itself: what it must not let pass."""

import json

import pytest

from capsule_adapters.sandbox.api import Exchange
from capsule_adapters.sandbox.http import Request
from tests.simulators.openapi import oracle

CREATE = {"name": "web", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64", "ssh_keys": [1]}
LIMITS = {"ratelimit-limit": "1", "ratelimit-remaining": "1", "ratelimit-reset": "1"}


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
    headers = {"content-type": "application/json", **LIMITS}
    return Exchange(request, status, headers, json.dumps(answer).encode(), None)


def test_a_documented_request_passes() -> None:
    oracle("digitalocean").judge(_exchange("POST", "/v2/droplets", body=CREATE))


@pytest.mark.parametrize(
    "bad",
    [
        _exchange("POST", "/v2/droplets", body={**CREATE, "plan": "x"}),
        _exchange("POST", "/v2/droplets", body={**CREATE, "user_data": 5}),
        _exchange("POST", "/v2/droplets", body={"name": "web"}),
        _exchange("GET", "/v2/droplets", query={"limit": "5"}),
        _exchange("GET", "/v2/droplets", query={"per_page": "201"}),
        _exchange("GET", "/v2/droplet"),
        _exchange("PUT", "/v2/droplets"),
        _exchange("GET", "/v2/account", status=200, answer={"account": {"email": 1}}),
        _exchange("GET", "/v2/account", status=200, answer={"account": {}}),
        _exchange("GET", "/v2/account", status=401, answer={"error": "unauthorized"}),
    ],
    ids=lambda e: f"{e.request.method} {e.request.path} {e.request.body[:90]!r} {e.status}",
)
def test_what_is_not_described_is_an_error(bad: Exchange) -> None:
    with pytest.raises(AssertionError):
        oracle("digitalocean").judge(bad)
