"""Devices: what may be made and changed, and how one is shown."""

import re
from collections.abc import Container, Mapping
from typing import Any

from capsule_adapters.sandbox.equinix import keys, stock
from capsule_adapters.sandbox.equinix.state import Device, State, new_id
from capsule_adapters.sandbox.equinix.wording import Refusal, link, time

_HOSTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_CYCLES = ("hourly", "daily", "monthly", "yearly")
_LONGEST_USER_DATA_BYTES = 64 * 1024


def create(
    state: State, project: str, body: Any, *, now: float, boot_seconds: float, limit: int
) -> Device:
    """A new device, queued. Raises Refusal and changes nothing."""
    wanted = body if isinstance(body, dict) else {}
    metro, plan = _place(wanted)
    id_ = new_id()
    device = Device(
        id=id_,
        project=project,
        name=_hostname(wanted.get("hostname", f"{plan.replace('.', '-')}-{id_[:4]}")),
        metro=metro,
        plan=plan,
        operating_system=_system(wanted.get("operating_system"), plan),
        billing_cycle=_cycle(wanted.get("billing_cycle", "hourly")),
        tags=tags(wanted.get("tags", [])),
        public_keys=[],
        key_ids=[],
        user_data=_user_data(wanted.get("userdata", "")),
        created_at=now,
        locked=wanted.get("locked") is True,
        due_at=now + boot_seconds,
    )
    chosen = keys.chosen(state, project, wanted)
    device.public_keys = [key.text for key in chosen]
    device.key_ids = [key.id for key in chosen]
    if sum(d.project == project for d in state.devices.values()) >= limit:
        raise Refusal(422, f"The project has reached its limit of {limit} devices")
    if not stock.has_room(plan, metro, "1"):
        raise Refusal(
            422, f"The metro {metro} has no provisionable {plan} servers matching your criteria"
        )
    state.devices[device.id] = device
    return device


def update(device: Device, body: Any) -> None:
    """Change hostname, tags and lock. Raises Refusal and changes nothing."""
    wanted = body if isinstance(body, dict) else {}
    tagged = tags(wanted.get("tags", device.tags))
    name = _hostname(wanted.get("hostname", device.name))
    device.tags, device.name = tagged, name
    device.locked = wanted.get("locked", device.locked) is True


def listed(
    state: State, project: str, query: Mapping[str, str], *, now: float, settling_seconds: float
) -> list[Device]:
    """The devices of a project that a list shows."""
    return [
        device
        for device in state.devices.values()
        if device.project == project
        and device.created_at + settling_seconds <= now
        and query.get("tag") in (None, *device.tags)
        and query.get("hostname") in (None, device.name)
        and query.get("metro") in (None, device.metro)
    ]


def shown(device: Device, included: Container[str]) -> dict[str, Any]:
    """A device as the API wrote it: links, but for what is to be included."""
    system = stock.OPERATING_SYSTEMS[device.operating_system]
    parts = {
        "plan": stock.PLANS[device.plan],
        "metro": stock.metro(device.metro),
        "operating_system": system,
    }
    links = {
        "plan": link(f"/plans/{stock.PLANS[device.plan]['id']}"),
        "metro": link(f"/locations/metros/{stock.metro_id(device.metro)}"),
        "operating_system": link(f"/operating-systems/{system['id']}"),
    }
    return {
        "id": device.id,
        "short_id": device.id[:8],
        "hostname": device.name,
        "state": device.state,
        "tags": device.tags,
        "billing_cycle": device.billing_cycle,
        "locked": device.locked,
        "created_at": time(device.created_at),
        "updated_at": time(device.created_at),
        "project": link(f"/projects/{device.project}"),
        "ssh_keys": [link(f"/ssh-keys/{id_}") for id_ in device.key_ids],
        "ip_addresses": _addresses(device),
        **{name: part if name in included else links[name] for name, part in parts.items()},
        **({"provisioning_percentage": 20.0} if device.is_new else {}),
        **link(f"/devices/{device.id}"),
    }


def tags(wanted: object) -> list[str]:
    """The tags asked for. No alphabet is published, nor a length. Raises Refusal."""
    if not isinstance(wanted, list) or any(not isinstance(t, str) or not t for t in wanted):
        raise Refusal(422, "Tags are not valid")
    return list(dict.fromkeys(wanted))


def _addresses(device: Device) -> list[dict[str, Any]]:
    """Whole always: its own SDK can read no link in their place. The private one comes first."""
    if device.address is None:
        return []
    last = int(device.id[:2], 16)
    every = (
        (f"10.66.{last}.3", 4, False),
        (f"2604:1380:4641:{last:x}::3", 6, True),
        (device.address, 4, True),
    )
    return [
        {
            "id": f"{device.id[:-1]}{number}",
            "address": address,
            "address_family": family,
            "public": public,
            "management": True,
            "enabled": True,
            "cidr": 31 if family == 4 else 127,
            "assigned_to": link(f"/devices/{device.id}"),
            **link(f"/ips/{device.id[:-1]}{number}"),
        }
        for number, (address, family, public) in enumerate(every)
    ]


def _place(wanted: Mapping[str, Any]) -> tuple[str, str]:
    metro, plan = wanted.get("metro"), wanted.get("plan")
    if metro is None:
        raise Refusal(422, "Either metro or facility must be provided")
    if not isinstance(metro, str) or metro not in stock.METROS:
        raise Refusal(422, f"{str(metro)[:40]} is not a valid metro")
    if not isinstance(plan, str) or plan not in stock.PLANS:
        raise Refusal(422, f"{str(plan)[:40]} is not a valid plan")
    return metro, plan


def _system(slug: object, plan: str) -> str:
    if not isinstance(slug, str) or slug not in stock.OPERATING_SYSTEMS:
        raise Refusal(422, f"{str(slug)[:40]} is not a valid operating system")
    if plan not in stock.OPERATING_SYSTEMS[slug]["provisionable_on"]:
        raise Refusal(422, f"{slug} is not provisionable on {plan}")
    return slug


def _hostname(name: object) -> str:
    if not isinstance(name, str) or not _HOSTNAME.fullmatch(name):
        raise Refusal(422, "Hostname is not valid")
    return name


def _cycle(cycle: object) -> str:
    if not isinstance(cycle, str) or cycle not in _CYCLES:
        raise Refusal(422, "Billing cycle is not valid")
    return cycle


def _user_data(text: object) -> str:
    if not isinstance(text, str) or len(text.encode()) > _LONGEST_USER_DATA_BYTES:
        raise Refusal(422, "Userdata is not valid")
    return text
