"""/v4/profile/sshkeys, and the keys that a create brings along."""

import base64
import binascii
from typing import Any

from capsule_adapters.sandbox.linode.state import Key, State
from capsule_adapters.sandbox.linode.wording import Refusal, time

_TYPES = ("ssh-ed25519", "ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp", "sk-ecdsa-sha2-nistp256")
_LONGEST_LABEL = 64


def add(state: State, body: Any, *, now: float) -> Key:
    """Keep a key. Raises Refusal."""
    wanted = body if isinstance(body, dict) else {}
    label, text = wanted.get("label"), wanted.get("ssh_key")
    if not isinstance(label, str) or not 0 < len(label) <= _LONGEST_LABEL:
        raise Refusal(400, "Length must be 1-64 characters", "label")
    if not isinstance(text, str) or not _is_key(text):
        raise Refusal(400, "SSH Key invalid", "ssh_key")
    key = Key(state.new_id(), label, text, now)
    state.keys[key.id] = key
    return key


def checked(wanted: object) -> list[str]:
    """The keys that a create brings. Raises Refusal."""
    texts = [] if wanted is None else wanted
    if not isinstance(texts, list):
        raise Refusal(400, "Must be an array", "authorized_keys")
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str) or not _is_key(text):
            raise Refusal(400, f"SSH Key {number} is invalid", "authorized_keys")
    return texts


def shown(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "label": key.label,
        "ssh_key": key.ssh_key,
        "created": time(key.created_at),
    }


def _is_key(text: str) -> bool:
    parts = text.split()
    if len(parts) < 2 or not parts[0].startswith(_TYPES):
        return False
    try:
        data = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        return False
    return data.startswith(len(parts[0]).to_bytes(4, "big") + parts[0].encode())
