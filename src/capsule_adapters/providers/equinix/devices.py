"""Devices: how they are read, made and switched."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from capsule_adapters.providers.equinix.plans import Metro, PlanPrices
from capsule_adapters.rest.dialect import (
    Collection,
    KeyRing,
    Power,
    PowerCall,
    RemoteKey,
    ServerPoll,
    Servers,
    tag_field,
)
from capsule_adapters.rest.paging import Unpaged
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.server import Server, ServerRequest, ServerStatus

UUID_PATTERN = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PROJECT = "{project}"
"""Stands in a path for the id of the project."""

_STATUS = {
    "active": ServerStatus.RUNNING,
    "inactive": ServerStatus.STOPPED,
    # It is being made, or something is being done to it.
    **dict.fromkeys(
        ("queued", "provisioning", "reinstalling", "powering_on", "powering_off"),
        ServerStatus.PENDING,
    ),
    # Its deletion was taken, and cannot be taken back.
    **dict.fromkeys(("deprovisioning", "deleted"), ServerStatus.GONE),
    # In the making or in the ending: the word does not say which, so neither do we.
    "failed": ServerStatus.UNKNOWN,
}

# Without it an answer has links where the plan, the metro and the addresses would be.
_WHOLE = {"include": "plan,metro,ip_addresses"}


class _Address(Wire):
    address: str
    address_family: int = 4
    public: bool = False
    management: bool = False


class _Device(Wire):
    id: str
    hostname: str
    state: str
    metro: Metro
    plan: PlanPrices
    ip_addresses: tuple[_Address, ...] = ()
    tags: tuple[str, ...] = ()
    created_at: datetime | None = None

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Server]:
        device = cls.model_validate(raw)
        yield Server(
            provider=reading.provider,
            server_id=device.id,
            name=device.hostname,
            status=_STATUS.get(device.state, ServerStatus.UNKNOWN),
            region=device.metro.code,
            slug=device.plan.slug,
            address=device.address(),
            tags=device.tags,
            created_at=device.created_at,
            price_per_hour=device.plan.per_hour(device.metro.id),
        )

    def address(self) -> str | None:
        """A public one: its own before one that was lent to it, IPv4 before IPv6."""
        public = [each for each in self.ip_addresses if each.public]
        public.sort(key=lambda each: (each.address_family, not each.management))
        return public[0].address if public else None


class _Key(Wire):
    id: str
    key: str
    fingerprint: str = ""
    label: str = ""

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator[RemoteKey]:
        key = cls.model_validate(raw)
        yield RemoteKey(key.id, key.key, key.fingerprint, key.label)


def _create(request: ServerRequest, key: RemoteKey | None) -> Mapping[str, Any]:
    return {
        "hostname": request.name,
        "metro": request.region,
        "plan": request.slug,
        "operating_system": request.image,
        "billing_cycle": "hourly",
        # Without a list of its own a device opens to every key of the project and its members.
        "project_ssh_keys": [] if key is None else [key.key_id],
        "tags": list(request.tags),
        **({"userdata": request.user_data} if request.user_data.get_secret_value() else {}),
    }


def _action(type_: str) -> PowerCall:
    return PowerCall("/devices/{id}/actions", {"type": type_})


SERVERS = Servers(
    every=Collection(f"/projects/{PROJECT}/devices", "devices", _Device.read, (_WHOLE,)),
    tagged=lambda tag: ({**_WHOLE, "tag": tag},),
    path="/devices/{id}",
    item="",
    id_pattern=UUID_PATTERN,
    name_pattern="[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?",
    create=_create,
    default_image="ubuntu_24_04",
    retag=tag_field("PUT", "/devices/{id}"),
    asking=_WHOLE,
    # A volume that is attached still would keep the device, and its price.
    ending={"force_delete": "true"},
)

# There is no harder restart than this one.
POWER = Power(
    start=_action("power_on"),
    stop=_action("power_off"),
    restart=_action("reboot"),
    force_restart=_action("reboot"),
    poll=ServerPoll(),
)

KEYS = KeyRing(
    Collection(f"/projects/{PROJECT}/ssh-keys", "ssh_keys", _Key.read, paging=Unpaged()),
    "",
    "/ssh-keys/{id}",
    upload=lambda name, public_key: {"label": name, "key": public_key},
)
