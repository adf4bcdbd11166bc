"""Vultr's servers: two kinds, written differently and rented at different places."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from capsule_adapters.rest.dialect import RemoteKey
from capsule_adapters.rest.secrets import InBase64
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.server import Server, ServerRequest, ServerStatus

ID_PATTERN = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NO_ADDRESS = ("", "0.0.0.0")  # noqa: S104 (what the cloud writes while there is none)
_POWER = {"running": ServerStatus.RUNNING, "stopped": ServerStatus.STOPPED}
_INSTALLING = ("none", "locked", "installing", "installingbooting")
_STATUS = {
    "pending": ServerStatus.PENDING,
    "resizing": ServerStatus.PENDING,
    "active": ServerStatus.RUNNING,
    # By Vultr, and switched off; it goes on being billed.
    "suspended": ServerStatus.STOPPED,
}


class _Rented(Wire):
    id: str
    label: str
    region: str
    plan: str
    status: str
    main_ip: str
    tags: tuple[str, ...] = ()
    date_created: datetime | None = None

    @property
    def address(self) -> str | None:
        return None if self.main_ip in _NO_ADDRESS else self.main_ip

    @property
    def state(self) -> ServerStatus:
        """Without an address nothing is ready yet."""
        state = _STATUS.get(self.status, ServerStatus.UNKNOWN)
        running = state is ServerStatus.RUNNING
        return ServerStatus.PENDING if running and not self.address else state

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Server]:
        """The password that comes with a create is left where it is."""
        rented = cls.model_validate(raw)
        yield Server(
            provider=reading.provider,
            server_id=rented.id,
            name=rented.label,
            status=rented.state,
            region=rented.region,
            slug=rented.plan,
            address=rented.address,
            tags=rented.tags,
            created_at=rented.date_created,
        )


class Instance(_Rented):
    """A cloud instance: only its three words together say that it is ready."""

    power_status: str
    server_status: str

    @property
    def state(self) -> ServerStatus:
        state = _STATUS.get(self.status, ServerStatus.UNKNOWN)
        if state is not ServerStatus.RUNNING:
            return state
        power = _POWER.get(self.power_status, ServerStatus.UNKNOWN)
        if power is not ServerStatus.RUNNING:
            return power
        if self.server_status == "ok":
            return ServerStatus.RUNNING if self.address else ServerStatus.PENDING
        installing = self.server_status in _INSTALLING
        return ServerStatus.PENDING if installing else ServerStatus.UNKNOWN


class BareMetal(_Rented):
    """A bare metal server. The API has no word for its power: halted, it is active too."""


class SshKey(Wire):
    """A key. Its fingerprint is not told, so it is found by its text."""

    id: str
    ssh_key: str
    name: str = ""

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator[RemoteKey]:
        key = cls.model_validate(raw)
        yield RemoteKey(key.id, key.ssh_key, name=key.name)


def rent_instance(request: ServerRequest, key: RemoteKey | None) -> Mapping[str, Any]:
    """The body of a create. Backups would cost a fifth more."""
    return {**rent_bare_metal(request, key), "backups": "disabled"}


def rent_bare_metal(request: ServerRequest, key: RemoteKey | None) -> Mapping[str, Any]:
    """The body of a create."""
    given = bool(request.user_data.get_secret_value())
    return {
        "region": request.region,
        "plan": request.slug,
        **_image(request.image or ""),
        "label": request.name,
        "hostname": request.name,
        "sshkey_id": [] if key is None else [key.key_id],
        "tags": list(request.tags),
        "enable_ipv6": False,
        "activation_email": False,
        **({"user_data": InBase64(request.user_data)} if given else {}),
    }


def _image(image: str) -> Mapping[str, Any]:
    """Exactly one of three: an operating system by number, a snapshot, or an application."""
    if image.isdecimal() and image.isascii():
        return {"os_id": int(image)}
    try:
        return {"snapshot_id": str(UUID(image))}
    except ValueError:
        return {"image_id": image}
