"""How long a rented server may live, and the tag by which any Capsule knows it."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from capsule_domain.errors import UsageError

EXPIRES_PREFIX = "capsule-expires:"
LONGEST = timedelta(days=366)
"""What is meant to live longer is not meant to expire."""

_SUCH_AS = "such as 8h, or 2026-12-24T18:00Z"
_SPAN = re.compile(r"(?P<sign>-?)(?P<amount>\d{1,9})\s*(?P<unit>[mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TAG = re.compile(re.escape(EXPIRES_PREFIX) + r"(\d{1,11})", re.ASCII)


def expiry(text: str, now: datetime) -> datetime:
    """`30m`, `8h`, `2d`, `1w` from `now` on, or a moment such as `2026-12-24T18:00Z`.

    A moment without a zone is in UTC. Raises UsageError, also for one that is past.
    """
    moment = _moment(text.strip(), now)
    if moment <= now:
        raise UsageError(f"'{text[:40]}' is past already", hint=_SUCH_AS)
    if moment - now > LONGEST:
        raise UsageError(
            f"'{text[:40]}' is more than {LONGEST.days} days", hint="what is to stay needs none"
        )
    return moment.replace(microsecond=0)


def _moment(text: str, now: datetime) -> datetime:
    span = _SPAN.fullmatch(text.lower())
    try:
        if span:
            amount = int(f"{span['sign']}{span['amount']}")
            return now + timedelta(**{_UNITS[span["unit"]]: amount})
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if span:
            raise UsageError(f"'{text[:40]}' is too long", hint=_SUCH_AS) from error
        raise UsageError(
            f"'{text[:40]}' is no time to live: write 30m, 8h, 2d, 1w or a moment",
            hint=_SUCH_AS,
        ) from error


def expiry_tag(moment: datetime) -> str:
    """The tag that says when a server may be ended: seconds since 1970."""
    return f"{EXPIRES_PREFIX}{int(moment.timestamp())}"


def expiry_in(tags: Iterable[str]) -> datetime | None:
    """The moment that the tags of a server say; of several the last. None: it lives on."""
    found = [int(match[1]) for tag in tags if (match := _TAG.fullmatch(tag))]
    return datetime.fromtimestamp(max(found), UTC) if found else None
