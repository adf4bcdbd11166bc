"""Charts of costs, as figures for SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from capsule_domain.models.cost import CostGroup, DaySpent

WIDTH = 720
ROW = 26
_LABEL = 200
_AMOUNT = 130
_LONGEST_LABEL = 22
_MOST_BARS = 12
_HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 220, 70, 20, 15, 30
_GRID = 4
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Bar:
    """One group: a bar as long as its month is dear."""

    label: str
    whole_label: str
    amount: Decimal
    y: int
    x: int
    width: float


@dataclass(frozen=True)
class Bars:
    """The dearest groups, and all others as one."""

    bars: Sequence[Bar]
    height: int
    width: int = WIDTH


@dataclass(frozen=True)
class Mark:
    """A label at an axis."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Curve:
    """The month: what was spent by each day, and on to what it is forecast to come to."""

    spent: str
    ahead: str
    rows: Sequence[Mark]
    days: Sequence[Mark]
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    width: int = WIDTH
    height: int = _HEIGHT


def bars(groups: Sequence[CostGroup]) -> Bars:
    """One bar a group; those beyond the dozen are added up."""
    rows = [(group.key, group.monthly.amount) for group in groups[:_MOST_BARS]]
    if len(groups) > _MOST_BARS:
        rest = groups[_MOST_BARS:]
        rows.append((f"{len(rest)} others", sum((g.monthly.amount for g in rest), Decimal(0))))
    most = max((amount for _, amount in rows), default=Decimal(0)) or Decimal(1)
    room = WIDTH - _LABEL - _AMOUNT
    return Bars(
        [
            Bar(
                label=_short(key),
                whole_label=key,
                amount=amount,
                y=number * ROW,
                x=_LABEL,
                width=round(float(amount / most) * room, 1),
            )
            for number, (key, amount) in enumerate(rows)
        ],
        height=len(rows) * ROW + 6,
    )


def curve(
    days: Sequence[DaySpent], month_end: Decimal, month_ends: datetime, now: datetime
) -> Curve | None:
    """None when the month costs nothing, or has only begun."""
    if not days or not month_end:
        return None
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    length = (month_ends - start).total_seconds()
    room = WIDTH - _LEFT - _RIGHT
    tall = _HEIGHT - _TOP - _BOTTOM
    most = max(month_end, *(day.spent.amount for day in days))

    def point(moment: datetime, amount: Decimal) -> tuple[float, float]:
        along = min((moment - start).total_seconds() / length, 1.0)
        return (
            round(_LEFT + along * room, 1),
            round(_TOP + tall * (1 - float(amount / most)), 1),
        )

    points = [point(days[0].day, Decimal(0))]
    points += [point(min(day.day + _DAY, now), day.spent.amount) for day in days]
    return Curve(
        spent=_line(points),
        ahead=_line([points[-1], point(month_ends, month_end)]),
        rows=[
            Mark(_LEFT - 8, round(_TOP + tall * (1 - n / _GRID), 1), f"{most * n / _GRID:.2f}")
            for n in range(_GRID + 1)
        ],
        days=[
            Mark(point(start.replace(day=day), Decimal(0))[0], _HEIGHT - 8, str(day))
            for day in (1, 8, 15, 22, 28)
        ],
    )


def _line(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _short(key: str) -> str:
    return key if len(key) <= _LONGEST_LABEL else key[: _LONGEST_LABEL - 1] + "…"
