"""Instances: what may be created and changed, and how one is shown."""

from typing import Any

from capsule_adapters.sandbox.scaleway import disks, stock
from capsule_adapters.sandbox.scaleway.actions import allowed
from capsule_adapters.sandbox.scaleway.state import Ip, Server, State, new_id
from capsule_adapters.sandbox.scaleway.wording import Refusal, invalid, not_found, time

ORGANIZATION = "5b1e4a52-8c0f-4a53-9d0c-0d6a6c1c7b11"
_LONGEST_NAME = 255


def create(
    state: State, zone: str, body: Any, *, now: float, limit: int, projects: list[str]
) -> Server:
    """A new Instance, which is off. Raises Refusal and changes nothing."""
    wanted = body if isinstance(body, dict) else {}
    name, type_ = _name(wanted.get("name")), _type(wanted.get("commercial_type"), zone)
    project = wanted.get("project", projects[0])
    if project not in projects:
        raise not_found("project", str(project))
    tagged = tags(wanted.get("tags"))
    asked = wanted.get("volumes")
    image = _image(wanted.get("image"), type_, zone, local=disks.wants_local_root(asked))
    if len(state.servers) >= limit:
        told = {"resource": "instances", "quota": limit, "current": len(state.servers)}
        raise Refusal(403, "quotas_exceeded", "quota(s) exceeded", details=[told])
    server = Server(
        id=new_id(),
        zone=zone,
        name=name,
        commercial_type=type_,
        image=image.id,
        project=project,
        tags=tagged,
        dynamic_ip=wanted.get("dynamic_ip_required", True) is not False,
        created_at=now,
    )
    volumes = disks.made(server, asked, image, now=now)
    state.servers[server.id] = server
    state.volumes |= {volume.id: volume for volume in volumes}
    return server


def update(server: Server, body: Any) -> None:
    """Change name and tags. Raises Refusal and changes nothing."""
    wanted = body if isinstance(body, dict) else {}
    name = _name(wanted["name"]) if wanted.get("name") is not None else server.name
    tagged = tags(wanted["tags"]) if wanted.get("tags") is not None else server.tags
    server.name, server.tags = name, tagged


def shown(state: State, server: Server) -> dict[str, Any]:
    """An Instance as the API writes it."""
    image, type_ = stock.IMAGES[server.image], stock.TYPES[server.commercial_type]
    ips = [*map(_reserved, state.ips_of(server)), *_dynamic(server)]
    volumes = state.volumes_of(server)
    return {
        "id": server.id,
        "name": server.name,
        "organization": ORGANIZATION,
        "project": server.project,
        "allowed_actions": list(allowed(server)),
        "tags": server.tags,
        "commercial_type": server.commercial_type,
        "creation_date": time(server.created_at),
        "modification_date": time(server.created_at),
        "dynamic_ip_required": server.dynamic_ip,
        "routed_ip_enabled": True,
        "enable_ipv6": False,
        "hostname": server.name,
        "image": {"id": image.id, "name": image.label, "arch": image.arch, "zone": image.zone},
        "protected": False,
        "private_ip": None,
        "public_ip": ips[0] if ips else None,
        "public_ips": ips,
        "mac_address": "de:00:00:00:00:01",
        "state": server.state,
        "state_detail": "booted" if server.state == "running" else "",
        "boot_type": "local",
        "volumes": {str(n): disks.attached(volume) for n, volume in enumerate(volumes)},
        "security_group": {"id": ORGANIZATION, "name": "Default security group"},
        "maintenances": [],
        "arch": type_.arch,
        "private_nics": [],
        "zone": server.zone,
        "filesystems": [],
        "end_of_service": type_.ended,
        "dns": None,
    }


def tags(wanted: object) -> list[str]:
    """The tags asked for. Raises Refusal."""
    names = [] if wanted is None else wanted
    if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
        raise invalid("tags", "must be a list of strings", "format")
    return list(dict.fromkeys(names))


def _name(wanted: object) -> str:
    if not isinstance(wanted, str) or not 0 < len(wanted) <= _LONGEST_NAME:
        raise invalid("name", "required key not given", "required")
    return wanted


def _type(wanted: object, zone: str) -> str:
    if not isinstance(wanted, str) or wanted not in stock.sold_in(zone):
        raise invalid("commercial_type", f"{wanted} is not available in {zone}", "unknown")
    if stock.TYPES[wanted].ended:
        raise invalid("commercial_type", f"{wanted} has reached its end of service")
    return wanted


def _image(wanted: object, type_: str, zone: str, *, local: bool) -> stock.Image:
    """By id, or the one that a label means for the type. Raises Refusal."""
    kind = "instance_local" if local else "instance_sbs"
    for image in stock.IMAGES.values():
        of_label = (image.label, image.type) == (wanted, kind) and stock.fits(image, type_)
        if image.zone == zone and (image.id == wanted or of_label):
            if image.type != kind or not stock.fits(image, type_):
                raise invalid("image", f"image is {image.arch}, {image.type}")
            return image
    raise not_found("instance_image", str(wanted))


def _reserved(ip: Ip) -> dict[str, Any]:
    return _ip(ip.id, ip.address, ip.tags, dynamic=False)


def _dynamic(server: Server) -> list[dict[str, Any]]:
    """The address that came with the power, which has no id that lasts."""
    on = server.state in ("running", "stopped in place") or server.becomes == "stopped in place"
    if not server.address or not server.dynamic_ip or not on:
        return []
    return [_ip(server.id, server.address, [], dynamic=True)]


def _ip(id_: str, address: str, tagged: list[str], *, dynamic: bool) -> dict[str, Any]:
    return {
        "id": id_,
        "address": address,
        "gateway": "127.77.0.1",
        "netmask": "32",
        "family": "inet",
        "dynamic": dynamic,
        "provisioning_mode": "dhcp",
        "tags": tagged,
        "ipam_id": id_,
        "state": "attached",
    }
