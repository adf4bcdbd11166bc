"""Power: asked for at once, seen in the state, done a little later. And time going by."""

from typing import Any

from capsule_adapters.sandbox.equinix.state import Device, State
from capsule_adapters.sandbox.equinix.wording import Refusal
from capsule_adapters.sandbox.machine_room import MachineRoom

_NEEDS = {"power_on": "inactive", "power_off": "active", "reboot": "active"}
_SHOWN_AS = {"power_on": "powering_on", "power_off": "powering_off", "reboot": "active"}
_LEAVES = {"power_on": "active", "power_off": "inactive", "reboot": "active"}


def begin(room: MachineRoom, device: Device, body: Any, *, now: float, seconds: float) -> None:
    """Start an action. Raises Refusal while another one is under way, or when it makes no sense."""
    action = body.get("type") if isinstance(body, dict) else None
    if not isinstance(action, str) or action not in _NEEDS:
        raise Refusal(422, f"{str(action)[:40]} is not an available action")
    if device.state != _NEEDS[action] or device.becomes is not None:
        raise Refusal(422, f"Device must be {_NEEDS[action]} for {action}")
    if action != "power_on":
        room.switch_off(device.id)
    if action != "power_off":
        room.switch_on(device.id)
    # While it reboots no word tells so.
    device.state, device.becomes = _SHOWN_AS[action], _LEAVES[action]
    device.due_at = now + seconds


def pass_time(room: MachineRoom, state: State, *, now: float, fails: bool) -> bool:
    """Let devices come up, actions end and ended ones go; tells whether anything changed."""
    before = [(d.id, d.state, d.address, d.becomes) for d in state.devices.values()]
    for device in list(state.devices.values()):
        if device.is_new:
            _come_up(room, state, device, now=now, fails=fails)
        elif device.becomes is not None and now >= device.due_at and room.is_idle(device.id):
            device.state, device.becomes = device.becomes, None
            if device.state == "deleted":
                del state.devices[device.id]
    return before != [(d.id, d.state, d.address, d.becomes) for d in state.devices.values()]


def _come_up(room: MachineRoom, state: State, device: Device, *, now: float, fails: bool) -> None:
    if now >= (device.created_at + device.due_at) / 2:
        device.state = "provisioning"
    if device.address is None and room.is_idle(device.id):
        device.address = room.address(device.id)
    if now < device.due_at or device.address is None:
        return
    if fails:
        # It is moved to a project of the cloud's own.
        state.taken.add(device.id)
        del state.devices[device.id]
        room.remove(device.id)
        return
    device.state, device.becomes, device.user_data = "active", None, ""
