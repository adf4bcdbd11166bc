"""What is where in the API, and which right it takes."""

import re
from collections.abc import Callable

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.scaleway import stock
from capsule_adapters.sandbox.scaleway.endpoints import Endpoints
from capsule_adapters.sandbox.scaleway.wording import Refusal

_ID = "([0-9a-f-]{36})"
_ZONE = f"({'|'.join(stock.ZONES)})"
_HERE = f"/instance/v1/zones/{_ZONE}"
_SERVER = f"{_HERE}/servers/{_ID}"
_BLOCKS = f"/block/v1/zones/{_ZONE}/volumes"
_BLOCK = f"{_BLOCKS}/{_ID}"
_KEYS = "/iam/v1alpha1/ssh-keys"
_DATA = "user_data/([^/]+)"

# Method, path, what the right is about, endpoint. Reading takes one right, and all else another.
_ROUTES: tuple[tuple[str, str, str, Callable[..., Answer]], ...] = (
    ("GET", "/account/v3/projects", "projects", Endpoints.projects),
    ("GET", f"{_HERE}/dashboard", "instances", Endpoints.dashboard),
    ("GET", f"{_HERE}/products/servers", "instances", Endpoints.types),
    ("GET", f"{_HERE}/products/servers/availability", "instances", Endpoints.availability),
    ("GET", "/marketplace/v2/local-images", "images", Endpoints.local_images),
    ("GET", _KEYS, "ssh_keys", Endpoints.list_keys),
    ("POST", _KEYS, "ssh_keys", Endpoints.add_key),
    ("GET", f"{_KEYS}/{_ID}", "ssh_keys", Endpoints.get_key),
    ("DELETE", f"{_KEYS}/{_ID}", "ssh_keys", Endpoints.delete_key),
    ("GET", f"{_HERE}/servers", "instances", Endpoints.list_servers),
    ("POST", f"{_HERE}/servers", "instances", Endpoints.create),
    ("GET", _SERVER, "instances", Endpoints.get_server),
    ("PATCH", _SERVER, "instances", Endpoints.update),
    ("DELETE", _SERVER, "instances", Endpoints.delete),
    ("POST", f"{_SERVER}/action", "instances", Endpoints.act),
    ("GET", f"{_SERVER}/user_data", "instances", Endpoints.list_user_data),
    ("GET", f"{_SERVER}/{_DATA}", "instances", Endpoints.get_user_data),
    ("PATCH", f"{_SERVER}/{_DATA}", "instances", Endpoints.set_user_data),
    ("POST", f"{_HERE}/ips", "instances", Endpoints.add_ip),
    ("DELETE", f"{_HERE}/ips/{_ID}", "instances", Endpoints.delete_ip),
    ("GET", f"{_HERE}/volumes", "instances", Endpoints.list_local),
    ("DELETE", f"{_HERE}/volumes/{_ID}", "instances", Endpoints.delete_local),
    ("GET", _BLOCKS, "volumes", Endpoints.list_block),
    ("GET", _BLOCK, "volumes", Endpoints.get_block),
    ("DELETE", _BLOCK, "volumes", Endpoints.delete_block),
)


def answer(endpoints: Endpoints, request: Request) -> Answer:
    """What the cloud does for `request`. Raises Refusal."""
    known = False
    for method, path, resource, endpoint in _ROUTES:
        found = re.fullmatch(path, request.path)
        known = known or found is not None
        if found is not None and method == request.method:
            _check(endpoints.temper.lacks, "read" if method == "GET" else "write", resource)
            return endpoint(endpoints, request, *found.groups())
    raise Refusal(405 if known else 404)


def _check(lacks: frozenset[str], action: str, resource: str) -> None:
    if f"{action} {resource}" in lacks:
        raise Refusal(403, details=[{"action": action, "resource": resource}])
