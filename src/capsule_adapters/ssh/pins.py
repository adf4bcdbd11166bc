"""The pinned host keys of the whole fleet, read once until the file changes."""

from collections.abc import Sequence
from pathlib import Path

from capsule_adapters.store.files import read_limited

LIMIT_BYTES = 32 * 1024 * 1024


class Pins:
    """What a known_hosts file of ours pins, by alias; each `type base64`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: tuple[int, int, int] | None = None
        self._keys: dict[str, tuple[str, ...]] = {}

    def of(self, alias: str) -> Sequence[str]:
        """The keys trusted for `alias` by the file as it was at the last `refresh`."""
        return self._keys.get(alias, ())

    def refresh(self) -> None:
        """Read the file again if it is another one by now. Raises StoreError."""
        mark = self._marked()
        if mark == self._mark:
            return
        content = read_limited(self._path, LIMIT_BYTES) or b""
        keys: dict[str, tuple[str, ...]] = {}
        for line in content.decode("utf-8", "surrogateescape").split("\n"):
            words = line.split(None, 1)
            # As `KnownHostsFile` reads it: a name, a type and a key, and nothing but names.
            if len(words) == 2 and " " in words[1].strip():
                keys[words[0]] = (*keys.get(words[0], ()), words[1].strip())
        self._keys, self._mark = keys, mark

    def _marked(self) -> tuple[int, int, int] | None:
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            return None
        return facts.st_ino, facts.st_mtime_ns, facts.st_size
