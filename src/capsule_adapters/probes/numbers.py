"""Numbers in what a machine printed: it may print anything."""

import math
import re

_NUMBER = re.compile(r"\d{1,40}(?:\.\d{1,40})?", re.ASCII)


_LARGEST = 2.0**64
"""Beyond it no kernel counts."""


def number(word: str) -> float | None:
    """A plain number without a sign that a machine may hold; None for anything else."""
    if not _NUMBER.fullmatch(word):
        return None
    value = float(word)
    return value if value <= _LARGEST else None


def numbers(words: list[str]) -> list[float]:
    """The numbers at the beginning of `words`, up to the first word that is none."""
    found = []
    for word in words:
        value = number(word)
        if value is None:
            break
        found.append(value)
    return found


def percent(part: float, whole: float) -> float | None:
    """`part` of `whole` from 0 to 100; None where that means nothing."""
    if whole <= 0 or not math.isfinite(part) or not math.isfinite(whole):
        return None
    return min(100.0, max(0.0, 100 * part / whole))
