"""What is where in the API, for whom, and how often."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.linode.endpoints import Endpoints
from capsule_adapters.sandbox.linode.wording import Refusal

_ID = r"([1-9][0-9]{0,17})"
_SLUG = "([^/]+)"
_LINODES = "/linode/instances"

PUBLIC = "public"
"""In place of a scope: no token is needed."""
ANY = "any"
"""In place of a scope: any token will do."""


class Bucket(StrEnum):
    """What is counted together."""

    USUAL = "usual"
    LIST = "list"
    IMAGES = "images"
    CREATE = "create"


@dataclass(frozen=True)
class Route:
    """One operation."""

    method: str
    path: str
    scope: str
    bucket: Bucket
    endpoint: Callable[..., Answer]


_READ, _WRITE = "linodes:read_only", "linodes:read_write"
_ROUTES = (
    Route("GET", "/profile", ANY, Bucket.USUAL, Endpoints.profile),
    Route("GET", "/profile/sshkeys", "account:read_only", Bucket.LIST, Endpoints.list_keys),
    Route("POST", "/profile/sshkeys", "account:read_write", Bucket.USUAL, Endpoints.add_key),
    Route("GET", "/regions", PUBLIC, Bucket.LIST, Endpoints.regions),
    Route("GET", "/regions/availability", PUBLIC, Bucket.LIST, Endpoints.availability),
    Route("GET", f"/regions/{_SLUG}", PUBLIC, Bucket.USUAL, Endpoints.region),
    Route(
        "GET",
        f"/regions/{_SLUG}/availability",
        PUBLIC,
        Bucket.USUAL,
        Endpoints.availability_there,
    ),
    Route("GET", "/linode/types", PUBLIC, Bucket.LIST, Endpoints.types),
    Route("GET", f"/linode/types/{_SLUG}", PUBLIC, Bucket.USUAL, Endpoints.type),
    Route("GET", "/images", PUBLIC, Bucket.IMAGES, Endpoints.images),
    Route("GET", r"/images/(linode/[^/]+)", PUBLIC, Bucket.USUAL, Endpoints.image),
    Route("GET", _LINODES, _READ, Bucket.LIST, Endpoints.list_linodes),
    Route("POST", _LINODES, _WRITE, Bucket.CREATE, Endpoints.create),
    Route("GET", f"{_LINODES}/{_ID}", _READ, Bucket.USUAL, Endpoints.get_linode),
    Route("PUT", f"{_LINODES}/{_ID}", _WRITE, Bucket.USUAL, Endpoints.update),
    Route("DELETE", f"{_LINODES}/{_ID}", _WRITE, Bucket.USUAL, Endpoints.delete),
    Route("POST", f"{_LINODES}/{_ID}/(boot|shutdown|reboot)", _WRITE, Bucket.USUAL, Endpoints.act),
)


def bucket(request: Request) -> Bucket:
    """What the request counts towards, whatever comes of it."""
    for route in _ROUTES:
        if route.method == request.method and re.fullmatch(f"/v4{route.path}", request.path):
            return route.bucket
    return Bucket.USUAL


def answer(
    endpoints: Endpoints, request: Request, *, authorized: bool, scopes: frozenset[str]
) -> Answer:
    """What the cloud does for `request`. Raises Refusal."""
    known = False
    for route in _ROUTES:
        found = re.fullmatch(f"/v4{route.path}", request.path)
        known = known or found is not None
        if found is not None and route.method == request.method:
            _check(route.scope, authorized=authorized, scopes=scopes)
            return route.endpoint(endpoints, request, *found.groups())
    raise Refusal(405 if known else 404)


def _check(scope: str, *, authorized: bool, scopes: frozenset[str]) -> None:
    if scope == PUBLIC:
        return
    if not authorized:
        raise Refusal(401)
    enough = {"*", scope, scope.replace("read_only", "read_write")}
    if scope != ANY and not enough & scopes:
        raise Refusal(401, "Your OAuth token is not authorized to use this endpoint.")
