"""One collector a home, by a lock on a file that says whose it is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from shlex import quote

from pydantic import ValidationError

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import read_limited
from capsule_adapters.store.lock import FileLock
from capsule_domain.errors import Conflict, StoreError
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.engine_lock import Holder

_MOST_BYTES = 4096


class FileEngineLock:
    """Implements `EngineLock` over `<home>/monitor.lock`."""

    def __init__(self, path: Path, who: str, clock: Clock) -> None:
        self._path = path
        self._who = who
        self._clock = clock

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold it for the block. Raises Conflict that tells who does."""
        lock = FileLock(self._path, timeout_seconds=0.0)
        try:
            lock.__enter__()
        except StoreError as held:
            if not self._is_held():
                raise
            raise _running(self._named(), self._path) from held
        try:
            self._sign()
            yield
        finally:
            lock.__exit__(None, None, None)

    def holder(self) -> Holder | None:
        """Who holds it now; None: nobody."""
        if not self._is_held():
            return None
        return self._named() or Holder(pid=0, who="?", since=self._clock.now())

    def _is_held(self) -> bool:
        if not self._path.exists():
            return False
        try:
            with FileLock(self._path, timeout_seconds=0.0):
                return False
        except StoreError as error:
            if isinstance(error.__cause__, BlockingIOError):
                return True
            raise

    def _named(self) -> Holder | None:
        """What the holder wrote; None where it did not come to that yet."""
        try:
            return Holder.model_validate_json(read_limited(self._path, _MOST_BYTES) or b"")
        except ValidationError:
            return None

    def _sign(self) -> None:
        holder = Holder(pid=os.getpid(), who=self._who, since=self._clock.now().astimezone(UTC))
        with reporting("write", self._path):
            self._path.write_text(holder.model_dump_json() + "\n", encoding="utf-8")


def _running(holder: Holder | None, path: Path) -> Conflict:
    if holder is None:
        return Conflict("a collector runs here already", hint=f"fuser {quote(str(path))}")
    since = f"{holder.since:%Y-%m-%d %H:%M:%S} UTC"
    return Conflict(
        f"a collector runs here already: process {holder.pid} of {holder.who}, since {since}",
        hint=f"kill {holder.pid}, or another --home",
    )
