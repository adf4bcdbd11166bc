"""Linodes: how they are read, made and switched."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_network
from secrets import token_urlsafe
from typing import Any

from pydantic import SecretStr

from capsule_adapters.rest.dialect import (
    Collection,
    Power,
    PowerCall,
    RemoteKey,
    ServerPoll,
    Servers,
    tag_field,
)
from capsule_adapters.rest.secrets import InBase64
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.server import Server, ServerRequest, ServerStatus

_STATUS = {
    "running": ServerStatus.RUNNING,
    "offline": ServerStatus.STOPPED,
    # In maintenance, or because of a bill past due.
    "stopped": ServerStatus.STOPPED,
    "billing_suspension": ServerStatus.STOPPED,
    "rebooting": ServerStatus.RESTARTING,
    # Something is being done to it. One that is deleting is billed until it is gone.
    **dict.fromkeys(
        (
            "provisioning",
            "booting",
            "busy",
            "shutting_down",
            "migrating",
            "rebuilding",
            "cloning",
            "restoring",
            "deleting",
        ),
        ServerStatus.PENDING,
    ),
}

_PRIVATE = ip_network("192.168.0.0/16")


class _Linode(Wire):
    id: int
    label: str
    status: str
    region: str
    type: str | None
    ipv4: tuple[IPv4Address, ...] = ()
    ipv6: str | None = None
    tags: tuple[str, ...] = ()
    created: datetime | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Server]:
        linode = cls.model_validate(raw)
        yield Server(
            provider=reading.provider,
            server_id=str(linode.id),
            name=linode.label,
            status=_STATUS.get(linode.status, ServerStatus.UNKNOWN),
            region=linode.region,
            # A very old Linode may have none.
            slug=linode.type or "",
            address=linode.address(),
            tags=linode.tags,
            # UTC, which the cloud does not write.
            created_at=linode.created and linode.created.replace(tzinfo=UTC),
        )

    def address(self) -> str | None:
        """The public one: a private one may be among them, and IPv6 comes as a network."""
        public = (str(address) for address in self.ipv4 if address not in _PRIVATE)
        return next(public, None) or (self.ipv6.partition("/")[0] if self.ipv6 else None)


def _create(request: ServerRequest, _key: RemoteKey | None) -> Mapping[str, Any]:
    data = request.user_data
    return {
        "label": request.name,
        "region": request.region,
        "type": request.slug,
        "image": request.image,
        # The cloud insists on one. Nobody ever knows it; the key below is the way in.
        "root_pass": SecretStr(f"{token_urlsafe(40)}-9aZ"),
        "authorized_keys": [request.ssh_public_key],
        "tags": list(request.tags),
        **({"metadata": {"user_data": InBase64(data)}} if data.get_secret_value() else {}),
    }


def _job(name: str) -> PowerCall:
    return PowerCall(f"/v4/linode/instances/{{id}}/{name}")


# API description, `label`: 3 to 64 characters, no two dashes, underscores or full stops together.
NAME_PATTERN = r"(?!.*(?:--|__|\.\.))[A-Za-z][A-Za-z0-9_.-]{1,62}[A-Za-z0-9]"

SERVERS = Servers(
    every=Collection("/v4/linode/instances", "data", _Linode.read),
    tagged=lambda _tag: ({},),
    # A filter in the query is ignored: the whole account would come.
    tagged_headers=lambda tag: {"X-Filter": json.dumps({"tags": tag})},
    path="/v4/linode/instances/{id}",
    item="",
    id_pattern="[1-9][0-9]{0,18}",
    name_pattern=NAME_PATTERN,
    create=_create,
    default_image="linode/ubuntu24.04",
    retag=tag_field("PUT", "/v4/linode/instances/{id}"),
)

# There is no harder restart than this one.
POWER = Power(
    start=_job("boot"),
    stop=_job("shutdown"),
    restart=_job("reboot"),
    force_restart=_job("reboot"),
    poll=ServerPoll(),
)
