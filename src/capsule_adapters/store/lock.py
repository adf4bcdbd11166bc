"""One Capsule at a time."""

import errno
import fcntl
import os
import time
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import Self

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import PRIVATE_FILE, make_private_folder
from capsule_domain.errors import StoreError

POLL_SECONDS = 0.02
_HELD = (errno.EWOULDBLOCK, errno.EACCES)


class LockHeld(StoreError):
    """Another one has it, and had it for as long as was waited."""


class FileLock:
    """An exclusive lock on `path`, between processes and between threads.

    The system frees it when its holder dies. The file stays behind, empty. Raises
    StoreError when the lock is not had within `timeout_seconds`. Not re-entrant.
    """

    def __init__(self, path: Path, *, timeout_seconds: float = 10.0) -> None:
        self.path = path
        self.timeout_seconds = timeout_seconds
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        make_private_folder(self.path.parent)
        with reporting("lock", self.path):
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, PRIVATE_FILE)
        try:
            self._wait(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _wait(self, descriptor: int) -> None:
        deadline = time.monotonic() + self.timeout_seconds
        while True:
            with reporting("lock", self.path):
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    if error.errno not in _HELD:
                        raise
                    held = error
                else:
                    return
            if time.monotonic() >= deadline:
                raise LockHeld(
                    f"another Capsule holds {self.path}", hint=f"fuser {quote(str(self.path))}"
                ) from held
            time.sleep(POLL_SECONDS)
