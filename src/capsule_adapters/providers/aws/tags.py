"""Our flat tags, and AWS's pairs of a key and a value.

| ours | AWS's |
|---|---|
| the server's name | `Name` = the name |
| `capsule-01hzx3`, the first such | `capsule` = `01hzx3` |
| `capsule-expires:1790000000` | `capsule-expires` = `1790000000` |
| any other: `web`, `a:b` | the tag itself, with an empty value |
| `env=prod`, only ever read | `env` = `prod`, made by somebody else |
"""

from collections.abc import Iterable, Mapping, Sequence

from capsule_domain.models.deployment import TAG_PREFIX
from capsule_domain.models.time_to_live import EXPIRES_PREFIX

NAME_KEY = "Name"
DEPLOYMENT_KEY = TAG_PREFIX.rstrip("-")
EXPIRES_KEY = EXPIRES_PREFIX.rstrip(":")
MOST_TAGS = 50
"""EC2 user guide, tag restrictions: on one resource. The name is one of them."""

Pairs = Sequence[Mapping[str, str]]


def pairs(name: str, tags: Iterable[str]) -> Pairs:
    """A server's name and tags as AWS takes them; each key once."""
    found = {NAME_KEY: name}
    for tag in tags:
        _add(found, tag)
    return as_pairs(found)


def as_pairs(found: Mapping[str, str]) -> Pairs:
    """As AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in found.items()]


def retagged(found: Mapping[str, str], tags: Iterable[str]) -> dict[str, str]:
    """The keys and values of a server that had `found`, and shall have exactly `tags`.

    Its name stays, and so does what is AWS's own, which nobody can take away. Two tags
    that need the same key cannot both be: then the first one is there.
    """
    wanted = tuple(dict.fromkeys(tags))
    kept = {
        key: value
        for key, value in found.items()
        if key == NAME_KEY or _is_reserved(key) or _flat(key, value) in wanted
    }
    there = tags_of(kept)
    for tag in wanted:
        if tag not in there:
            _add(kept, tag)
    return kept


def name_of(found: Mapping[str, str], server_id: str) -> str:
    """The server's name; its id when nobody gave it one."""
    return found.get(NAME_KEY) or server_id


def tags_of(found: Mapping[str, str]) -> tuple[str, ...]:
    """AWS's pairs as flat tags, ours first in no order but AWS's own."""
    return tuple(
        dict.fromkeys(_flat(key, value) for key, value in found.items() if key != NAME_KEY)
    )


def _add(found: dict[str, str], tag: str) -> None:
    expires = tag.removeprefix(EXPIRES_PREFIX)
    if expires not in ("", tag):
        found.setdefault(EXPIRES_KEY, expires)
        return
    deployment = tag.removeprefix(TAG_PREFIX)
    if deployment not in ("", tag) and DEPLOYMENT_KEY not in found:
        found[DEPLOYMENT_KEY] = deployment
    elif found.get(DEPLOYMENT_KEY) != deployment or deployment == tag:
        found.setdefault(tag, "")


def _is_reserved(key: str) -> bool:
    return key.lower().startswith("aws:")


def _flat(key: str, value: str) -> str:
    if not value:
        return key
    if key == EXPIRES_KEY:
        return f"{EXPIRES_PREFIX}{value}"
    return f"{TAG_PREFIX}{value}" if key == DEPLOYMENT_KEY else f"{key}={value}"
