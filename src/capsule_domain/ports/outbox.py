"""Messages on their way out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from capsule_domain.models.book import Delivery


class Outbox(Protocol):
    """Messages on their way out, each to each of its channels, durable (fsync).

    `AlertBook.apply` puts them in. A message leaves it only by `delivered`, so that a
    crash sends it twice with the same id rather than never. Every implementation passes
    tests/contracts/test_outbox.py and fails only with NotFound or StoreError.
    """

    def due(self, now: datetime, limit: int = 100) -> Sequence[Delivery]:
        """What is to be sent at `now`, the oldest first, at most `limit` of each channel.

        Of one thread and one channel only the oldest that was not delivered or given up:
        nobody hears of an end before he heard of its beginning.
        """

    def delivered(self, id_: str, channel: str) -> None:
        """The channel took the message of that id. Once more is a success."""

    def failed(self, id_: str, channel: str, error: str, next_at: datetime | None) -> None:
        """It did not. It is tried again at `next_at`; with None it is given up.

        `error` must hold no secret.
        """

    def waiting(self) -> int:
        """How many deliveries are neither made nor given up."""

    def dead(self) -> Sequence[Delivery]:
        """Those that were given up, the newest first."""

    def retry(self, id_: str, now: datetime) -> int:
        """Try a message that was given up again, on every channel that did; how many.

        `id_` may be a unique prefix. Raises NotFound.
        """
