"""Keys of projects and of members, and which of them go onto a device."""

import base64
import binascii
import hashlib
from typing import Any

from capsule_adapters.sandbox.equinix.state import Key, State, new_id
from capsule_adapters.sandbox.equinix.wording import Refusal, link, time


def add(state: State, project: str | None, body: Any, *, now: float) -> Key:
    """Keep a key, of a project or of the member. Raises Refusal."""
    wanted = body if isinstance(body, dict) else {}
    label, text = wanted.get("label"), wanted.get("key")
    if not isinstance(label, str) or not label.strip():
        raise Refusal(422, "Label can't be blank")
    fingerprint = _fingerprint(text)
    if fingerprint is None or not isinstance(text, str):
        raise Refusal(422, "Key is not a valid SSH key")
    if any(k.fingerprint == fingerprint for k in of(state, project)):
        raise Refusal(422, "Key has already been taken")
    key = Key(new_id(), project, label, text.strip(), fingerprint, now)
    state.keys[key.id] = key
    return key


def of(state: State, project: str | None) -> list[Key]:
    """The keys of a project; None: the member's own."""
    return [key for key in state.keys.values() if key.project == project]


def chosen(state: State, project: str, wanted: dict[str, Any]) -> list[Key]:
    """The keys of a new device: those that are named, or else all there are. Raises Refusal."""
    named = wanted.get("project_ssh_keys") or []
    users = wanted.get("user_ssh_keys") or []
    if not isinstance(named, list) or not isinstance(users, list):
        raise Refusal(422, "SSH keys must be lists")
    if wanted.get("no_ssh_keys") is True:
        return []
    ours = {key.id: key for key in of(state, project)}
    unknown = [id_ for id_ in named if not isinstance(id_, str) or id_ not in ours]
    if unknown:
        raise Refusal(422, "Project SSH keys include keys that are not of this project")
    found = [ours[id_] for id_ in named] + (of(state, None) if users else [])
    found = found or [*ours.values(), *of(state, None)]
    if not found:
        raise Refusal(422, "must have at least one SSH key or explicitly send no_ssh_keys option")
    return found


def shown(key: Key) -> dict[str, Any]:
    owner = "/user" if key.project is None else f"/projects/{key.project}"
    return {
        "id": key.id,
        "label": key.label,
        "key": key.text,
        "fingerprint": key.fingerprint,
        "entity": link(owner),
        "created_at": time(key.created_at),
        "updated_at": time(key.created_at),
        "tags": [],
        **link(f"/ssh-keys/{key.id}"),
    }


def _fingerprint(text: object) -> str | None:
    parts = text.split() if isinstance(text, str) else []
    if len(parts) < 2:
        return None
    try:
        data = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        return None
    if not data.startswith(len(parts[0]).to_bytes(4, "big") + parts[0].encode()):
        return None
    return hashlib.md5(data, usedforsecurity=False).digest().hex(":")
