"""Signs of life to a place outside, and what is remembered of them."""

from typing import Protocol

from capsule_domain.models.heartbeat import Beat, Pulse


class Heartbeat(Protocol):
    """A place outside that waits for signs of life."""

    def send(self, beat: Beat) -> None:
        """Send one, in some seconds at most. Raises NotDelivered, and nothing else."""


class PulseLog(Protocol):
    """How the signs of life fared, for whoever looks from another process.

    Every implementation passes tests/contracts/test_pulse_log.py, and fails only with
    StoreError.
    """

    def read(self) -> Pulse:
        """The last that was written; of a new home an empty one."""

    def write(self, pulse: Pulse) -> None:
        """Keep it, in the place of the last."""
