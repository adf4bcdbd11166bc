"""The path of an option: names between dots, quoted where a name has a dot of its own."""

import re
from collections.abc import Sequence

_PART = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^."]+)', re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*|<[^>]+>|\*", re.ASCII)


def split_option(name: str) -> tuple[str, ...]:
    """`boot.kernel.sysctl."vm.swappiness"` as its three names. A text without names is itself."""
    found = tuple(
        part["plain"] if part["quoted"] is None else re.sub(r"\\(.)", r"\1", part["quoted"])
        for part in _PART.finditer(name)
    )
    return found or (name,)


def join_option(path: Sequence[str | None]) -> str:
    """The path as NixOS writes it; None, a name that is computed, becomes `<…>`."""
    return ".".join("<…>" if part is None else _shown(part) for part in path)


def _shown(part: str) -> str:
    if _PLAIN.fullmatch(part):
        return part
    escaped = part.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
