"""What is where in the API."""

import re
from collections.abc import Callable

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.vultr.endpoints import Endpoints
from capsule_adapters.sandbox.vultr.wording import Refusal

PREFIX = "/v2"
_ID = r"([0-9a-f-]{36})"
_VERB = r"(start|halt|reboot)"
_ROUTES: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", "/account", Endpoints.account),
    ("GET", "/regions", Endpoints.regions),
    ("GET", "/regions/([^/]+)/availability", Endpoints.availability),
    ("GET", "/plans", Endpoints.plans),
    ("GET", "/plans-metal", Endpoints.metal_plans),
    ("GET", "/os", Endpoints.systems),
    ("GET", "/ssh-keys", Endpoints.list_keys),
    ("POST", "/ssh-keys", Endpoints.add_key),
    ("GET", f"/ssh-keys/{_ID}", Endpoints.get_key),
    ("DELETE", f"/ssh-keys/{_ID}", Endpoints.delete_key),
    ("GET", "/instances", Endpoints.list_instances),
    ("POST", "/instances", Endpoints.create_instance),
    ("POST", "/instances/halt", Endpoints.halt_instances),
    ("GET", f"/instances/{_ID}", Endpoints.get_instance),
    ("PATCH", f"/instances/{_ID}", Endpoints.change_instance),
    ("DELETE", f"/instances/{_ID}", Endpoints.delete_instance),
    ("POST", f"/instances/{_ID}/{_VERB}", Endpoints.power_instance),
    ("GET", "/bare-metals", Endpoints.list_metals),
    ("POST", "/bare-metals", Endpoints.create_metal),
    ("GET", f"/bare-metals/{_ID}", Endpoints.get_metal),
    ("PATCH", f"/bare-metals/{_ID}", Endpoints.change_metal),
    ("DELETE", f"/bare-metals/{_ID}", Endpoints.delete_metal),
    ("POST", f"/bare-metals/{_ID}/{_VERB}", Endpoints.power_metal),
)
_WITHOUT_KEY = ("/regions", "/plans", "/plans-metal", "/os")


def needs_key(request: Request) -> bool:
    """Whether the cloud wants to know who asks. A wrong key is wrong everywhere."""
    return request.path.removeprefix(PREFIX) not in _WITHOUT_KEY


def answer(endpoints: Endpoints, request: Request) -> Answer:
    """What the cloud does for `request`. Raises Refusal."""
    known = False
    for method, path, endpoint in _ROUTES:
        found = re.fullmatch(PREFIX + path, request.path)
        known = known or found is not None
        if found is not None and method == request.method:
            return endpoint(endpoints, request, *found.groups())
    raise Refusal(405 if known else 404)
