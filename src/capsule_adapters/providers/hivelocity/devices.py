"""Hivelocity's devices: bare metal and VPS are written alike, and rented at different places."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from capsule_adapters.rest.dialect import RemoteKey
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.server import Server, ServerRequest, ServerStatus

HOURLY = "hourly"
_DOMAIN = ".capsule.internal"
"""Behind a server's name, since the cloud takes only full ones. Nobody owns `internal`."""
_POWER = {"ON": ServerStatus.RUNNING, "OFF": ServerStatus.STOPPED, "PENDING": ServerStatus.PENDING}
_IN_USE = ("", "IN_USE")
_INSTALLING = (
    "BUILDING",
    "IPMI_READY",
    "PROVISIONABLE",
    "RESERVED",
    "WAIT_FOR_PXE",
    "PROVISION_STARTED",
    "PROVISION_WAIT_FOR_ADDONS",
    "PROVISION_FINISHED",
    "WAIT_TO_COMPLETE_ORDER",
    "WAIT_TO_ASSIGN_SERVICE",
    "WAIT_FOR_HARDWARE_SCAN",
    "RELOADING",
)

_Tags = Annotated[tuple[str, ...], BeforeValidator(lambda tags: tags or ())]


class Device(Wire):
    """A device where it is rented. Its `script` holds what was sent, and is not read."""

    device_id: int = Field(validation_alias="deviceId")
    order_id: int | None = Field(None, validation_alias="orderId")
    product_id: int = Field(validation_alias="productId")
    hostname: str
    location: str = Field(validation_alias="locationName")
    address: str | None = Field(None, validation_alias="primaryIp")
    power: str | None = Field(None, validation_alias="powerStatus")
    period: str | None = None
    tags: _Tags = ()

    @classmethod
    def each(cls, raw: Any, _reading: Reading) -> Iterator["Device"]:
        yield cls.model_validate(raw)

    @classmethod
    def read(cls, raw: Any, reading: Reading) -> Iterator[Server]:
        """Neither its age nor its price is told."""
        device = cls.model_validate(raw)
        yield Server(
            provider=reading.provider,
            server_id=str(device.device_id),
            name=device.hostname.removesuffix(_DOMAIN),
            status=device.status,
            region=device.location,
            slug=str(device.product_id),
            address=device.address or None,
            tags=device.tags,
        )

    @property
    def status(self) -> ServerStatus:
        """Without an address it is no more than an order."""
        if not self.address:
            return ServerStatus.PENDING
        return _POWER.get(self.power or "", ServerStatus.UNKNOWN)

    @property
    def ends_at_once(self) -> bool:
        """Whether a cancellation ends its bill; other terms are paid to their end."""
        return self.period in (None, "", HOURLY)


class Record(Wire):
    """The same device as the account's book of devices has it."""

    device_id: int = Field(validation_alias="deviceId")
    status: str | None = None
    reloads: bool | None = Field(None, validation_alias="isReload")
    progress: str | None = Field(None, validation_alias="spsStatus")
    tags: _Tags = ()

    @classmethod
    def each(cls, raw: Any, _reading: Reading) -> Iterator["Record"]:
        yield cls.model_validate(raw)

    def joined(self, server: Server) -> Server:
        """`server` with what only the book tells: whether it is installed."""
        return server.model_copy(
            update={"status": self._status(server.status), "tags": self.tags or server.tags}
        )

    def _status(self, power: ServerStatus) -> ServerStatus:
        progress = self.progress or ""
        if self.reloads or progress in _INSTALLING or self.status == "inactive":
            return ServerStatus.PENDING
        known = progress in _IN_USE and self.status in (None, "", "active")
        return power if known else ServerStatus.UNKNOWN


class Order(Wire):
    """What a device is before it is one."""

    order_id: int = Field(validation_alias="orderId")
    status: str = ""

    @classmethod
    def each(cls, raw: Any, _reading: Reading) -> Iterator["Order"]:
        yield cls.model_validate(raw)


class SshKey(Wire):
    """A key. Its fingerprint is not told, so it is found by its text."""

    key_id: int = Field(validation_alias="sshKeyId")
    public_key: str = Field(validation_alias="publicKey")
    name: str | None = None

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator[RemoteKey]:
        key = cls.model_validate(raw)
        yield RemoteKey(key.key_id, key.public_key, name=key.name or "")


def rent(request: ServerRequest, key: RemoteKey | None) -> Mapping[str, Any]:
    """The body of a create. The term is never left to the cloud: longer ones cannot be ended."""
    given = bool(request.user_data.get_secret_value())
    return {
        "productId": int(request.slug),
        "locationName": request.region,
        "osName": request.image,
        "hostname": f"{request.name}{_DOMAIN}",
        "period": HOURLY,
        "tags": list(request.tags),
        **({} if key is None else {"publicSshKeyId": key.key_id}),
        **({"script": request.user_data} if given else {}),
    }
