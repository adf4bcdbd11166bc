"""Messages on their way out, in state.db."""

from collections.abc import Sequence
from datetime import datetime

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.moments import from_microseconds, to_microseconds
from capsule_adapters.store.sqlite import Database, Row, Transaction
from capsule_domain.errors import NotFound
from capsule_domain.models.book import Delivery
from capsule_domain.models.notification import Notification
from capsule_domain.services.one_of import one_of

_SELECT = """
    SELECT body, channel, attempts, next_us, error
    FROM deliveries AS one JOIN notifications USING (sequence)
"""
_DUE = f"""
    {_SELECT} WHERE channel = ? AND next_us <= ? AND NOT EXISTS (
        SELECT 1 FROM deliveries AS earlier
        WHERE earlier.channel = one.channel AND earlier.thread = one.thread
        AND earlier.sequence < one.sequence AND earlier.next_us IS NOT NULL
    )
    ORDER BY sequence LIMIT ?
"""  # noqa: S608 (fixed texts)


class SqliteOutbox:
    """`Outbox` over state.db: a delivery that was made has no row any more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: datetime, limit: int = 100) -> Sequence[Delivery]:
        """What is to be sent at `now`, the oldest first."""
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            channels = transaction.rows(
                "SELECT DISTINCT channel FROM deliveries WHERE next_us IS NOT NULL ORDER BY channel"
            )
            rows = (
                row
                for (channel,) in channels
                for row in transaction.rows(_DUE, (channel, to_microseconds(now), limit))
            )
            return [_read(row) for row in rows]

    def delivered(self, id_: str, channel: str) -> None:
        """The channel took it."""
        with self._database.change() as transaction:
            sequence = _sequence(transaction, id_)
            transaction.execute(
                "DELETE FROM deliveries WHERE channel = ? AND sequence = ?", (channel, sequence)
            )

    def failed(self, id_: str, channel: str, error: str, next_at: datetime | None) -> None:
        """The channel did not take it."""
        next_us = None if next_at is None else to_microseconds(next_at)
        with self._database.change() as transaction:
            sequence = _sequence(transaction, id_)
            transaction.execute(
                "UPDATE deliveries SET attempts = attempts + 1, error = ?, next_us = ?"
                " WHERE channel = ? AND sequence = ?",
                (error, next_us, channel, sequence),
            )

    def waiting(self) -> int:
        """How many deliveries are neither made nor given up."""
        ((count,),) = self._database.rows(
            "SELECT count(*) FROM deliveries WHERE next_us IS NOT NULL"
        )
        return int(count)

    def dead(self) -> Sequence[Delivery]:
        """Those that were given up, the newest first."""
        with reading_records(self._database.path):
            rows = self._database.rows(f"{_SELECT} WHERE next_us IS NULL ORDER BY sequence DESC")
            return [_read(row) for row in rows]

    def retry(self, id_: str, now: datetime) -> int:
        """Try a message that was given up again."""
        with self._database.change() as transaction:
            rows = transaction.rows(
                "SELECT DISTINCT id, sequence FROM notifications JOIN deliveries USING (sequence)"
                " WHERE next_us IS NULL"
            )
            dead: dict[str, int] = dict(rows)
            hint = "capsule openmesh monitor outbox"
            found = one_of("message given up", id_, dead, hint=hint)
            return transaction.execute(
                "UPDATE deliveries SET next_us = ?, attempts = 0"
                " WHERE sequence = ? AND next_us IS NULL",
                (to_microseconds(now), dead[found]),
            )


def put(
    transaction: Transaction, messages: Sequence[Notification], channels: Sequence[str]
) -> None:
    """Put messages in, each for each of the channels, with whatever else changes."""
    for message in messages:
        created_us = to_microseconds(message.created_at)
        transaction.execute(
            "INSERT INTO notifications (id, thread, created_us, body) VALUES (?, ?, ?, ?)",
            (message.id, message.thread, created_us, message.model_dump_json()),
        )
        for channel in dict.fromkeys(channels):
            transaction.execute(
                "INSERT INTO deliveries (sequence, channel, thread, next_us)"
                " SELECT sequence, ?, thread, ? FROM notifications WHERE id = ?",
                (channel, created_us, message.id),
            )


def forget(transaction: Transaction, before_us: int) -> None:
    """Forget the messages made before that time that are delivered or given up."""
    transaction.execute(
        "DELETE FROM notifications WHERE created_us < ? AND sequence NOT IN"
        " (SELECT sequence FROM deliveries WHERE next_us IS NOT NULL)",
        (before_us,),
    )


def _sequence(transaction: Transaction, id_: str) -> int:
    rows = transaction.rows("SELECT sequence FROM notifications WHERE id = ?", (id_,))
    if not rows:
        raise NotFound("message", id_)
    return int(rows[0][0])


def _read(row: Row) -> Delivery:
    body, channel, attempts, next_us, error = row
    return Delivery(
        notification=Notification.model_validate_json(body),
        channel=channel,
        attempts=attempts,
        next_at=None if next_us is None else from_microseconds(next_us),
        error=error,
    )
