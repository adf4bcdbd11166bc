"""/instances and /bare-metals: what may be rented, and what is asked of it."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from capsule_adapters.sandbox.vultr import keys, stock
from capsule_adapters.sandbox.vultr.state import Kind, Rental, State, new_id
from capsule_adapters.sandbox.vultr.wording import Refusal

_SOURCES = ("os_id", "iso_id", "snapshot_id", "app_id", "image_id")
_HOSTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_LOCKED = "Unable to remove VM: Server is currently locked"


def create(
    state: State, kind: Kind, body: Any, *, now: float, boot_seconds: float, install_seconds: float
) -> Rental:
    """A new server, pending. Raises Refusal and changes nothing."""
    wanted = body if isinstance(body, dict) else {}
    region, plan = _place(kind, wanted)
    rental = Rental(
        id=new_id(),
        kind=kind,
        label=_text(wanted, "label"),
        hostname=_hostname(wanted),
        region=region,
        plan=plan,
        os_id=_system(wanted),
        tags=_tags(wanted),
        public_keys=keys.texts(state, wanted.get("sshkey_id")),
        user_data=_user_data(wanted),
        created_at=now,
        active_at=now + boot_seconds,
        locked_until=now + boot_seconds + install_seconds,
        ipv6=wanted.get("enable_ipv6") is True,
    )
    if wanted.get("backups", "disabled") not in ("enabled", "disabled"):
        raise Refusal(400, "Invalid backups value.")
    state.rentals[rental.id] = rental
    return rental


def listed(
    state: State, kind: Kind, query: Mapping[str, str], *, now: float, settling_seconds: float
) -> list[Rental]:
    """The servers that a list shows: nothing younger than the time that lists need to settle."""
    wanted = query if kind == "instance" else {}
    return [
        rental
        for rental in state.of(kind)
        if rental.created_at + settling_seconds <= now
        and wanted.get("tag") in (None, *rental.tags)
        and wanted.get("label") in (None, rental.label)
        and wanted.get("hostname") in (None, rental.hostname)
        and wanted.get("region") in (None, rental.region)
        and wanted.get("main_ip") in (None, rental.address)
    ]


def change(rental: Rental, body: Any) -> None:
    """What a PATCH may set: label and tags. Raises Refusal."""
    wanted = body if isinstance(body, dict) else {}
    tags = _tags(wanted)
    if "label" in wanted:
        rental.label = _text(wanted, "label")
    if "tags" in wanted:
        rental.tags = tags


def refuse_deletion_while_locked(rental: Rental, *, now: float, status: int) -> None:
    """A fresh server is locked until it is installed. Raises Refusal."""
    if rental.status == "pending" or now < rental.locked_until:
        raise Refusal(status, f"Unable to destroy server: {_LOCKED}")


def refuse_power_while_locked(rental: Rental, *, now: float) -> None:
    """Raises Refusal."""
    if rental.status == "pending" or now < rental.locked_until:
        raise Refusal(400, "Server is currently locked")


def _place(kind: Kind, wanted: Mapping[str, Any]) -> tuple[str, str]:
    region, plan = wanted.get("region"), wanted.get("plan")
    if not isinstance(region, str) or region not in stock.REGIONS:
        raise Refusal(400, "Invalid region.")
    sold = stock.PLANS if kind == "instance" else stock.METAL_PLANS
    if not isinstance(plan, str) or plan not in sold:
        raise Refusal(400, "Invalid plan.")
    if plan not in stock.available(region, "all"):
        raise Refusal(400, "Server add failed: plan is not available in the selected region")
    return region, plan


def _system(wanted: Mapping[str, Any]) -> int:
    """Exactly one thing to boot from; here only an operating system is rehearsed."""
    named = [name for name in _SOURCES if wanted.get(name) not in (None, "")]
    if len(named) != 1:
        raise Refusal(400, f"You must specify exactly one of {', '.join(_SOURCES)}.")
    if named != ["os_id"]:
        raise Refusal(400, f"Invalid {named[0]}.")
    # Digits in a text are taken too: a client in wide use sends them.
    digits = str(wanted["os_id"])
    if not re.fullmatch("[0-9]{1,9}", digits, re.ASCII) or int(digits) not in stock.SYSTEMS:
        raise Refusal(400, "Invalid os_id.")
    return int(digits)


def _hostname(wanted: Mapping[str, Any]) -> str:
    hostname = _text(wanted, "hostname")
    if hostname and not _HOSTNAME.fullmatch(hostname):
        raise Refusal(400, "Invalid hostname.")
    return hostname


def _tags(wanted: Mapping[str, Any]) -> list[str]:
    """The tags; the old single `tag` counts too. No alphabet is published, nor a length."""
    tags = wanted.get("tags", [])
    if not isinstance(tags, list) or any(not isinstance(tag, str) or not tag for tag in tags):
        raise Refusal(400, "Invalid tags.")
    old = _text(wanted, "tag")
    return list(dict.fromkeys([*tags, old] if old else tags))


def _user_data(wanted: Mapping[str, Any]) -> str:
    try:
        return base64.b64decode(_text(wanted, "user_data"), validate=True).decode()
    except (binascii.Error, ValueError) as junk:
        raise Refusal(400, "Invalid user_data, must be base64 encoded.") from junk


def _text(wanted: Mapping[str, Any], name: str) -> str:
    text = wanted.get(name) or ""
    if not isinstance(text, str):
        raise Refusal(400, f"Invalid {name}.")
    return text
