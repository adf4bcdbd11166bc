"""A machine that has only so much time for all that is asked of it."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from capsule_domain.errors import HostUnreachable
from capsule_domain.ports.host import Completed, Host


@dataclass(frozen=True)
class Hurried:
    """Implements the `Host` port over `host`, until `ends_at` by the monotonic clock."""

    host: Host
    place: str
    ends_at: float
    monotonic: Callable[[], float] = time.monotonic

    def run(
        self,
        command: str,
        *,
        stdin: str = "",
        timeout_seconds: float = 30.0,
        check: bool = False,
        heard: Callable[[str], None] | None = None,
    ) -> Completed:
        """As the machine does it, and not longer than there is time left."""
        timeout_seconds = min(timeout_seconds, self._left())
        return self.host.run(
            command, stdin=stdin, timeout_seconds=timeout_seconds, check=check, heard=heard
        )

    def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        """Not begun when the time is up; what was begun is brought to its end."""
        self._left()
        self.host.put(path, content, mode=mode)

    def keep(
        self, command: str, *, until: str, timeout_seconds: float = 30.0
    ) -> AbstractContextManager[str]:
        """Not begun when the time is up."""
        timeout_seconds = min(timeout_seconds, self._left())
        return self.host.keep(command, until=until, timeout_seconds=timeout_seconds)

    def _left(self) -> float:
        left = self.ends_at - self.monotonic()
        if left <= 0:
            raise HostUnreachable(f"the time for {self.place} is up")
        return left
