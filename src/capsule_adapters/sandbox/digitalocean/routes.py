"""What is where in the API."""

import re
from collections.abc import Callable

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.digitalocean.endpoints import Endpoints
from capsule_adapters.sandbox.digitalocean.wording import Refusal
from capsule_adapters.sandbox.http import Request

_ID = r"([1-9][0-9]{0,17})"
_ROUTES: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", "/account", Endpoints.account),
    ("GET", "/account/keys", Endpoints.list_keys),
    ("POST", "/account/keys", Endpoints.add_key),
    ("GET", "/account/keys/([^/]+)", Endpoints.get_key),
    ("DELETE", "/account/keys/([^/]+)", Endpoints.delete_key),
    ("GET", "/regions", Endpoints.regions),
    ("GET", "/sizes", Endpoints.sizes),
    ("GET", "/images", Endpoints.images),
    ("GET", "/images/([^/]+)", Endpoints.image),
    ("GET", "/droplets", Endpoints.list_droplets),
    ("POST", "/droplets", Endpoints.create),
    ("DELETE", "/droplets", Endpoints.delete_tagged),
    ("GET", f"/droplets/{_ID}", Endpoints.get_droplet),
    ("DELETE", f"/droplets/{_ID}", Endpoints.delete),
    ("GET", f"/droplets/{_ID}/actions", Endpoints.list_actions),
    ("POST", f"/droplets/{_ID}/actions", Endpoints.act),
    ("GET", f"/droplets/{_ID}/actions/{_ID}", Endpoints.get_its_action),
    ("GET", f"/actions/{_ID}", Endpoints.get_action),
    ("GET", "/tags", Endpoints.list_tags),
    ("POST", "/tags", Endpoints.add_tag),
    ("GET", "/tags/([^/]+)", Endpoints.get_tag),
    ("POST", "/tags/([^/]+)/resources", Endpoints.tag_resources),
    ("DELETE", "/tags/([^/]+)/resources", Endpoints.untag_resources),
)


def answer(endpoints: Endpoints, request: Request) -> Answer:
    """What the cloud does for `request`. Raises Refusal."""
    known = False
    for method, path, endpoint in _ROUTES:
        found = re.fullmatch(f"/v2{path}", request.path)
        known = known or found is not None
        if found is not None and method == request.method:
            return endpoint(endpoints, request, *found.groups())
    raise Refusal(405 if known else 404)
