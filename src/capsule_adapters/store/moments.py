"""Times as whole microseconds since 1970: exact, sortable, the same in every database."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of a moment that has its zone."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def month_number(moment: datetime) -> int:
    """The calendar month (UTC) of a moment as a number: the next month's is one more."""
    there = moment.astimezone(UTC)
    return there.year * 12 + there.month - 1
