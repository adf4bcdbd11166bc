"""/v2/droplets: what may be created, and how a droplet is shown."""

import re
from typing import Any

from capsule_adapters.sandbox.digitalocean import keys, stock, tags
from capsule_adapters.sandbox.digitalocean.state import Droplet, State
from capsule_adapters.sandbox.digitalocean.wording import Refusal, time

_NAME = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,253}[a-zA-Z0-9])?")
_LONGEST_USER_DATA_BYTES = 64 * 1024
_MOST_AT_ONCE = 10


def create(
    state: State, body: Any, *, now: float, boot_seconds: float, limit: int
) -> list[Droplet]:
    """New droplets, one for each name, booting. Raises Refusal and changes nothing."""
    wanted = body if isinstance(body, dict) else {}
    names = _names(wanted)
    if len(state.droplets) + len(names) > limit:
        raise Refusal(422, "creating this/these droplet(s) will exceed your droplet limit")
    size, region = _place(wanted)
    image = stock.image(wanted.get("image"))
    if image is None:
        raise Refusal(422, "You specified an invalid image for Droplet creation.")
    public_keys = _public_keys(state, wanted.get("ssh_keys"))
    user_data = wanted.get("user_data") or ""
    if not isinstance(user_data, str) or len(user_data.encode()) > _LONGEST_USER_DATA_BYTES:
        raise Refusal(422, "User data is limited to 64 KiB of text.")
    tagged = tags.ensure(state, wanted.get("tags"))
    made = [
        Droplet(
            id=state.new_id(),
            name=name,
            region=region,
            size=size,
            image=image["id"],
            tags=list(tagged),
            public_keys=public_keys,
            user_data=user_data,
            created_at=now,
            active_at=now + boot_seconds,
        )
        for name in names
    ]
    state.droplets.update({droplet.id: droplet for droplet in made})
    return made


def shown(state: State, droplet: Droplet) -> dict[str, Any]:
    """A droplet as the API writes it. While it is new it has no networks."""
    size = stock.SIZES[droplet.size]
    extra = {"gpu_info": size["gpu_info"]} if "gpu_info" in size else {}
    return {
        "id": droplet.id,
        "name": droplet.name,
        "memory": size["memory"],
        "vcpus": size["vcpus"],
        "disk": size["disk"],
        "disk_info": size["disk_info"],
        "locked": state.action_on(droplet.id) is not None,
        "status": droplet.status,
        "kernel": None,
        "created_at": time(droplet.created_at),
        "features": ["droplet_agent", "private_networking"],
        "backup_ids": [],
        "next_backup_window": None,
        "snapshot_ids": [],
        "image": stock.IMAGES[droplet.image],
        "volume_ids": [],
        "size": size,
        "size_slug": droplet.size,
        "networks": {"v4": _networks(droplet), "v6": []},
        "region": stock.region(droplet.region),
        "tags": droplet.tags,
        "vpc_uuid": "760e09ef-dc84-11e8-981e-3cfdfeaae000",
        **extra,
    }


def listed(
    state: State, query: dict[str, str], *, now: float, settling_seconds: float
) -> list[Droplet]:
    """The droplets that a list shows, newest first. Raises Refusal.

    GPU droplets only when asked for by type, and nothing younger than the time that
    lists need to settle.
    """
    if "tag_name" in query and ("type" in query or "name" in query):
        raise Refusal(422, "tag_name can not be combined with name or type")
    if query.get("type", "droplets") not in ("droplets", "gpus"):
        raise Refusal(422, "type must be droplets or gpus")
    with_gpu = query.get("type") == "gpus"
    found = [
        droplet
        for droplet in state.droplets.values()
        if is_gpu(droplet) == with_gpu
        and query.get("tag_name") in (None, *droplet.tags)
        and query.get("name", droplet.name).lower() == droplet.name.lower()
        and droplet.created_at + settling_seconds <= now
    ]
    return sorted(found, key=lambda droplet: -droplet.id)


def is_gpu(droplet: Droplet) -> bool:
    return "gpu_info" in stock.SIZES[droplet.size]


def _names(wanted: dict[str, Any]) -> list[str]:
    names = wanted["names"] if "names" in wanted else [wanted.get("name")]
    if not isinstance(names, list) or not 0 < len(names) <= _MOST_AT_ONCE:
        raise Refusal(422, "names must be an array of at most 10 names")
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Refusal(
                422, "Name Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"
            )
    return names


def _place(wanted: dict[str, Any]) -> tuple[str, str]:
    """The size and the region, which may be left to the cloud."""
    size = stock.SIZES.get(str(wanted.get("size")))
    if size is None:
        raise Refusal(422, "You specified an invalid size for Droplet creation.")
    region = wanted.get("region")
    if region is not None and region not in stock.REGIONS:
        raise Refusal(422, "You specified an invalid region for Droplet creation.")
    if not size["available"] or not size["regions"]:
        raise Refusal(422, "Size is not available.")
    if region is not None and region not in size["regions"]:
        raise Refusal(422, "Size is not available in this region.")
    return size["slug"], region or size["regions"][0]


def _public_keys(state: State, wanted: object) -> list[str]:
    chosen = [] if wanted is None else wanted
    if not isinstance(chosen, list):
        raise Refusal(422, "ssh_keys must be an array")
    found = [keys.find(state, identifier) for identifier in chosen]
    missing = [str(i) for i, key in zip(chosen, found, strict=True) if key is None]
    if missing:
        raise Refusal(
            422, f"{', '.join(missing)} are invalid key identifiers for Droplet creation."
        )
    return [key.public_key for key in found if key is not None]


def _networks(droplet: Droplet) -> list[dict[str, Any]]:
    if droplet.address is None or droplet.status == "new":
        return []
    low = droplet.id % 65_000
    private = f"10.108.{low // 254}.{low % 254 + 1}"
    return [
        # The private one first: who takes the first takes the wrong one.
        {
            "ip_address": private,
            "netmask": "255.255.0.0",
            "gateway": "10.108.0.1",
            "type": "private",
        },
        {
            "ip_address": droplet.address,
            "netmask": "255.255.240.0",
            "gateway": "127.0.0.1",
            "type": "public",
        },
    ]
