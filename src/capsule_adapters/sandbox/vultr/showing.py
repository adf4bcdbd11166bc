"""How the API writes a server: two shapes, and three words for one state."""

from typing import Any

from capsule_adapters.sandbox.vultr import stock
from capsule_adapters.sandbox.vultr.state import Rental
from capsule_adapters.sandbox.vultr.wording import time

NO_ADDRESS = "0.0.0.0"  # noqa: S104 (what the cloud writes while there is none)


def shown(rental: Rental, *, now: float) -> dict[str, Any]:
    """An instance or a bare metal server, without its password."""
    if rental.kind == "instance":
        return {**_common(rental), **_instance(rental, now)}
    return {**_common(rental), **_metal(rental)}


def _common(rental: Rental) -> dict[str, Any]:
    return {
        "id": rental.id,
        "os": stock.SYSTEMS[rental.os_id]["name"],
        "region": rental.region,
        "plan": rental.plan,
        "date_created": time(rental.created_at),
        "status": rental.status,
        "label": rental.label,
        "tag": rental.tags[0] if rental.tags else "",
        "tags": rental.tags,
        "internal_ip": "",
        "os_id": rental.os_id,
        "app_id": 0,
        "image_id": "",
        "snapshot_id": "",
        "features": ["ipv6"] if rental.ipv6 else [],
        "user_scheme": "root",
        "vpcs": [],
        "v6_network": "2001:db8::" if rental.ipv6 and rental.address else "",
        "v6_main_ip": "2001:db8::1" if rental.ipv6 and rental.address else "",
        "v6_network_size": 64 if rental.ipv6 and rental.address else 0,
        "netmask_v4": "255.255.254.0" if rental.address else "",
    }


def _instance(rental: Rental, now: float) -> dict[str, Any]:
    plan = stock.PLANS[rental.plan]
    return {
        "ram": plan["ram"],
        "disk": plan["disk"] if rental.address else 0,
        "vcpu_count": plan["vcpu_count"],
        "allowed_bandwidth": plan["bandwidth"],
        "main_ip": rental.address or NO_ADDRESS,
        "gateway_v4": "127.0.0.1" if rental.address else NO_ADDRESS,
        "power_status": rental.power,
        "server_status": _server_status(rental, now),
        "hostname": rental.hostname,
        "kvm": "",
        "vpc_only": False,
        "firewall_group_id": "",
    }


def _server_status(rental: Rental, now: float) -> str:
    if rental.status == "pending":
        return "none"
    return "installingbooting" if now < rental.locked_until else "ok"


def _metal(rental: Rental) -> dict[str, Any]:
    """No word about its power is in it."""
    plan = stock.METAL_PLANS[rental.plan]
    return {
        "ram": f"{plan['ram']} MB",
        "disk": f"{plan['disk_count']}x {plan['disk']}GB SSD",
        "cpu_count": plan["cpu_count"],
        "main_ip": rental.address or "",
        "gateway_v4": "127.0.0.1" if rental.address else "",
        "mac_address": 2199756823533,
        "mdisk_mode": "none",
    }
