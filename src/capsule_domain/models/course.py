"""How figures of an xNode went over time."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from capsule_domain.models.base import Model, Moment

Reached = tuple[datetime, float]
"""When, and what it was."""


class Course(Model):
    """One figure over a span: a field of Metrics, or `used_percent` of the disk at `instance`.

    `points` are the moments at which it was read. Between two that lie further apart than
    `gap_seconds` nobody knows how it went.
    """

    figure: str
    instance: str = ""
    low: float
    mean: float
    high: float
    count: Annotated[int, Field(gt=0)]
    gap_seconds: float
    points: tuple[Reached, ...]


class Past(Model):
    """The courses of one xNode's figures from `since` to `until`.

    `hourly`: the points are means of hours, because the samples themselves are gone.
    """

    xnode: str
    since: Moment
    until: Moment
    hourly: bool
    courses: tuple[Course, ...]
