"""Changes of an xNode's tags, as a person writes them."""

import re
from collections.abc import Iterable, Sequence

from capsule_domain.errors import UsageError
from capsule_domain.models.base import Model
from capsule_domain.models.deployment import TAG_PREFIX

_WORD = re.compile(r"[^\s,;+-][^\s,;]{0,254}")


class TagChange(Model):
    """`exactly` makes the tags these, None keeps them; then some are added and some taken away."""

    exactly: tuple[str, ...] | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @classmethod
    def parse(cls, words: Iterable[str]) -> "TagChange":
        """`+a` adds, `-b` takes away, `a,b` makes them exactly these, an empty word none at all.

        Raises UsageError, also for what is asked both ways.
        """
        exactly: list[str] | None = None
        added: list[str] = []
        removed: list[str] = []
        for word in words:
            if word.startswith("+"):
                added += _tags(word[1:])
            elif word.startswith("-"):
                removed += _tags(word[1:])
            else:
                exactly = [*(exactly or ()), *(_tags(word) if word else ())]
        if exactly is not None and (added or removed):
            raise UsageError("either a,b for exactly these tags, or +a and -b to change some")
        if both := sorted({*added} & {*removed}):
            raise UsageError(f"'{both[0]}' cannot be both added and taken away")
        if exactly is None and not added and not removed:
            raise UsageError("no tag is named", hint="+a adds, -b takes away, a,b sets")
        return cls(
            exactly=None if exactly is None else _once(exactly),
            added=_once(added),
            removed=_once(removed),
        )

    def of(self, tags: Sequence[str]) -> tuple[str, ...]:
        """What becomes of `tags`, in their order, the new ones last."""
        if self.exactly is not None:
            return self.exactly
        kept = [tag for tag in tags if tag not in self.removed]
        return _once([*kept, *self.added])


def _tags(text: str) -> list[str]:
    found = [part.strip() for part in text.split(",") if part.strip()]
    for tag in found:
        if not _WORD.fullmatch(tag):
            raise UsageError(
                f"{tag[:60]!r} is no tag: one word, and no + or - before it",
                hint="+a adds, -b takes away, a,b sets",
            )
        if tag.startswith(TAG_PREFIX):
            raise UsageError(
                f"'{tag[:60]}' is Capsule's own to give: tags of people do not begin "
                f"with {TAG_PREFIX}",
                hint="capsule openmesh xnode ttl NAME 8h, if it is meant to expire",
            )
    if not found:
        raise UsageError("no tag is named", hint="+a adds, -b takes away, a,b sets")
    return found


def _once(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))
