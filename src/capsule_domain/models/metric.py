"""Metrics: what a machine says of itself."""

from pydantic import Field

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.health import Health


class Disk(Model):
    """A mounted file system. Percentages as `df` shows them: used / (used + available).

    `inodes_percent` is None where the file system has no fixed number of inodes.
    """

    mount: str
    used_percent: float = Field(ge=0, le=100)
    inodes_percent: float | None = Field(default=None, ge=0, le=100)


class Metrics(Model):
    """One sample of one xNode. What could not be read is None, never zero.

    `cpu_percent` is busy time between two readings of /proc/stat over all processors;
    `memory_percent` is 1 - MemAvailable / MemTotal.
    """

    xnode: str
    cpu_percent: float | None = Field(default=None, ge=0, le=100)
    memory_percent: float | None = Field(default=None, ge=0, le=100)
    disks: tuple[Disk, ...] = ()
    load_1: float | None = None
    load_5: float | None = None
    load_15: float | None = None
    uptime_seconds: float | None = None
    collected_at: Moment


class Observation(Model):
    """What one look at one xNode gave: health always, metrics when it could be entered."""

    health: Health
    metrics: Metrics | None = None
