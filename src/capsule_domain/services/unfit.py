"""Clouds that cannot have what is wanted, whatever they sell: known before they are asked."""

import re
from collections.abc import Iterable, Mapping

from capsule_domain.errors import UsageError
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.server import Capabilities


def unfit_clouds(
    clouds: Mapping[str, Capabilities],
    *,
    names: Iterable[str],
    tags: Iterable[str],
    os: OperatingSystem = OperatingSystem.STOCK,
) -> dict[str, str]:
    """Those of `clouds` that refuse a name or a tag, or cannot tell a server what to become.

    Each with its reason. Raises UsageError when a name or a tag is refused by all of them.
    """
    unfit: dict[str, str] = {}
    named = [(f"the name {name!r}", "name_pattern", name) for name in names]
    tagged = [(f"the tag {tag[:60]!r}", "tag_pattern", tag) for tag in tags]
    for what, rule, word in (*named, *tagged):
        patterns = {cloud: str(getattr(can, rule)) for cloud, can in clouds.items()}
        refusing = [name for name, pattern in patterns.items() if not re.fullmatch(pattern, word)]
        if refusing and len(refusing) == len(clouds):
            raise UsageError(
                f"{what} is refused by {', '.join(refusing)}",
                hint=f"one there matches {patterns[refusing[0]]}",
            )
        for cloud in refusing:
            unfit.setdefault(cloud, f"{cloud} refuses {what}")
    if os is OperatingSystem.XNODEOS:
        for cloud, can in clouds.items():
            if not can.user_data_max_bytes:
                unfit.setdefault(cloud, f"{cloud} takes no user data, which {os} needs")
    return unfit
