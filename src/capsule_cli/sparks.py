"""Figures over time as characters: sparklines and charts. Over a gap nothing is drawn."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.text import Text

from capsule_domain.models.course import Course, Reached

_LEVELS = "▁▂▃▄▅▆▇█"
_NONE = "·"
_AXIS = 6
"""Of a chart, left of the first column: `100 ┤ `, without the space at its end."""

Column = float | None


def columns(
    points: Sequence[Reached],
    since: datetime,
    until: datetime,
    *,
    width: int,
    gap_seconds: float,
) -> list[Column]:
    """The mean in each of `width` equal parts of the span; None where it was not observed.

    A part without a point takes the point before it, if the next is no further from that
    than `gap_seconds`.
    """
    step = max((until - since) / max(width, 1), timedelta(microseconds=1))
    moments = [at for at, _ in points]
    found: list[Column] = []
    for place in range(width):
        first = bisect_left(moments, since + place * step)
        # What was read at the very end belongs to the last part.
        last = (
            len(moments) if place == width - 1 else bisect_left(moments, since + (place + 1) * step)
        )
        inside = [value for _, value in points[first:last]]
        if inside:
            found.append(sum(inside) / len(inside))
        elif 0 < first < len(points) and _near(points[first - 1], points[first], gap_seconds):
            found.append(points[first - 1][1])
        else:
            found.append(None)
    return found


def _near(one: Reached, next_: Reached, gap_seconds: float) -> bool:
    return (next_[0] - one[0]).total_seconds() <= gap_seconds


def sparkline(values: Sequence[Column], *, top: float, style: str = "good") -> Text:
    """A line of bars up to `top`; a dim dot for each part that was not observed."""
    line = Text()
    for value in values:
        if value is None:
            line.append(_NONE, "inactive")
        else:
            level = round(min(max(value / top, 0.0), 1.0) * (len(_LEVELS) - 1)) if top else 0
            line.append(_LEVELS[level], style)
    return line


def of_course(course: Course, since: datetime, until: datetime, *, width: int) -> list[Column]:
    """The course in `width` parts of the span."""
    return columns(course.points, since, until, width=width, gap_seconds=course.gap_seconds)


def top_of(course: Course) -> float:
    """What a full bar stands for: 100 % of a percentage, the highest value of the rest."""
    return 100.0 if course.figure.endswith("_percent") else max(course.high, 1e-9)


def chart(
    values: Sequence[Column],
    since: datetime,
    until: datetime,
    *,
    top: float,
    height: int,
    unit: str,
) -> list[Text]:
    """A chart of `height` rows, with its axes; times are in UTC."""
    rows = [_row(values, row, top=top, height=height, unit=unit) for row in range(height, 0, -1)]
    return [*rows, _times(since, until, len(values))]


def _row(values: Sequence[Column], row: int, *, top: float, height: int, unit: str) -> Text:
    """The `row`-th from below. Only the lowest shows what was not observed, and what is zero."""
    marks = {height: f"{top:.3g}{unit}", 1: f"0{unit}"}
    line = Text(f"{marks.get(row, ''):>{_AXIS - 2}} ┤", "inactive")
    for value in values:
        if value is None:
            line.append(_NONE if row == 1 else " ", "inactive")
            continue
        eighths = min(max(value / top, 0.0), 1.0) * height * 8 - (row - 1) * 8
        if eighths >= 8:
            line.append("█", "good")
        elif eighths >= 0.5 or row == 1:
            line.append(_LEVELS[max(int(eighths + 0.5), 1) - 1], "good")
        else:
            line.append(" ")
    return line


def _times(since: datetime, until: datetime, width: int) -> Text:
    form = "%H:%M" if until - since <= timedelta(days=2) else "%d %b"
    first, last = since.strftime(form), until.strftime(form)
    space = max(width - len(first) - len(last), 1)
    return Text(f"{'':{_AXIS - 1}}└{first}{' ' * space}{last}", "inactive")
