"""Pinned host keys, in memory."""

import base64
import binascii
import re
from collections.abc import Sequence

from capsule_domain.errors import ConfigurationError


class FakeKnownHosts:
    """Keeps `type base64` by alias, and takes nothing else."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, ...]] = {}

    def pin(self, alias: str, *public_keys: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", alias):
            raise ConfigurationError("not a name for a host key")
        self.keys[alias] = tuple(_line(key) for key in public_keys)

    def pinned(self, alias: str) -> Sequence[str]:
        return self.keys.get(alias, ())

    def forget(self, alias: str) -> None:
        self.keys.pop(alias, None)


def _line(public_key: str) -> str:
    words = public_key.split()
    if len(words) < 2 or "\n" in public_key.strip() or not _is_key(words[0], words[1]):
        raise ConfigurationError("not a public key in OpenSSH's form")
    return f"{words[0]} {words[1]}"


def _is_key(kind: str, encoded: str) -> bool:
    try:
        return base64.b64decode(encoded, validate=True)[4:].startswith(kind.encode())
    except binascii.Error:
        return False
