"""DigitalOcean's droplets: read, made, tagged; and the keys that open them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from pydantic import AliasPath, Field

from capsule_adapters.providers.digitalocean.selling import dollars
from capsule_adapters.rest.dialect import PowerCall, RemoteKey, TagCall
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.server import Server, ServerRequest, ServerStatus

_STATUS = {
    "new": ServerStatus.PENDING,
    "active": ServerStatus.RUNNING,
    "off": ServerStatus.STOPPED,
    "archive": ServerStatus.STOPPED,
}


class _Network(Wire):
    ip_address: str
    type: str


class WireDroplet(Wire):
    """A droplet."""

    id: int
    name: str
    status: str
    region: str = Field(validation_alias=AliasPath("region", "slug"))
    size_slug: str
    price_hourly: Decimal | None = Field(None, validation_alias=AliasPath("size", "price_hourly"))
    v4: tuple[_Network, ...] = Field((), validation_alias=AliasPath("networks", "v4"))
    v6: tuple[_Network, ...] = Field((), validation_alias=AliasPath("networks", "v6"))
    tags: tuple[str, ...] = ()
    created_at: datetime | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Server]:
        droplet = cls.model_validate(raw)
        price = droplet.price_hourly
        addresses = (n.ip_address for n in (*droplet.v4, *droplet.v6) if n.type == "public")
        yield Server(
            provider=reading.provider,
            server_id=str(droplet.id),
            name=droplet.name,
            status=_STATUS.get(droplet.status, ServerStatus.UNKNOWN),
            region=droplet.region,
            slug=droplet.size_slug,
            address=next(addresses, None),
            tags=droplet.tags,
            created_at=droplet.created_at,
            price_per_hour=None if price is None else dollars(price),
        )


class WireKey(Wire):
    """An SSH key of the account."""

    id: int
    public_key: str
    fingerprint: str = ""
    name: str = ""

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator[RemoteKey]:
        key = cls.model_validate(raw)
        yield RemoteKey(key.id, key.public_key, key.fingerprint, key.name)


def create(request: ServerRequest, key: RemoteKey | None) -> Mapping[str, Any]:
    """The body that rents a droplet. An image of one's own goes by its number."""
    image = request.image or ""
    return {
        "name": request.name,
        "region": request.region,
        "size": request.slug,
        "image": int(image) if image.isdecimal() and image.isascii() else image,
        "ssh_keys": [] if key is None else [key.key_id],
        "tags": list(request.tags),
        **({"user_data": request.user_data} if request.user_data.get_secret_value() else {}),
    }


def retag(droplet: Server, tags: Sequence[str]) -> Iterator[TagCall]:
    """A tag is a thing of its own: made where it is new, which it may be twice, then linked."""
    these = {"resources": [{"resource_id": droplet.server_id, "resource_type": "droplet"}]}
    for tag in tags:
        if tag not in droplet.tags:
            yield TagCall("POST", "/v2/tags", {"name": tag})
            yield TagCall("POST", _tagged(tag), these)
    for tag in droplet.tags:
        if tag not in tags:
            yield TagCall("DELETE", _tagged(tag), these)


def _tagged(tag: str) -> str:
    return f"/v2/tags/{quote(tag, safe='')}/resources"


def action(type_: str) -> PowerCall:
    """A power change, in DigitalOcean's word for it."""
    return PowerCall("/v2/droplets/{id}/actions", {"type": type_})
