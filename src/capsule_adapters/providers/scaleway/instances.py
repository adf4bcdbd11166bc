"""Scaleway's Instances: how they are read, and what belongs to one."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import IPvAnyAddress

from capsule_adapters.rest.dialect import RemoteKey
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.server import Server, ServerRequest, ServerStatus

_STATUS = {
    "running": ServerStatus.RUNNING,
    "stopped": ServerStatus.STOPPED,
    "starting": ServerStatus.PENDING,
    "stopping": ServerStatus.PENDING,
    # Off, and billed as if it ran: neither of our words would be true of it.
    "stopped in place": ServerStatus.UNKNOWN,
    "stopped_in_place": ServerStatus.UNKNOWN,
    # By Scaleway, for a reason of its own. What it does, and costs, nobody says.
    "locked": ServerStatus.UNKNOWN,
}
_MD5_FINGERPRINT = re.compile(r"(?:[0-9a-f]{2}:){15}[0-9a-f]{2}")


class PublicIp(Wire):
    """An address of a server. A `dynamic` one comes with the power and goes with it."""

    id: str
    address: IPvAnyAddress
    dynamic: bool = False


class Volume(Wire):
    """A disk of a server. `sbs_volume` is kept at the Block API, all else at the Instance API."""

    id: str
    volume_type: str = "l_ssd"


class Instance(Wire):
    """A server, with what it leaves behind when it is gone."""

    id: str
    name: str
    state: str
    commercial_type: str
    tags: tuple[str, ...] = ()
    public_ips: tuple[PublicIp, ...] = ()
    volumes: Mapping[str, Volume] = {}
    creation_date: datetime | None = None

    @property
    def disks(self) -> tuple[Volume, ...]:
        return tuple(self.volumes.values())

    @property
    def reserved_ips(self) -> tuple[PublicIp, ...]:
        """Those that stay when the server is gone."""
        return tuple(ip for ip in self.public_ips if not ip.dynamic)

    @property
    def address(self) -> str | None:
        """A public one, IPv4 before IPv6."""
        addresses = sorted((ip.address for ip in self.public_ips), key=lambda a: a.version)
        return next(map(str, addresses), None)


def servers_in(zone: str) -> Callable[[Any, Reading], Iterator[Server]]:
    """Reads a server of that zone."""

    def read(raw: Any, reading: Reading) -> Iterator[Server]:
        instance = Instance.model_validate(raw)
        yield Server(
            provider=reading.provider,
            server_id=instance.id,
            name=instance.name,
            status=_STATUS.get(instance.state, ServerStatus.UNKNOWN),
            region=zone,
            slug=instance.commercial_type,
            address=instance.address,
            tags=instance.tags,
            created_at=instance.creation_date,
        )

    return read


def rent(request: ServerRequest, _key: RemoteKey | None) -> Mapping[str, Any]:
    """What a create sends of the request; where and on which disk is added to it.

    Keys are not part of it: each key of the project gets in. Neither is user data.
    """
    return {
        "name": request.name,
        "commercial_type": request.slug,
        "image": request.image,
        "tags": list(request.tags),
        # It goes with the server. One that is reserved would stay, and be billed.
        "dynamic_ip_required": True,
    }


class SshKey(Wire):
    """A key of a project, as IAM keeps it."""

    id: str
    public_key: str
    name: str = ""
    fingerprint: str = ""
    disabled: bool = False

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator[RemoteKey]:
        """One that is switched off lets nobody in, and counts as not there."""
        key = cls.model_validate(raw)
        if not key.disabled:
            # `256 MD5:0e:4b:… comment (ED25519)`
            digest = _MD5_FINGERPRINT.search(key.fingerprint)
            shown = digest[0] if digest else key.fingerprint
            yield RemoteKey(key.id, key.public_key, shown, key.name)
