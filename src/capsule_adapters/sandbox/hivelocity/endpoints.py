"""The endpoints of the API: what each one does."""

from dataclasses import dataclass
from typing import Any

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.hivelocity import devices, stock
from capsule_adapters.sandbox.hivelocity.state import Device, Key, Kind, State
from capsule_adapters.sandbox.hivelocity.wording import Refusal
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_domain.ports.clock import Clock

_NO_SUCH_DEVICE = "Deployment Not Found"


@dataclass
class Temper:
    """How this cloud behaves; a test may change it at any time. Times in seconds."""

    order_seconds: float = 1.0
    install_seconds: float = 0.5
    """From its address to its being installed."""
    power_seconds: float = 0.5
    settling_seconds: float = 0.0
    """How long a new device is missing from lists."""
    hides_orders: bool = False
    """Whether a device is in no answer at all until its order is done."""
    ending_seconds: float = 0.0
    """How long cancelled bare metal is still shown."""
    device_limit: int = 25
    create_status: int = 200
    """Both are described; only with a 200 comes the device."""
    lacking: str = ""
    """A pattern of the paths for which the key has no right."""


@dataclass(frozen=True)
class Endpoints:
    """One account's endpoints. A method takes the request and what its path names.

    Each raises Refusal, and then has changed nothing.
    """

    state: State
    room: MachineRoom
    temper: Temper
    clock: Clock

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self.clock.now().timestamp()

    def profile(self, _request: Request) -> Answer:
        name = {"first": "Re", "last": "Hearsal", "isClient": True}
        return Answer(
            200, {"id": 4711, "login": "rehearsal", "email": "rehearsal@example.com", **name}
        )

    def locations(self, _request: Request) -> Answer:
        return Answer(200, [stock.location(code) for code in stock.LOCATIONS])

    def products(self, request: Request) -> Answer:
        shelf = request.query.get("location", "MAIN")
        rows = [
            stock.row(product, place)
            for product in stock.PRODUCTS.values()
            if shelf in product.shelves
            for place in product.places
        ]
        if request.query.get("group_by", "facility") == "flat":
            return Answer(200, rows)
        grouped: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            grouped.setdefault(row["data_center"], []).append(row)
        return Answer(200, grouped)

    def product(self, _request: Request, id_: str) -> Answer:
        product = _product(id_)
        return Answer(200, stock.row(product, product.places[0]))

    def systems(self, _request: Request, id_: str) -> Answer:
        options = [
            {
                "id": number,
                "name": name,
                "monthlyPrice": 0,
                "currency": "USD",
                "operatingSystemFeatures": {
                    "sshKey": True,
                    "postInstall": takes_data,
                    "cloudInit": takes_data,
                },
            }
            for number, (name, takes_data) in enumerate(_product(id_).systems.items(), 9000)
        ]
        return Answer(200, options)

    def list_keys(self, _request: Request) -> Answer:
        return Answer(200, [_key(key) for key in self.state.keys.values()])

    def add_key(self, request: Request) -> Answer:
        wanted = request.json() if isinstance(request.json(), dict) else {}
        name, text = wanted.get("name"), wanted.get("publicKey")
        if not isinstance(name, str) or not isinstance(text, str) or len(text.split()) < 2:
            raise Refusal(400, "Unable to added public ssh key")
        key = Key(self.state.new_id(), name, text)
        self.state.keys[key.id] = key
        return Answer(201, _key(key))

    def delete_key(self, _request: Request, id_: str) -> Answer:
        if self.state.keys.pop(int(id_), None) is None:
            raise Refusal(404)
        return Answer(200)

    def orders(self, _request: Request) -> Answer:
        under_way = [o for o in self.state.orders.values() if o.status == "provisioning"]
        return Answer(
            200,
            [
                {"orderId": o.id, "status": o.status, "info": {}, "total": 0.12, "owner": "Re"}
                for o in under_way
            ],
        )

    def list_devices(self, _request: Request, kind: Kind) -> Answer:
        listed = [d for d in self._listed() if d.kind == kind]
        return Answer(200, [devices.shown(device, now=self.now) for device in listed])

    def book(self, _request: Request) -> Answer:
        return Answer(200, [devices.booked(device, now=self.now) for device in self._listed()])

    def create(self, request: Request, kind: Kind) -> Answer:
        if len(self.state.devices) >= self.temper.device_limit:
            raise Refusal(400, "The limit of devices for this account is reached.")
        device = devices.create(
            self.state,
            kind,
            request.json(),
            now=self.now,
            order_seconds=self.temper.order_seconds,
            install_seconds=self.temper.install_seconds,
        )
        self.room.boot(device)
        told = self.temper.create_status == 200
        return Answer(
            self.temper.create_status, devices.shown(device, now=self.now) if told else None
        )

    def get_device(self, _request: Request, kind: Kind, id_: str) -> Answer:
        return Answer(200, devices.shown(self._rented(kind, id_), now=self.now))

    def delete(self, _request: Request, kind: Kind, id_: str) -> Answer:
        """An hour's term ends at once or soon, and any other when it would end anyway."""
        device = self._rented(kind, id_)
        if device.cancelled:
            raise Refusal(409)
        self.state.orders[device.order_id].status = "cancelled"
        device.cancelled = True
        if device.period == "hourly":
            device.ends_at = self.now + (self.temper.ending_seconds if kind == "metal" else 0.0)
            devices.pass_time(self.state, self.room, now=self.now)
        return Answer(201 if kind == "metal" else 204)

    def booked(self, _request: Request, id_: str) -> Answer:
        return Answer(200, devices.booked(self._device(id_), now=self.now))

    def power(self, _request: Request, id_: str) -> Answer:
        return self._power(self._device(id_), 200)

    def switch(self, request: Request, id_: str) -> Answer:
        """The action is in the query, and nowhere else."""
        device = self._device(id_)
        action, seconds = request.query.get("action", ""), self.temper.power_seconds
        devices.switch(self.room, device, action, now=self.now, seconds=seconds)
        return self._power(device, 202)

    def tags(self, _request: Request, id_: str) -> Answer:
        return Answer(200, {"tags": self._device(id_).tags})

    def set_tags(self, request: Request, id_: str) -> Answer:
        """All of them: what is not named is gone."""
        device, wanted = self._device(id_), request.json()
        device.tags = devices.checked_tags(wanted.get("tags") if isinstance(wanted, dict) else None)
        return Answer(200, {"tags": device.tags})

    def _power(self, device: Device, status: int) -> Answer:
        return Answer(status, {"powerStatus": devices.power_word(device, now=self.now)})

    def _listed(self) -> list[Device]:
        settled = self.now - self.temper.settling_seconds
        return [
            device
            for device in self.state.devices.values()
            if device.ordered_at <= settled and self._is_shown(device)
        ]

    def _is_shown(self, device: Device) -> bool:
        return device.address is not None or not self.temper.hides_orders

    def _rented(self, kind: Kind, id_: str) -> Device:
        device = self.state.devices.get(int(id_))
        if device is None or device.kind != kind or not self._is_shown(device):
            raise Refusal(404, _NO_SUCH_DEVICE)
        return device

    def _device(self, id_: str) -> Device:
        """Of a device that is not there it says only that it is not allowed."""
        device = self.state.devices.get(int(id_))
        if device is None or not self._is_shown(device):
            raise Refusal(403)
        return device


def _product(id_: str) -> stock.Product:
    product = stock.PRODUCTS.get(int(id_))
    if product is None:
        raise Refusal(404, "Product with given id not found")
    return product


def _key(key: Key) -> dict[str, Any]:
    return {"sshKeyId": key.id, "name": key.name, "publicKey": key.public_key}
