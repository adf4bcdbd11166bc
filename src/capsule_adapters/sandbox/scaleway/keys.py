"""/iam/v1alpha1/ssh-keys: the keys of a project."""

import base64
import binascii
import hashlib
from typing import Any

from capsule_adapters.sandbox.scaleway.servers import ORGANIZATION
from capsule_adapters.sandbox.scaleway.state import Key, State, new_id
from capsule_adapters.sandbox.scaleway.wording import Refusal, invalid, not_found, time

_TYPES = ("ssh-ed25519", "ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp")
_LONGEST_NAME = 1000


def add(state: State, body: Any, *, now: float, projects: list[str]) -> Key:
    """Keep a key. Raises Refusal."""
    wanted = body if isinstance(body, dict) else {}
    name, text, project = (wanted.get(k) for k in ("name", "public_key", "project_id"))
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise invalid("name", "required key not given", "required")
    if not isinstance(text, str) or not _data(text):
        raise invalid("public_key", "not an SSH public key", "format")
    if project not in projects:
        raise not_found("project", str(project))
    there = any(k.project == project and _data(k.public_key) == _data(text) for k in listed(state))
    if there:
        raise Refusal(409, resource="ssh_key", help_message="public_key must be unique")
    key = Key(new_id(), name, text, str(project), now)
    state.keys[key.id] = key
    return key


def listed(state: State, project: str | None = None) -> list[Key]:
    """Those of a project, or all."""
    return [key for key in state.keys.values() if project in (None, key.project)]


def shown(key: Key) -> dict[str, Any]:
    digest = hashlib.md5(_data(key.public_key), usedforsecurity=False).hexdigest()
    pairs = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    return {
        "id": key.id,
        "name": key.name,
        "public_key": key.public_key,
        "fingerprint": f"256 MD5:{pairs} {key.public_key.split()[0]}",
        "created_at": time(key.created_at),
        "updated_at": time(key.created_at),
        "organization_id": ORGANIZATION,
        "project_id": key.project,
        "disabled": key.disabled,
    }


def _data(text: str) -> bytes:
    """What the key is, or nothing where the text is none."""
    parts = text.split()
    if len(parts) < 2 or not parts[0].startswith(_TYPES):
        return b""
    try:
        data = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if data.startswith(len(parts[0]).to_bytes(4, "big") + parts[0].encode()) else b""
