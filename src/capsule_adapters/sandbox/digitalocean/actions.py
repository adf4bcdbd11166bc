"""/v2/droplets/{id}/actions and /v2/actions"""

from typing import Any

from capsule_adapters.sandbox.digitalocean import stock
from capsule_adapters.sandbox.digitalocean.state import Action, Droplet, State
from capsule_adapters.sandbox.digitalocean.wording import Refusal, time
from capsule_adapters.sandbox.machine_room import MachineRoom

_NEEDS_POWER = {"shutdown", "power_off", "reboot", "power_cycle"}
_KNOWN = {*_NEEDS_POWER, "power_on", "rename"}


def begin(
    state: State,
    room: MachineRoom,
    droplet: Droplet,
    body: Any,
    *,
    now: float,
    action_seconds: float,
) -> Action:
    """Start an action; the droplet is locked until it is done. Raises Refusal."""
    wanted = body if isinstance(body, dict) else {}
    type_ = wanted.get("type")
    if type_ not in _KNOWN:
        raise Refusal(422, f"this rehearsal cloud knows no action {type_!r}")
    if droplet.status == "new" or state.action_on(droplet.id) is not None:
        raise Refusal(422, "Droplet already has a pending event.")
    if type_ == "power_on" and droplet.status == "active":
        raise Refusal(422, "Droplet is already powered on.")
    if type_ in _NEEDS_POWER and droplet.status != "active":
        raise Refusal(
            422, "Droplet is currently powered off. Please power it on to run this event."
        )
    if type_ == "rename" and not wanted.get("name"):
        raise Refusal(422, "Name can't be blank")
    _do(room, droplet.id, type_)
    action = Action(
        id=state.new_id(),
        droplet_id=droplet.id,
        region=droplet.region,
        type=type_,
        started_at=now,
        due_at=now + action_seconds,
        argument=str(wanted.get("name", "")),
    )
    state.actions[action.id] = action
    return action


def creation(state: State, droplet: Droplet) -> Action:
    """The action that lasts until a new droplet is up."""
    action = Action(
        id=state.new_id(),
        droplet_id=droplet.id,
        region=droplet.region,
        type="create",
        started_at=droplet.created_at,
        due_at=droplet.active_at,
    )
    state.actions[action.id] = action
    return action


def link(action: Action) -> dict[str, Any]:
    """How another answer points to an action."""
    href = f"https://api.digitalocean.com/v2/actions/{action.id}"
    return {"id": action.id, "rel": action.type, "href": href}


def finish(state: State, room: MachineRoom, *, now: float) -> bool:
    """End the actions whose time has come; tells whether there were any.

    A creation ends once the droplet is up.
    """
    due = [
        action
        for action in state.actions.values()
        if action.status == "in-progress" and action.due_at <= now
    ]
    for action in due:
        droplet = state.droplets.get(action.droplet_id)
        if droplet is not None and (droplet.status == "new" or not room.is_idle(droplet.id)):
            continue
        action.completed_at = now
        action.status = "errored" if droplet is None else "completed"
        if droplet is not None:
            _done(droplet, action)
    return bool(due)


def shown(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "status": action.status,
        "type": action.type,
        "started_at": time(action.started_at),
        "completed_at": None if action.completed_at is None else time(action.completed_at),
        "resource_id": action.droplet_id,
        "resource_type": "droplet",
        "region": stock.region(action.region),
        "region_slug": action.region,
    }


def _do(room: MachineRoom, droplet_id: int, type_: str) -> None:
    if type_ in _NEEDS_POWER:
        room.switch_off(droplet_id)
    if type_ in ("power_on", "reboot", "power_cycle"):
        room.switch_on(droplet_id)


def _done(droplet: Droplet, action: Action) -> None:
    if action.type in ("shutdown", "power_off"):
        droplet.status = "off"
    elif action.type == "power_on":
        droplet.status = "active"
    elif action.type == "rename":
        droplet.name = action.argument
