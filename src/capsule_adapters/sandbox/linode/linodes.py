"""/v4/linode/instances: what may be created and changed, and how a Linode is shown."""

import base64
import binascii
import re
from typing import Any

from capsule_adapters.sandbox.linode import keys, stock
from capsule_adapters.sandbox.linode.state import Linode, State
from capsule_adapters.sandbox.linode.wording import Refusal, time

_LABEL = re.compile(r"[a-zA-Z]((?!--|__|\.\.)[a-zA-Z0-9-_.])+")
_LABEL_LENGTHS = range(3, 65)
_TAG_LENGTHS = range(3, 51)
_PASSWORD_LENGTHS = range(7, 129)
_STRONG_LENGTH = 11
_LONGEST_USER_DATA_BYTES = 16_384
_AS_USUAL = {
    "alerts": {
        "cpu": 90,
        "network_in": 10,
        "network_out": 10,
        "transfer_quota": 80,
        "io": 10000,
    },
    "backups": {
        "enabled": False,
        "available": False,
        "schedule": {"day": "Scheduling", "window": "Scheduling"},
    },
    "hypervisor": "kvm",
    "watchdog_enabled": True,
    "host_uuid": "3a3ddd59-d9a7-8bb8-de04-1391075df44d",
    "placement_group": None,
    "lke_cluster_id": None,
    "group": "",
}
"""What is the same of every Linode here."""


def create(state: State, body: Any, *, now: float, boot_seconds: float, limit: int) -> Linode:
    """A new Linode, provisioning. Raises Refusal and changes nothing."""
    wanted = body if isinstance(body, dict) else {}
    type_, region = _place(wanted)
    image = wanted.get("image")
    if not isinstance(image, str) or image not in stock.IMAGES:
        raise Refusal(400, "image is not valid", "image")
    _check_password(wanted.get("root_pass"))
    public_keys = keys.checked(wanted.get("authorized_keys"))
    id_ = state.next_id
    name = label(state, wanted.get("label", f"linode{id_}"))
    tagged = tags(wanted.get("tags"))
    user_data = _user_data(wanted.get("metadata"), image, region)
    if len(state.linodes) >= limit:
        raise Refusal(400, "Account Limit reached. Please open a support ticket.")
    if not stock.is_sold(type_, region):
        raise Refusal(400, "There is no availability for the selected plan in the selected region.")
    linode = Linode(
        id=state.new_id(),
        name=name,
        region=region,
        type=type_,
        image=image,
        tags=tagged,
        public_keys=public_keys,
        user_data=user_data,
        has_user_data=bool(user_data),
        private_ip=wanted.get("private_ip") is True,
        created_at=now,
        running_at=now + boot_seconds,
    )
    state.linodes[linode.id] = linode
    return linode


def update(state: State, linode: Linode, body: Any) -> None:
    """Change label and tags. Raises Refusal and changes nothing."""
    wanted = body if isinstance(body, dict) else {}
    name = linode.name
    if wanted.get("label", name) != name:
        name = label(state, wanted["label"])
    tagged = tags(wanted["tags"]) if "tags" in wanted else linode.tags
    linode.name, linode.tags = name, tagged


def shown(linode: Linode) -> dict[str, Any]:
    """A Linode as the API writes it: no price, and its public address from the beginning."""
    type_ = stock.TYPES[linode.type]
    low = linode.id % 30_000
    private = [f"192.168.{128 + low // 254}.{low % 254 + 1}"] if linode.private_ip else []
    return {
        "id": linode.id,
        "label": linode.name,
        "status": linode.status,
        "created": time(linode.created_at),
        "updated": time(linode.created_at),
        "type": linode.type,
        "ipv4": [*([linode.address] if linode.address else []), *private],
        "ipv6": f"2600:3c00::f03c:94ff:fe{linode.id % 256:02x}:1/128",
        "image": linode.image,
        "region": linode.region,
        "specs": {
            "disk": type_["disk"],
            "memory": type_["memory"],
            "vcpus": type_["vcpus"],
            "gpus": type_["gpus"],
            "transfer": type_["transfer"],
        },
        **_AS_USUAL,
        "tags": linode.tags,
        "has_user_data": linode.has_user_data,
    }


def label(state: State, wanted: object) -> str:
    """A label that is free. Raises Refusal."""
    if not isinstance(wanted, str) or len(wanted) not in _LABEL_LENGTHS:
        raise Refusal(400, "Length must be 3-64 characters", "label")
    if not _LABEL.fullmatch(wanted) or not wanted[-1].isalnum():
        raise Refusal(
            400,
            "Must begin and end with an alphanumeric character and hold only letters, numbers, "
            "single dashes, underscores and periods",
            "label",
        )
    if any(linode.name == wanted for linode in state.linodes.values()):
        raise Refusal(400, "Label must be unique among your linodes", "label")
    return wanted


def tags(wanted: object) -> list[str]:
    """The tags asked for. Raises Refusal."""
    names = [] if wanted is None else wanted
    if not isinstance(names, list):
        raise Refusal(400, "Must be an array", "tags")
    for name in names:
        if not isinstance(name, str) or len(name) not in _TAG_LENGTHS:
            raise Refusal(400, "Length must be 3-50 characters", "tags")
    return list(dict.fromkeys(names))


def _place(wanted: dict[str, Any]) -> tuple[str, str]:
    type_, region = wanted.get("type"), wanted.get("region")
    if not isinstance(type_, str) or type_ not in stock.TYPES:
        raise Refusal(400, "A valid plan type by that ID was not found", "type")
    if not isinstance(region, str) or region not in stock.REGIONS:
        raise Refusal(400, "region is not valid", "region")
    return type_, region


def _check_password(password: object) -> None:
    if not isinstance(password, str) or len(password) not in _PASSWORD_LENGTHS:
        raise Refusal(400, "root_pass is required, 7 to 128 characters", "root_pass")
    kinds = (str.islower, str.isupper, str.isdigit)
    mixed = all(any(map(kind, password)) for kind in kinds)
    if len(password) < _STRONG_LENGTH or not mixed:
        raise Refusal(400, "Password does not meet strength requirement.", "root_pass")


def _user_data(metadata: object, image: str, region: str) -> str:
    if metadata is None:
        return ""
    if not isinstance(metadata, dict):
        raise Refusal(400, "Must be an object", "metadata")
    try:
        data = base64.b64decode(metadata.get("user_data") or "", validate=True)
        text = data.decode()
    except (binascii.Error, ValueError, TypeError) as error:
        raise Refusal(400, "Must be base64-encoded", "metadata.user_data") from error
    if len(data) > _LONGEST_USER_DATA_BYTES:
        raise Refusal(400, "Must not exceed 16384 bytes", "metadata.user_data")
    if "cloud-init" not in stock.IMAGES[image][2]:
        raise Refusal(400, "The image does not support cloud-init", "metadata.user_data")
    if "Metadata" not in stock.REGIONS[region].capabilities:
        raise Refusal(400, "The region does not support Metadata", "metadata.user_data")
    return text
