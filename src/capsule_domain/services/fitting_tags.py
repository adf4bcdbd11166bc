"""Tags that a cloud takes."""

import re
from collections.abc import Iterable

from capsule_domain.errors import UsageError
from capsule_domain.ports.provider import Provider


def refuse_unfit_tags(tags: Iterable[str], cloud: Provider) -> None:
    """Raises UsageError before anything is sent or journalled."""
    for tag in tags:
        if not re.fullmatch(cloud.capabilities.tag_pattern, tag):
            raise UsageError(
                f"{cloud.name} does not take the tag {tag[:60]!r}",
                hint=f"a tag there matches {cloud.capabilities.tag_pattern}",
            )
