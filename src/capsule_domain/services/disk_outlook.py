"""When a disk will be full, if it goes on as it did. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from capsule_domain.models.history import HourOf
from capsule_domain.services.trend import Points, Trend, trend

_WINDOWS_HOURS = (6, 24, 72, 168)
_PRESENT = 0.8
"""How many of a window's hours must have been seen."""
_LEAST_RISE = 2.0
"""Percentage points over a window: less is no direction."""
_HABIT = 0.5
"""So far below where it is now it has never been higher before, or it is a habit."""
_HOUR = timedelta(hours=1)
_HALF = 0.5


class DiskOutlook(NamedTuple):
    """A disk is full in `hours`, and, with 95 % confidence in the line, between two others.

    `seen_hours`: how much of the past it goes by.
    """

    hours: float
    soonest: float
    latest: float
    seen_hours: int


def disk_outlook(hours: Sequence[HourOf], now: datetime) -> DiskOutlook | None:
    """By the hours of one disk, oldest first; None while nothing says that it fills up.

    It looks no further ahead than back, and as far back again for whether the disk has been
    as full before: one that came back from there may do so again. A rise has to go on, be
    steady, and be well beyond what the figure does anyway.
    """
    over = [one for one in hours if one.hour + _HOUR <= now]
    points = [(_hours_from(now, one.hour) + _HALF, one.mean) for one in over]
    for window in _WINDOWS_HOURS:
        if not over or points[0][0] > -2 * window + 1:
            return None
        recent = [point for point in points if point[0] >= -window - _HALF]
        line = trend(recent) if len(recent) >= _PRESENT * window else None
        if line is None or not _rises(line, recent, window):
            continue
        if not _holds(line, hours[-1], now) or _is_habit(over[: -len(recent)], line.at(0.0)):
            continue
        left = max(0.0, 100.0 - line.at(0.0))
        if left <= line.per_hour * window:
            return DiskOutlook(left / line.per_hour, left / line.most, left / line.least, window)
    return None


def _hours_from(now: datetime, moment: datetime) -> float:
    return (moment - now).total_seconds() / 3600


def _rises(line: Trend, points: Points, window: int) -> bool:
    """Surely, by enough, and not only in the window's older half."""
    if line.least <= line.per_hour / 2 or line.per_hour * window < _LEAST_RISE:
        return False
    middle = len(points) // 2
    halves = (_slope(points[:middle]), _slope(points[middle:]))
    return min(halves) >= line.per_hour / 2


def _slope(points: Points) -> float:
    """Of few points as well: between the means of their first and their last third."""
    third = max(1, len(points) // 3)
    (x0, y0), (x1, y1) = _middle(points[:third]), _middle(points[-third:])
    return (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0


def _middle(points: Points) -> tuple[float, float]:
    count = len(points)
    return sum(x for x, _ in points) / count, sum(y for _, y in points) / count


def _holds(line: Trend, last: HourOf, now: datetime) -> bool:
    """Whether the last that was seen, of the hour that is not over, goes on like this."""
    hour = min(0.0, _hours_from(now, last.hour) + _HALF)
    return last.mean >= line.at(hour) - max(1.0, 3 * line.spread, line.per_hour)


def _is_habit(before: Sequence[HourOf], level: float) -> bool:
    return any(one.high > level - _HABIT for one in before)
