"""A place that waits for signs of life, and a log of them."""

from capsule_domain.errors import NotDelivered
from capsule_domain.models.heartbeat import Beat, Pulse


class FakeHeartbeat:
    """Takes everything, after it has raised all of `refusals`, one at each sending."""

    def __init__(self) -> None:
        self.beats: list[Beat] = []
        self.refusals: list[NotDelivered] = []

    def send(self, beat: Beat) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.beats.append(beat)


class FakePulseLog:
    """`PulseLog` in memory."""

    def __init__(self) -> None:
        self.pulse = Pulse()

    def read(self) -> Pulse:
        return self.pulse

    def write(self, pulse: Pulse) -> None:
        self.pulse = pulse
