"""The host keys we trust, in OpenSSH's own format."""

import re
from collections.abc import Sequence
from pathlib import Path

from capsule_adapters.ssh.openssh import public_key_line
from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_adapters.store.lock import FileLock
from capsule_domain.errors import ConfigurationError, StoreError

LIMIT_BYTES = 32 * 1024 * 1024
# Anything else in the first column is a pattern, a list, a port, a marker or a hash.
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class KnownHostsFile:
    """Implements the `KnownHosts` port by a file that `ssh -o HostKeyAlias=…` reads too.

    0600, replaced atomically under a lock; lines that are not ours stay as they are.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def pin(self, alias: str, *public_keys: str) -> None:
        """Trust these keys for `alias`, and no other."""
        if not _ALIAS.fullmatch(alias):
            raise ConfigurationError(f"not a name for a host key: {alias[:60]!a}")
        lines = [f"{alias} {public_key_line(key)}" for key in public_keys]
        with self._locked():
            self._write([*self._without(alias), *lines])

    def pinned(self, alias: str) -> Sequence[str]:
        """The keys trusted for `alias`, each `type base64`."""
        return tuple(line.split(None, 1)[1].strip() for line in self._lines() if _is(alias, line))

    def forget(self, alias: str) -> None:
        """Trust nothing for `alias` any more."""
        with self._locked():
            lines, kept = self._lines(), self._without(alias)
            if kept != lines:
                self._write(kept)

    def _locked(self) -> FileLock:
        return FileLock(self._path.with_name(f"{self._path.name}.lock"))

    def _without(self, alias: str) -> list[str]:
        return [line for line in self._lines() if not _is(alias, line)]

    def _lines(self) -> list[str]:
        content = read_limited(self._path, LIMIT_BYTES) or b""
        if len(content) > LIMIT_BYTES:
            raise StoreError(f"{self._path} is too large for known host keys")
        # Bytes that are no text come back as they were: the file is the user's too.
        text = content.decode("utf-8", "surrogateescape").removesuffix("\n")
        return text.split("\n") if text else []

    def _write(self, lines: Sequence[str]) -> None:
        make_private_folder(self._path.parent)
        text = "".join(f"{line}\n" for line in lines)
        write_atomically(self._path, text.encode("utf-8", "surrogateescape"), mode=0o600)


def _is(alias: str, line: str) -> bool:
    words = line.split(None, 2)
    return len(words) >= 3 and words[0] == alias
