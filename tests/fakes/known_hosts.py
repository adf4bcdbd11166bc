"""Pinned host keys, in memory."""

import base64
import binascii
import re
from collections.abc import Sequence

from capsule_domain.errors import ConfigurationError


class FakeKnownHosts:
    """Keeps `type base64` by alias, and takes nothing else."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}

    def pin(self, alias: str, public_key: str) -> None:
        words = public_key.split()
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", alias):
            raise ConfigurationError("not a name for a host key")
        if len(words) < 2 or "\n" in public_key.strip() or not _is_key(words[0], words[1]):
            raise ConfigurationError("not a public key in OpenSSH's form")
        self.keys[alias] = f"{words[0]} {words[1]}"

    def pinned(self, alias: str) -> Sequence[str]:
        return (self.keys[alias],) if alias in self.keys else ()

    def forget(self, alias: str) -> None:
        self.keys.pop(alias, None)


def _is_key(kind: str, encoded: str) -> bool:
    try:
        return base64.b64decode(encoded, validate=True)[4:].startswith(kind.encode())
    except binascii.Error:
        return False
