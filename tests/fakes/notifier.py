"""A channel that notes what it is sent."""

from capsule_domain.errors import NotDelivered
from capsule_domain.models.notification import Notification


class FakeNotifier:
    """Takes everything, after it has raised all of `refusals`, one at each sending."""

    def __init__(self, channel: str = "fake") -> None:
        self._channel = channel
        self.sent: list[Notification] = []
        self.refusals: list[NotDelivered] = []

    @property
    def channel(self) -> str:
        return self._channel

    def send(self, notification: Notification) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.sent.append(notification)
