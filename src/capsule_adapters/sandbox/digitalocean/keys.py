"""/v2/account/keys"""

import base64
import binascii
import hashlib
from typing import Any

from capsule_adapters.sandbox.digitalocean.state import Key, State
from capsule_adapters.sandbox.digitalocean.wording import Refusal


def add(state: State, body: Any) -> Key:
    """Keep a new key. Raises Refusal."""
    wanted = body if isinstance(body, dict) else {}
    name, public_key = wanted.get("name"), wanted.get("public_key")
    if not isinstance(name, str) or not name:
        raise Refusal(422, "Name can't be blank")
    fingerprint = _fingerprint(public_key)
    if fingerprint is None or not isinstance(public_key, str):
        raise Refusal(422, "Key invalid, key should be of the format `[type] [key] [comment]`")
    if any(key.fingerprint == fingerprint for key in state.keys.values()):
        raise Refusal(422, "SSH Key is already in use on your account")
    key = Key(state.new_id(), name, public_key, fingerprint)
    state.keys[key.id] = key
    return key


def find(state: State, identifier: object) -> Key | None:
    """The key of that id or fingerprint."""
    wanted = str(identifier)
    keys = state.keys.values()
    return next((k for k in keys if wanted in (str(k.id), k.fingerprint)), None)


def shown(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "public_key": key.public_key,
        "fingerprint": key.fingerprint,
    }


def _fingerprint(public_key: object) -> str | None:
    parts = public_key.split() if isinstance(public_key, str) else []
    if len(parts) < 2:
        return None
    try:
        data = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        return None
    if not data.startswith(len(parts[0]).to_bytes(4, "big") + parts[0].encode()):
        return None
    return hashlib.md5(data, usedforsecurity=False).digest().hex(":")
