"""/v2/tags"""

import re
from typing import Any

from capsule_adapters.sandbox.digitalocean.state import Droplet, State
from capsule_adapters.sandbox.digitalocean.wording import Refusal

ALPHABET = re.compile(r"[a-zA-Z0-9_\-:]{1,255}")


def ensure(state: State, names: object) -> list[str]:
    """The tags that a create asks for, made where they are new. Raises Refusal."""
    wanted = [] if names is None else names
    if not isinstance(wanted, list):
        raise Refusal(422, "tags must be an array")
    for name in wanted:
        if not isinstance(name, str) or not ALPHABET.fullmatch(name):
            raise Refusal(422, f"{name} is not a valid tag name")
    for name in wanted:
        if name not in state.tags:
            state.tags.append(name)
    return list(dict.fromkeys(wanted))


def shown(state: State, name: str) -> dict[str, Any]:
    tagged = sum(1 for droplet in state.droplets.values() if name in droplet.tags)
    return {"name": name, "resources": {"count": tagged, "droplets": {"count": tagged}}}


def droplets_in(state: State, body: Any) -> list[Droplet]:
    """The droplets that a list of resources names. Raises Refusal."""
    resources = body.get("resources") if isinstance(body, dict) else None
    if not isinstance(resources, list):
        raise Refusal(422, "resources are required")
    found = []
    for resource in resources:
        id_ = str(resource.get("resource_id", "")) if isinstance(resource, dict) else ""
        droplet = state.droplets.get(int(id_)) if id_.isdecimal() else None
        if droplet is None or resource.get("resource_type") != "droplet":
            raise Refusal(404)
        found.append(droplet)
    return found
