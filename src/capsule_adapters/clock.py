"""The machine's own clock."""

import time
from datetime import UTC, datetime
from zoneinfo import available_timezones


class SystemClock:
    """Implements `capsule_domain.ports.clock.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


def time_zones() -> frozenset[str]:
    """The names of the time zones that this machine knows; none where it has no list."""
    return frozenset(available_timezones())
