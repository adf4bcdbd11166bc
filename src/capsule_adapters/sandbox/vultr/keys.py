"""/ssh-keys"""

import base64
import binascii
from typing import Any

from capsule_adapters.sandbox.vultr.state import Key, State, new_id
from capsule_adapters.sandbox.vultr.wording import Refusal, time


def add(state: State, body: Any, *, now: float) -> Key:
    """Keep a new key, even one that is there already. Raises Refusal."""
    wanted = body if isinstance(body, dict) else {}
    name, public_key = wanted.get("name"), wanted.get("ssh_key")
    if not isinstance(name, str) or not name:
        raise Refusal(400, "Invalid name.")
    if not isinstance(public_key, str) or not _is_key(public_key):
        raise Refusal(400, "Invalid SSH key.")
    key = Key(new_id(), name, public_key, now)
    state.keys[key.id] = key
    return key


def texts(state: State, wanted: object) -> list[str]:
    """The keys that a create names. Raises Refusal."""
    chosen = [] if wanted is None else wanted
    if not isinstance(chosen, list):
        raise Refusal(400, "Invalid sshkey_id, must be an array.")
    if any(not isinstance(id_, str) or id_ not in state.keys for id_ in chosen):
        raise Refusal(400, "Invalid SSH key ID.")
    return [state.keys[id_].public_key for id_ in chosen]


def shown(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "date_created": time(key.created_at),
        "name": key.name,
        "ssh_key": key.public_key,
    }


def _is_key(line: str) -> bool:
    parts = line.split()
    try:
        data = base64.b64decode(parts[1], validate=True)
    except (IndexError, binascii.Error, ValueError):
        return False
    return data.startswith(len(parts[0]).to_bytes(4, "big") + parts[0].encode())
