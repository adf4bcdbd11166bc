"""What is where in the API. A slash too few or too many is somewhere else."""

import re
from collections.abc import Callable

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.hivelocity.endpoints import Endpoints
from capsule_adapters.sandbox.hivelocity.state import Kind
from capsule_adapters.sandbox.hivelocity.wording import Refusal
from capsule_adapters.sandbox.http import Request

PREFIX = "/api/v2"
_ID = r"([1-9][0-9]{0,17})"
_PLACES: tuple[tuple[str, Kind], ...] = (("/bare-metal-devices/", "metal"), ("/compute/", "vps"))

Route = tuple[str, str, Callable[..., Answer]]


def _of_kind(endpoint: Callable[..., Answer], kind: Kind) -> Callable[..., Answer]:
    def act(endpoints: Endpoints, request: Request, *named: str) -> Answer:
        return endpoint(endpoints, request, kind, *named)

    return act


_RENTING: tuple[Route, ...] = tuple(
    route
    for place, kind in _PLACES
    for route in (
        ("GET", place, _of_kind(Endpoints.list_devices, kind)),
        ("POST", place, _of_kind(Endpoints.create, kind)),
        ("GET", place + _ID, _of_kind(Endpoints.get_device, kind)),
        ("DELETE", place + _ID, _of_kind(Endpoints.delete, kind)),
    )
)
_ROUTES: tuple[Route, ...] = (
    ("GET", "/profile/basic", Endpoints.profile),
    ("GET", "/profile/", Endpoints.profile),
    ("GET", "/inventory/locations", Endpoints.locations),
    ("GET", "/inventory/product", Endpoints.products),
    ("GET", f"/inventory/product/{_ID}", Endpoints.product),
    ("GET", f"/product/{_ID}/operating-systems", Endpoints.systems),
    ("GET", "/ssh_key/", Endpoints.list_keys),
    ("POST", "/ssh_key/", Endpoints.add_key),
    ("DELETE", f"/ssh_key/{_ID}", Endpoints.delete_key),
    ("GET", "/order/in-progress", Endpoints.orders),
    *_RENTING,
    ("GET", "/device/", Endpoints.book),
    ("GET", f"/device/{_ID}", Endpoints.booked),
    ("GET", f"/device/{_ID}/power", Endpoints.power),
    ("POST", f"/device/{_ID}/power", Endpoints.switch),
    ("GET", f"/device/{_ID}/tags", Endpoints.tags),
    ("PUT", f"/device/{_ID}/tags", Endpoints.set_tags),
)


def needs_key(request: Request) -> bool:
    """Whether the cloud wants to know who asks. A wrong key is wrong everywhere."""
    return not request.path.startswith(f"{PREFIX}/inventory/")


def answer(endpoints: Endpoints, request: Request) -> Answer:
    """What the cloud does for `request`. Raises Refusal."""
    known = _matching(request.path)
    if not known and _matching(f"{request.path}/"):
        # Whoever follows it with a POST asks for the list instead.
        return Answer(301, headers={"Location": f"{request.path}/"})
    for (method, _, _), act in known:
        if method == request.method:
            return act(endpoints, request)
    raise Refusal(405 if known else 404)


def _matching(path: str) -> list[tuple[Route, Callable[..., Answer]]]:
    """The routes to a path, with what it names filled in."""
    found = ((route, re.fullmatch(PREFIX + route[1], path)) for route in _ROUTES)
    return [(route, _named(route[2], match.groups())) for route, match in found if match]


def _named(endpoint: Callable[..., Answer], named: tuple[str, ...]) -> Callable[..., Answer]:
    return lambda endpoints, request: endpoint(endpoints, request, *named)
