"""A moment in the past, as a person says it."""

import re
from datetime import UTC, datetime, timedelta

from capsule_domain.errors import UsageError

_SPAN = re.compile(r"(?P<amount>\d{1,6})\s*(?P<unit>[mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def ago(text: str, now: datetime) -> datetime:
    """`30m`, `24h`, `7d`, `2w` before `now`, or a day or moment such as `2026-11-01`.

    What has no zone is in UTC. Raises UsageError, also for what is still to come.
    """
    span = _SPAN.fullmatch(text.strip().lower())
    try:
        if span:
            moment = now - timedelta(**{_UNITS[span["unit"]]: int(span["amount"])})
        else:
            moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"'{text[:40]}' is no time: write 30m, 24h, 7d, 2w or a day such as 2026-11-01",
            hint="--since 24h",
        ) from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if moment > now:
        raise UsageError(f"'{text[:40]}' is still to come", hint="--since 24h")
    return moment
