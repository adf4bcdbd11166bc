"""Reserved addresses: they stay when their server goes."""

from typing import Any
from zlib import crc32

from capsule_adapters.sandbox.scaleway.servers import ORGANIZATION, tags
from capsule_adapters.sandbox.scaleway.state import Ip, Server, State, new_id


def add(state: State, zone: str, server: Server | None, body: Any, *, project: str) -> Ip:
    """Reserve one, for `server` or for later. Raises Refusal."""
    tagged = tags(body.get("tags") if isinstance(body, dict) else None)
    id_ = new_id()
    ip = Ip(
        id=id_,
        zone=zone,
        address=f"127.78.{crc32(id_.encode()) % 250}.{len(state.ips) % 250 + 1}",
        project=server.project if server else project,
        tags=tagged,
        server=server.id if server else None,
    )
    state.ips[ip.id] = ip
    return ip


def shown(ip: Ip, server: Server | None) -> dict[str, Any]:
    return {
        "id": ip.id,
        "address": ip.address,
        "reverse": None,
        "server": {"id": server.id, "name": server.name} if server else None,
        "organization": ORGANIZATION,
        "tags": ip.tags,
        "project": ip.project,
        "type": "routed_ipv4",
        "state": "attached" if server else "detached",
        "prefix": f"{ip.address}/32",
        "ipam_id": ip.id,
        "zone": ip.zone,
    }
