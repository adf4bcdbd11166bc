"""How long a message that a channel does not take is tried. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from capsule_domain.errors import NotDelivered
from capsule_domain.models.book import Delivery


@dataclass(frozen=True)
class Patience:
    """How long a message is tried.

    Twice as long a pause after each failure, of which the last half is left to chance so
    that many do not come back at once. Given up when both so much time has passed since
    the message was made and so often was tried: a night's suspend alone gives up nothing.
    """

    first_seconds: float = 5.0
    longest_seconds: float = 900.0
    give_up_after: timedelta = timedelta(hours=24)
    fewest_attempts: int = 8

    def next_at(
        self, delivery: Delivery, failure: NotDelivered, now: datetime, chance: float
    ) -> datetime | None:
        """When to try again after that failure, `chance` from 0 to 1; None: never."""
        attempts = delivery.attempts + 1
        old = now - delivery.notification.created_at >= self.give_up_after
        if failure.for_good or (old and attempts >= self.fewest_attempts):
            return None
        pause = min(self.longest_seconds, self.first_seconds * 2.0 ** min(delivery.attempts, 30))
        asked = min(failure.retry_after_seconds or 0.0, self.give_up_after.total_seconds())
        return now + timedelta(seconds=max(asked, pause * (1 + chance) / 2))
