"""Whether a figure is as it always is at that time of day. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from capsule_domain.models.history import HourOf

_HOUR = timedelta(hours=1)
_DAYS = 14
_FEWEST_DAYS = 5
_TO_SIGMA = 1.4826
"""From the median of deviations to what a standard deviation would be."""
_LEAST_SPREAD = 3.0
_LEAST_RISE = 20.0
"""Percentage points: what is less matters to nobody."""


class Usual(NamedTuple):
    """The last hour that is over, beside the same hour of the days before it.

    `times`: how many spreads it lies above what is common; 0 for what has been before.
    """

    hour: datetime
    value: float
    common: float
    spread: float
    times: float


def usual(hours: Sequence[HourOf], now: datetime) -> Usual | None:
    """By the hours of one figure, oldest first; None where too few days are known.

    Only more than usual is looked for: a machine that does less is no news to most. What was
    so on two of the days before, such as a weekly job, or a machine that has had more to do
    since the day before yesterday, is usual.
    """
    means = {one.hour: one for one in hours}
    last = now.replace(minute=0, second=0, microsecond=0) - _HOUR
    found = means.get(last)
    if found is None:
        return None
    days = [
        max(near)
        for day in range(1, _DAYS + 1)
        if (near := _around(means, last - timedelta(days=day)))
    ]
    if len(days) < _FEWEST_DAYS:
        return None
    common = median(days)
    spread = max(_LEAST_SPREAD, _TO_SIGMA * median(abs(day - common) for day in days))
    rise = found.mean - common
    been_there = sum(day >= found.mean - spread for day in days) > 1
    times = 0.0 if rise < _LEAST_RISE or been_there else rise / spread
    return Usual(last, found.mean, common, spread, times)


def _around(means: dict[datetime, HourOf], hour: datetime) -> list[float]:
    """That hour and those beside it: jobs begin a little later on some days."""
    near = (means.get(hour + offset * _HOUR) for offset in (-1, 0, 1))
    return [one.mean for one in near if one is not None]
