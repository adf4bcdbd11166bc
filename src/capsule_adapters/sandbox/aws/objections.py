"""What EC2 refuses to start, and moto would."""

import base64
import binascii
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from capsule_adapters.sandbox.aws.state import Rental
from capsule_adapters.sandbox.aws.stock import TYPES
from capsule_adapters.sandbox.aws.temper import Temper
from capsule_adapters.sandbox.aws.wire import Call, Refusal

_MOST_USER_DATA_BYTES = 16 * 1024
_MOST_TAGS = 50
_TAG_KEY_CHARS = 128
_TAG_VALUE_CHARS = 256


def object_to(call: Call, backend: Any, temper: Temper, living: Sequence[Rental]) -> None:
    """Raises the Refusal of a RunInstances that EC2 would refuse."""
    asked = call.parameters
    slug = asked.get("InstanceType", "")
    if slug not in TYPES:
        raise Refusal("InvalidParameterValue", f"Invalid value '{slug}' for InstanceType.")
    _image(asked.get("ImageId", ""), slug, backend)
    user_data_of(call)
    for number in (1, 2, 3):
        check_tags(tags_of(call, f"TagSpecification.{number}.Tag"))
    if asked.get("KeyName") is not None and asked["KeyName"] not in backend.key_pairs:
        raise Refusal(
            "InvalidKeyPair.NotFound", f"The key pair '{asked['KeyName']}' does not exist"
        )
    _zone(slug, asked.get("SubnetId"), backend, temper)
    _quota(slug, int(asked.get("MaxCount", "1")), temper, living)


def user_data_of(call: Call) -> str:
    """The user data as text. Raises Refusal."""
    given = call.parameters.get("UserData", "")
    try:
        data = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal("InvalidParameterValue", "Invalid BASE64 encoding of user data.") from error
    if len(data) > _MOST_USER_DATA_BYTES:
        said = f"User data is limited to {_MOST_USER_DATA_BYTES} bytes"
        raise Refusal("InvalidParameterValue", said)
    return data.decode("utf-8", "replace")


def tags_of(call: Call, prefix: str) -> list[tuple[str, str]]:
    """Keys and values under `prefix`."""
    numbers = sorted(
        int(name.split(".")[prefix.count(".") + 1])
        for name in call.parameters
        if name.startswith(f"{prefix}.") and name.endswith(".Key")
    )
    return [
        (call.parameters[f"{prefix}.{n}.Key"], call.parameters.get(f"{prefix}.{n}.Value", ""))
        for n in numbers
    ]


def check_tags(tags: Sequence[tuple[str, str]]) -> None:
    """Raises Refusal."""
    if len(tags) > _MOST_TAGS:
        said = f"The maximum number of tags for a resource is {_MOST_TAGS}"
        raise Refusal("TagLimitExceeded", said)
    for key, value in tags:
        if not 0 < len(key) <= _TAG_KEY_CHARS or len(value) > _TAG_VALUE_CHARS:
            raise Refusal("InvalidParameterValue", f"Tag '{key}' is too long or has no key.")
        if key.lower().startswith("aws:"):
            said = "Tag keys starting with 'aws:' are reserved for internal use"
            raise Refusal("InvalidParameterValue", said)
    twice = [key for key, count in Counter(key for key, _ in tags).items() if count > 1]
    if twice:
        raise Refusal("InvalidParameterValue", f"Duplicate tag key '{twice[0]}' specified.")


def is_offered_in(backend: Any, slug: str, zone: str) -> bool:
    """Whether a zone offers a type."""
    if not TYPES[slug].offered:
        return False
    found = backend.describe_instance_type_offerings(
        "availability-zone", {"instance-type": [slug], "location": [zone]}
    )
    return bool(found)


def _image(image_id: str, slug: str, backend: Any) -> None:
    image = backend.amis.get(image_id)
    if image is None:
        raise Refusal("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    if image.architecture != TYPES[slug].arch:
        raise Refusal(
            "InvalidParameterValue",
            f"The architecture '{TYPES[slug].arch}' of the specified instance type does not "
            f"match the architecture '{image.architecture}' of the specified AMI.",
        )


def _zone(slug: str, subnet_id: str | None, backend: Any, temper: Temper) -> None:
    subnets: Mapping[str, Any] = backend.get_default_subnets()
    by_id = {subnet.id: zone for zone, subnet in subnets.items()}
    if subnet_id is not None and subnet_id not in by_id:
        raise Refusal("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
    zone = by_id[subnet_id] if subnet_id is not None else min(subnets)
    if not is_offered_in(backend, slug, zone):
        raise Refusal(
            "Unsupported",
            f"Your requested instance type ({slug}) is not supported in your requested "
            f"Availability Zone ({zone}).",
        )
    if (slug, zone) in temper.full:
        raise Refusal(
            "InsufficientInstanceCapacity",
            f"We currently do not have sufficient {slug} capacity in the Availability Zone "
            f"you requested ({zone}).",
            500,
        )


def _quota(slug: str, count: int, temper: Temper, living: Sequence[Rental]) -> None:
    if temper.instance_limit is not None and len(living) + count > temper.instance_limit:
        raise Refusal(
            "InstanceLimitExceeded",
            f"You have requested more instances ({len(living) + count}) than your current "
            f"instance limit of {temper.instance_limit} allows.",
        )
    vcpus = sum(TYPES[rental.slug].vcpus for rental in living) + TYPES[slug].vcpus * count
    if vcpus > temper.vcpu_limit:
        raise Refusal(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of "
            f"{temper.vcpu_limit} allows.",
        )
