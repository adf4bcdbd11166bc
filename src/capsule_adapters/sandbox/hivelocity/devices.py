"""/bare-metal-devices/ and /compute/: what may be rented, and what is done to it."""

import re
from collections.abc import Mapping
from typing import Any

from capsule_adapters.sandbox.hivelocity import stock
from capsule_adapters.sandbox.hivelocity.state import Device, Kind, Order, State
from capsule_adapters.sandbox.hivelocity.wording import Refusal
from capsule_adapters.sandbox.machine_room import MachineRoom

_PERIODS = (
    "hourly",
    "monthly",
    "quarterly",
    "semi-annually",
    "annually",
    "biennial",
    "triennial",
)
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_FULL_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})+")
_LEAVES = {"boot": "ON", "reboot": "ON", "shutdown": "OFF"}


def create(
    state: State, kind: Kind, body: Any, *, now: float, order_seconds: float, install_seconds: float
) -> Device:
    """A new device, which is no more than an order. Raises Refusal and changes nothing."""
    wanted = body if isinstance(body, dict) else {}
    product = _product(kind, wanted)
    place, hostname = _place(product, wanted), _hostname(wanted)
    period, system = _period(product, wanted), _system(product, wanted)
    tags, script = checked_tags(wanted.get("tags", [])), wanted.get("script", "")
    if not isinstance(script, str):
        raise Refusal(400)
    key_id = _key_id(state, wanted)
    order = Order(state.new_id())
    device = Device(
        id=state.new_id(),
        kind=kind,
        hostname=hostname,
        product=product.id,
        location=place,
        system=system,
        period=period,
        tags=tags,
        key_id=key_id,
        public_keys=[state.keys[key_id].public_key] if key_id else [],
        user_data=script,
        order_id=order.id,
        ordered_at=now,
        done_at=now + order_seconds,
        installed_at=now + order_seconds + install_seconds,
    )
    state.orders[order.id] = order
    state.devices[device.id] = device
    return device


def checked_tags(tags: Any) -> list[str]:
    """No alphabet is published, nor a length. Raises Refusal."""
    if not isinstance(tags, list) or any(not isinstance(tag, str) or not tag for tag in tags):
        raise Refusal(400, "Bad request.")
    return list(tags)


def switch(room: MachineRoom, device: Device, action: str, *, now: float, seconds: float) -> None:
    """Change its power, which shows later. Raises Refusal when it is so already."""
    if action not in _LEAVES:
        raise Refusal(400, "Invalid power action.")
    if now < device.installed_at or device.address is None:
        raise Refusal(400, "Can't do this while the device is being provisioned.")
    if action == "boot" and device.power == "ON":
        raise Refusal(400, "Can't do this while server is powered on.")
    if action != "boot" and device.power == "OFF":
        raise Refusal(400, "Can't do this while server is powered off.")
    if action != "boot":
        room.switch_off(device.id)
    if action != "shutdown":
        room.switch_on(device.id)
    device.power, device.power_at = _LEAVES[action], now + seconds


def pass_time(state: State, room: MachineRoom, *, now: float) -> bool:
    """Orders are done, and cancelled devices end; tells whether anything changed."""
    changed = False
    for device in list(state.devices.values()):
        if device.ends_at is not None and device.ends_at <= now:
            del state.devices[device.id]
            room.remove(device.id)
            changed = True
        elif device.address is None and device.done_at <= now and room.is_idle(device.id):
            device.address = room.address(device.id)
            if device.address is not None:
                state.orders[device.order_id].status = "complete"
                changed = True
    return changed


def shown(device: Device, *, now: float) -> dict[str, Any]:
    """As it is written where it is rented, with the script that it was given."""
    return {
        "deviceId": device.id,
        "orderId": device.order_id,
        "serviceId": device.order_id + 1,
        "productId": device.product,
        "productName": stock.PRODUCTS[device.product].name,
        "hostname": device.hostname,
        "locationName": device.location,
        "osName": device.system,
        "primaryIp": device.address or "",
        "powerStatus": power_word(device, now=now),
        "period": device.period,
        "publicSshKeyId": device.key_id,
        "script": device.user_data,
        "tags": device.tags,
    }


def booked(device: Device, *, now: float) -> dict[str, Any]:
    """As the book of devices has it. Without an address it is not installed either."""
    installing = device.address is None or now < device.installed_at
    progress = "PROVISION_STARTED" if installing else "IN_USE"
    return {
        "deviceId": device.id,
        "name": device.name,
        "hostname": device.hostname,
        "status": "active",
        "deviceType": "1U Server" if device.kind == "metal" else "VPS",
        "hasCancellation": device.cancelled,
        "isReload": installing,
        "primaryIp": device.address or "",
        # Only what is bare metal goes through these steps.
        "spsStatus": progress if device.kind == "metal" else "",
        "tags": device.tags,
        "selfProvisioning": True,
        "metadata": {},
    }


def power_word(device: Device, *, now: float) -> str:
    return device.power if now >= device.power_at else "PENDING"


def _product(kind: Kind, wanted: Mapping[str, Any]) -> stock.Product:
    id_ = wanted.get("productId")
    product = stock.PRODUCTS.get(id_) if isinstance(id_, int) else None
    if product is None or product.kind != kind or not product.instant:
        raise Refusal(400, "Product with given id not found")
    return product


def _place(product: stock.Product, wanted: Mapping[str, Any]) -> str:
    place = wanted.get("locationName")
    if not isinstance(place, str) or place not in product.places:
        raise Refusal(400, "Invalid locationName.")
    if product.stock_at(place) == "unavailable":
        raise Refusal(400, f"Product {product.id} is out of stock at {place}.")
    return place


def _period(product: stock.Product, wanted: Mapping[str, Any]) -> str:
    period = wanted.get("period", "hourly")
    if not isinstance(period, str) or period not in _PERIODS or period in product.not_for:
        raise Refusal(400, "Billing period is not enabled for this product.")
    return period


def _system(product: stock.Product, wanted: Mapping[str, Any]) -> str:
    system = wanted.get("osName")
    if not isinstance(system, str) or system not in product.systems:
        raise Refusal(400, "osName must match an operating system of the product.")
    return system


def _hostname(wanted: Mapping[str, Any]) -> str:
    hostname = wanted.get("hostname")
    if not isinstance(hostname, str) or not _FULL_NAME.fullmatch(hostname):
        raise Refusal(400, "Hostname must be a fully qualified domain name.")
    return hostname


def _key_id(state: State, wanted: Mapping[str, Any]) -> int:
    """One key, or 0 for none."""
    key_id = wanted.get("publicSshKeyId", 0)
    if not isinstance(key_id, int) or (key_id and key_id not in state.keys):
        raise Refusal(400, "Public ssh key not found.")
    return key_id
