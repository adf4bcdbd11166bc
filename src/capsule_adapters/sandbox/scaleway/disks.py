"""Volumes: local ones of the Instance API, block ones of the Block API."""

from typing import Any

from capsule_adapters.sandbox.scaleway import stock
from capsule_adapters.sandbox.scaleway.state import Server, State, Volume, new_id
from capsule_adapters.sandbox.scaleway.wording import Refusal, invalid, not_found, time

LOCAL, BLOCK = "l_ssd", "sbs_volume"
_IMAGE_BYTES = 10 * 10**9
_BLOCK_SIZE = 512
_ROOT = "0"


def wants_local_root(volumes: object) -> bool:
    """Whether a create asks for its root on a local disk; block is the default."""
    root = volumes.get(_ROOT) if isinstance(volumes, dict) else None
    return isinstance(root, dict) and root.get("volume_type", LOCAL) == LOCAL


def made(server: Server, wanted: object, image: stock.Image, *, now: float) -> list[Volume]:
    """The volumes of a new Instance. Raises Refusal."""
    asked = {_ROOT: {"volume_type": BLOCK}} if wanted is None else wanted
    if not isinstance(asked, dict) or _ROOT not in asked:
        raise invalid("volumes", "a root volume is needed", "required")
    volumes = [_made(server, key, item, now=now) for key, item in asked.items()]
    local = sum(volume.size for volume in volumes if volume.kind == LOCAL)
    most = stock.TYPES[server.commercial_type].local_bytes
    if local > most:
        raise invalid("volumes", f"the total size of local-volume(s) must be at most {most} bytes")
    if volumes[0].size < _IMAGE_BYTES:
        raise invalid("volumes", f"too small for the image {image.label}")
    return volumes


def delete(state: State, volume_id: str, zone: str, *, kinds: tuple[str, ...], now: float) -> None:
    """Delete one that no server has. Raises Refusal."""
    volume = found(state, volume_id, zone, kinds=kinds)
    if volume.server is not None or now < volume.loose_at:
        raise Refusal(
            412,
            "precondition_failed",
            "precondition is not respected",
            precondition="resource_still_in_use",
            help_message="the volume is attached to a server",
        )
    del state.volumes[volume.id]


def found(state: State, volume_id: str, zone: str, *, kinds: tuple[str, ...]) -> Volume:
    """Raises Refusal."""
    volume = state.volumes.get(volume_id)
    if volume is None or volume.zone != zone or volume.kind not in kinds:
        raise not_found("volume", volume_id)
    return volume


def listed(state: State, zone: str, kind: str) -> list[Volume]:
    """Those of a zone that one of the two APIs keeps."""
    return [v for v in state.volumes.values() if v.zone == zone and v.kind == kind]


def of_instance(volume: Volume) -> dict[str, Any]:
    """A local volume as the Instance API lists it."""
    held = None if volume.server is None else {"id": volume.server, "name": ""}
    return {**attached(volume), "organization": volume.project, "server": held, "tags": []}


def attached(volume: Volume) -> dict[str, Any]:
    """A volume as its server shows it. Of a block volume the Instance API knows no more."""
    if volume.kind == BLOCK:
        own = {"id": volume.id, "volume_type": BLOCK, "zone": volume.zone, "state": "available"}
        return {**own, "boot": False}
    return {
        "id": volume.id,
        "name": volume.name,
        "size": volume.size,
        "volume_type": volume.kind,
        "creation_date": time(volume.created_at),
        "modification_date": time(volume.created_at),
        "project": volume.project,
        "state": "available",
        "boot": False,
        "zone": volume.zone,
    }


def of_block(volume: Volume, *, now: float) -> dict[str, Any]:
    """A volume as the Block API shows it."""
    used = volume.server is not None or now < volume.loose_at
    return {
        "id": volume.id,
        "name": volume.name,
        "type": "sbs_5k",
        "size": volume.size,
        "project_id": volume.project,
        "created_at": time(volume.created_at),
        "updated_at": time(volume.created_at),
        "references": [],
        "parent_snapshot_id": None,
        "status": "in_use" if used else "available",
        "tags": [],
        "zone": volume.zone,
        "specs": {"perf_iops": 5000, "class": "sbs"},
        "last_detached_at": None,
    }


def _made(server: Server, key: str, item: object, *, now: float) -> Volume:
    wanted = item if isinstance(item, dict) else {}
    kind, size = wanted.get("volume_type", LOCAL), wanted.get("size", _IMAGE_BYTES)
    if kind not in (LOCAL, BLOCK):
        raise invalid("volumes", f"volume_type {kind} is not supported", "unknown")
    if not isinstance(size, int) or size <= 0 or size % _BLOCK_SIZE:
        raise invalid("volumes", "size must be a multiple of 512", "format")
    return Volume(
        id=new_id(),
        zone=server.zone,
        kind=kind,
        size=size,
        project=server.project,
        name=str(wanted.get("name") or f"{server.name}-{key}"),
        created_at=now,
        server=server.id,
    )
