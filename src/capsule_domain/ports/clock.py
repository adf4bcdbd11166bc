"""Time, as a port, so that tests own it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The one source of time."""

    def now(self) -> datetime:
        """The time in UTC, with its zone."""

    def monotonic(self) -> float:
        """Seconds that never go backwards; only differences mean something."""

    def sleep(self, seconds: float) -> None:
        """Wait. A wait of zero or less returns at once."""
