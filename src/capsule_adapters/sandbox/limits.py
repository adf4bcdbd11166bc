"""How a rehearsal cloud counts requests."""

from collections import deque
from dataclasses import dataclass, field
from math import ceil

from capsule_domain.ports.clock import Clock


@dataclass(frozen=True)
class Allowed:
    """Whether a request may pass, and what a cloud tells about it. `reset_epoch`: Unix time."""

    passes: bool
    limit: int
    remaining: int
    reset_epoch: int
    retry_after_seconds: int


@dataclass
class RequestLimit:
    """At most `requests` in any `seconds`. A request that is refused does not count."""

    requests: int
    seconds: float
    clock: Clock
    _passed: deque[float] = field(default_factory=deque)

    def ask(self) -> Allowed:
        """Count one request. The oldest one to expire says when there is room again."""
        now = self.clock.now().timestamp()
        while self._passed and self._passed[0] + self.seconds <= now:
            self._passed.popleft()
        passes = len(self._passed) < self.requests
        if passes:
            self._passed.append(now)
        expires = (self._passed[0] if self._passed else now) + self.seconds
        return Allowed(
            passes=passes,
            limit=self.requests,
            remaining=self.requests - len(self._passed),
            reset_epoch=ceil(expires),
            retry_after_seconds=max(1, ceil(expires - now)),
        )
