"""A channel on which people are told."""

from typing import Protocol

from capsule_domain.models.notification import Notification


class Notifier(Protocol):
    """A channel on which people are told.

    Every implementation passes tests/contracts/test_notifier.py.
    """

    @property
    def channel(self) -> str:
        """Its name, as the outbox and monitoring.yml know it."""

    def send(self, notification: Notification) -> None:
        """Send it, in some seconds at most. Raises NotDelivered, and nothing else.

        Sent again, it carries the same id: `notification.id`.
        """
