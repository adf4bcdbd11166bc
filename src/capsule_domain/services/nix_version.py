"""Which versions of Nix will do."""

import re

OLDEST_NIX = (2, 4)
"""The first with flakes."""

RECOMMENDED_NIX = (2, 18)

_VERSION = re.compile(r"(\d+)\.(\d+)")


def is_too_old(said: str) -> bool:
    """Whether a Nix that calls itself `said` cannot be used. Unreadable ones are tried."""
    return _numbers(said) < OLDEST_NIX


def is_old(said: str) -> bool:
    """Whether a newer one would be better."""
    return _numbers(said) < RECOMMENDED_NIX


def dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _numbers(said: str) -> tuple[int, int]:
    matched = _VERSION.match(said)
    return (int(matched[1]), int(matched[2])) if matched else RECOMMENDED_NIX
