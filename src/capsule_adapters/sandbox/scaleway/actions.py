"""Actions: begun at once, done a while later; in between nothing else is taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_adapters.sandbox.scaleway import stock
from capsule_adapters.sandbox.scaleway.state import Server, State, new_id
from capsule_adapters.sandbox.scaleway.wording import Refusal, time

GONE = "gone"
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "stopped": ("poweron", "backup"),
    "running": ("poweroff", "terminate", "reboot", "stop_in_place", "backup"),
    "stopped in place": ("poweron", "poweroff", "terminate", "backup"),
}


@dataclass(frozen=True)
class _Course:
    """What an action looks like while it is done, and what it leads to."""

    meanwhile: str
    leads_to: str


_COURSES = {
    "poweron": _Course("starting", "running"),
    "poweroff": _Course("stopping", "stopped"),
    "stop_in_place": _Course("stopping", "stopped in place"),
    "reboot": _Course("starting", "running"),
    "terminate": _Course("stopping", GONE),
}


def allowed(server: Server) -> tuple[str, ...]:
    return () if server.becomes else _ALLOWED.get(server.state, ())


def check(server: Server, action: object) -> None:
    """Raises Refusal for an action that cannot be begun now."""
    if server.state == "locked":
        raise Refusal(423, "resource_locked", "resource is locked", resource_id=server.id)
    if server.becomes is not None:
        told = {"resource": "server", "resource_id": server.id, "current_state": server.state}
        raise Refusal(409, "transient_state", "resource is in a transient state", **told)
    if action not in allowed(server) or action not in _COURSES:
        told_state = f"server is {server.state}: {action} is not allowed"
        raise Refusal(400, "invalid_request_error", told_state)
    if action == "poweron" and stock.availability(server.commercial_type) == "shortage":
        raise Refusal(412, "out_of_stock", "resource is out of stock", resource="instances")


def begin(
    state: State, room: MachineRoom, server: Server, action: str, *, due_at: float
) -> dict[str, Any]:
    """Begin an action that was checked; the task, as the API writes it."""
    course = _COURSES[action]
    server.state, server.becomes, server.due_at = course.meanwhile, course.leads_to, due_at
    if action in ("poweroff", "stop_in_place", "reboot", "terminate"):
        room.switch_off(server.id)
    if action in ("poweron", "reboot"):
        _switch_on(state, room, server)
    return {
        "id": new_id(),
        "description": f"server_{action}",
        "progress": 0,
        "started_at": time(due_at),
        "terminated_at": None,
        "status": "pending",
        "href_from": f"/servers/{server.id}/action",
        "href_result": f"/servers/{server.id}",
        "zone": server.zone,
    }


def pass_time(
    state: State, room: MachineRoom, server: Server, *, now: float, loose_after_seconds: float
) -> bool:
    """Let what was begun end; tells whether anything did."""
    if server.becomes is None or now < server.due_at or not room.is_idle(server.id):
        return False
    if server.becomes == "running" and not server.has_booted:
        server.address = room.address(server.id)
        if server.address is None:
            return False
        server.has_booted, server.texts = True, {}
    if server.becomes == GONE:
        remove(state, room, server, loose_at=now + loose_after_seconds, keeps_local=False)
    server.state, server.becomes = server.becomes, None
    return True


def remove(
    state: State, room: MachineRoom, server: Server, *, loose_at: float, keeps_local: bool
) -> None:
    """Forget a server. Block volumes and reserved addresses stay, and bill on."""
    for volume in state.volumes_of(server):
        if volume.kind == "l_ssd" and not keeps_local:
            del state.volumes[volume.id]
        else:
            volume.server, volume.loose_at = None, loose_at
    for ip in state.ips_of(server):
        ip.server = None
    del state.servers[server.id]
    room.remove(server.id)


def _switch_on(state: State, room: MachineRoom, server: Server) -> None:
    if server.has_booted:
        room.switch_on(server.id)
        return
    server.public_keys = [
        key.public_key
        for key in state.keys.values()
        if key.project == server.project and not key.disabled
    ]
    room.boot(server)
