"""What is where in the API."""

import re
from collections.abc import Callable

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.equinix.endpoints import Endpoints
from capsule_adapters.sandbox.equinix.wording import PREFIX, Refusal
from capsule_adapters.sandbox.http import Request

_ID = r"([0-9a-f-]{36})"
_PROJECT = f"/projects/{_ID}"
_DEVICE = f"/devices/{_ID}"
_ROUTES: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", "/user", Endpoints.user),
    ("GET", "/projects", Endpoints.projects),
    ("GET", _PROJECT, Endpoints.project),
    ("GET", f"{_PROJECT}/devices", Endpoints.list_devices),
    ("POST", f"{_PROJECT}/devices", Endpoints.create),
    ("GET", f"{_PROJECT}/plans", Endpoints.project_plans),
    ("GET", f"{_PROJECT}/ssh-keys", Endpoints.project_keys),
    ("POST", f"{_PROJECT}/ssh-keys", Endpoints.add_project_key),
    ("GET", _DEVICE, Endpoints.get_device),
    ("PUT", _DEVICE, Endpoints.update),
    ("DELETE", _DEVICE, Endpoints.delete),
    ("POST", f"{_DEVICE}/actions", Endpoints.act),
    ("GET", "/plans", Endpoints.plans),
    ("GET", "/locations/metros", Endpoints.metros),
    ("GET", "/operating-systems", Endpoints.operating_systems),
    ("GET", "/ssh-keys", Endpoints.own_keys),
    ("POST", "/ssh-keys", Endpoints.add_own_key),
    ("DELETE", f"/ssh-keys/{_ID}", Endpoints.delete_key),
    ("GET", "/capacity/metros", Endpoints.capacity),
    ("POST", "/capacity/metros", Endpoints.check_capacity),
)


def answer(endpoints: Endpoints, request: Request) -> Answer:
    """What the cloud does for `request`. Raises Refusal."""
    known = False
    for method, path, endpoint in _ROUTES:
        found = re.fullmatch(PREFIX + path, request.path)
        known = known or found is not None
        if found is not None and method == request.method:
            changes = method != "GET" and endpoint is not Endpoints.check_capacity
            if endpoints.temper.read_only and changes:
                raise Refusal(403, "This token is read-only")
            return endpoint(endpoints, request, *found.groups())
    raise Refusal(405 if known else 404)
