"""What is left of many samples when the samples themselves are gone."""

from pydantic import Field

from capsule_domain.models.base import Model, Moment


class HourOf(Model):
    """One figure over one hour: its least, its mean and its most, of `count` samples.

    `figure` is the name of a field of Metrics, such as `cpu_percent`, or `used_percent` and
    `inodes_percent` of a disk, whose mount is then `instance`.
    """

    hour: Moment
    """When the hour begins, in UTC."""
    figure: str
    instance: str = ""
    low: float
    mean: float
    high: float
    count: int = Field(gt=0)
