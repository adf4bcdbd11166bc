"""What tests of the Linode adapter do with a rehearsal."""

from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from capsule_adapters.sandbox import faults
from capsule_domain.models.server import ServerRequest
from tests.simulators.linode import Rehearsal

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
SENTINEL = "sentinel-41d8c07b9e6f2a35"
USER_DATA = f"#cloud-config\nssh_keys:\n  ed25519_private: {SENTINEL}\n"
TYPES = "/v4/linode/types"
REGIONS = "/v4/regions"
STOCK = "/v4/regions/availability"


def rental(**changes: object) -> ServerRequest:
    """What to rent, with some of it changed."""
    request = ServerRequest(
        name="web",
        region="fr-par",
        slug="g6-nanode-1",
        ssh_public_key=KEY,
        user_data=SecretStr(USER_DATA),
        tags=("capsule-1",),
    )
    return request.model_copy(update=changes)


def booted(here: Rehearsal, **changes: object) -> str:
    """The id of a Linode that runs."""
    server_id = here.provider.create(rental(**changes)).server_id
    here.clock.advance(5)
    return server_id


def bodies(here: Rehearsal, method: str, path: str) -> list[Any]:
    """The bodies of such requests, oldest first."""
    return [
        e.request.json()
        for e in here.simulator.exchanges
        if (e.request.method, e.request.path) == (method, path)
    ]


def altered(here: Rehearsal, path: str, alter: Callable[[Any], Any], times: int = 99) -> None:
    """From now on such answers are altered."""
    here.simulator.faults.add(faults.altered(alter), method="GET", path=path, times=times)


def each(**changes: object) -> Callable[[Any], Any]:
    """Alters each item of a list, or the one thing that the body is."""

    def alter(body: Any) -> Any:
        for item in body.get("data", [body]):
            item.update(changes)
        return body

    return alter
