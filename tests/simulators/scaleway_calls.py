"""What tests of the Scaleway adapter do with a rehearsal."""

from collections.abc import Callable
from typing import Any

from pydantic import SecretStr

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.http import Request
from capsule_domain.models.server import ServerRequest
from tests.simulators.scaleway import Rehearsal

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
SENTINEL = "sentinel-9b3f60d5c2a7e814"
USER_DATA = f"#cloud-config\nssh_keys:\n  ed25519_private: {SENTINEL}\n"
TYPES = "/instance/v1/zones/fr-par-1/products/servers"
STOCK = f"{TYPES}/availability"
KEYS = "/iam/v1alpha1/ssh-keys"
PROJECTS = "/account/v3/projects"
BLOCK = "/block/v1/zones/fr-par-1/volumes"
ANY_DATA = r".*/user_data/cloud-init"
ANY_ACTION = r".*/action"


def rental(**changes: object) -> ServerRequest:
    """What to rent, with some of it changed. It has a local disk."""
    request = ServerRequest(
        name="web",
        region="fr-par-1",
        slug="DEV1-S",
        ssh_public_key=KEY,
        user_data=SecretStr(USER_DATA),
        tags=("capsule-1",),
    )
    return request.model_copy(update=changes)


def on_block(**changes: object) -> ServerRequest:
    """Likewise, without a local disk."""
    return rental(slug="L4-2-24G", **changes)


def booted(here: Rehearsal, request: ServerRequest | None = None) -> str:
    """The id of a server that runs."""
    server_id = here.provider.create(request or rental()).server_id
    here.clock.advance(5)
    return server_id


def bare(server_id: str) -> str:
    """The cloud's own id, without the zone."""
    return server_id.partition(":")[2]


def path(server_id: str) -> str:
    """Where a server is."""
    zone, _, its_id = server_id.partition(":")
    return f"/instance/v1/zones/{zone}/servers/{its_id}"


def changes(here: Rehearsal) -> list[Request]:
    """The requests that changed something, oldest first."""
    return [e.request for e in here.simulator.exchanges if e.request.method != "GET"]


def verbs(here: Rehearsal) -> list[str]:
    """Their methods, and what they were about, such as `POST poweron` or `DELETE volumes`."""
    return [f"{r.method} {_about(r)}" for r in changes(here)]


def altered(here: Rehearsal, where: str, alter: Callable[[Any], Any], times: int = 99) -> None:
    """From now on such answers are altered."""
    here.simulator.faults.add(faults.altered(alter), method="GET", path=where, times=times)


def server_with(**fields: object) -> Callable[[Any], Any]:
    """Alters the one server that an answer has."""

    def alter(body: Any) -> Any:
        body["server"].update(fields)
        return body

    return alter


def _about(request: Request) -> str:
    body = request.json()
    if isinstance(body, dict) and "action" in body:
        return str(body["action"])
    parts = request.path.split("/")
    return next(p for p in reversed(parts) if p.isascii() and p.replace("-", "").isalpha())
