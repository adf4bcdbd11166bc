"""How a figure goes on, whatever single values do: the slope of Theil and Sen. Pure."""

from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from statistics import median
from typing import NamedTuple

_MOST_POINTS = 96
"""Of more, evenly chosen ones are taken: 96 have 4,560 pairs, and cost a few milliseconds."""
_FEWEST_POINTS = 6
_TWO_SIDED_95 = 1.96

Points = Sequence[tuple[float, float]]
"""Hours, oldest first, and what the figure was then."""


class Trend(NamedTuple):
    """A straight line through points.

    `per_hour` lies between `least` and `most` with a confidence of 95 %, as far as the
    points are independent of each other, which points in time are only in part.
    `start` is its height at hour 0. `spread` is how far off the points commonly are.
    """

    per_hour: float
    least: float
    most: float
    start: float
    spread: float

    def at(self, hour: float) -> float:
        """Its height then."""
        return self.start + self.per_hour * hour


def trend(points: Points) -> Trend | None:
    """The median of the slopes between all pairs; None for too few points.

    A fifth of the points, and more, may be off without any weight.
    """
    some = _thinned(points)
    if len(some) < _FEWEST_POINTS:
        return None
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(some, 2) if b[0] > a[0])
    if not slopes:
        return None
    per_hour = median(slopes)
    start = median(value - per_hour * hour for hour, value in some)
    least, most = _interval(slopes, len(some))
    spread = median(abs(value - start - per_hour * hour) for hour, value in some)
    return Trend(per_hour, least, most, start, spread)


def _thinned(points: Points) -> Points:
    if len(points) <= _MOST_POINTS:
        return points
    step = (len(points) - 1) / (_MOST_POINTS - 1)
    return [points[round(place * step)] for place in range(_MOST_POINTS)]


def _interval(slopes: Sequence[float], points: int) -> tuple[float, float]:
    """Sen's own: as many ranks to either side as Kendall's statistic varies."""
    reach = _TWO_SIDED_95 * sqrt(points * (points - 1) * (2 * points + 5) / 18)
    first = max(0, int((len(slopes) - reach) / 2))
    return slopes[first], slopes[len(slopes) - 1 - first]
