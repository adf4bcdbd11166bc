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


class Gpu(Model):
    """A graphics processor, as nvidia-smi tells of it."""

    name: str
    used_percent: float | None = Field(default=None, ge=0, le=100)
    memory_percent: float | None = Field(default=None, ge=0, le=100)
    temperature_celsius: float | None = None


class Metrics(Model):
    """One sample of one xNode. What was not read, or could not be, is None, never zero.

    Percentages of time and rates lie between two readings, of this look and of the one
    before it on the same connection and since the same start of the machine: the first
    has none. `cpu_percent` is busy time over all processors, `steal_percent` the part of
    it that the host took for others. `memory_percent` is 1 - MemAvailable / MemTotal.
    Rates are over all interfaces but the loopback, and over all whole disks.
    `failed_units` are those of systemd, by name. `generation` is the one that runs.
    """

    xnode: str
    cpu_percent: float | None = Field(default=None, ge=0, le=100)
    steal_percent: float | None = Field(default=None, ge=0, le=100)
    cores: int | None = Field(default=None, ge=1)
    memory_percent: float | None = Field(default=None, ge=0, le=100)
    disks: tuple[Disk, ...] | None = None
    load_1: float | None = None
    load_5: float | None = None
    load_15: float | None = None
    uptime_seconds: float | None = None
    boot_id: str | None = None
    received_bytes_per_second: float | None = None
    sent_bytes_per_second: float | None = None
    read_bytes_per_second: float | None = None
    written_bytes_per_second: float | None = None
    failed_units: tuple[str, ...] | None = None
    generation: int | None = None
    gpus: tuple[Gpu, ...] | None = None
    collected_at: Moment

    @property
    def load_per_core(self) -> float | None:
        """The load of one minute, by processor."""
        if self.load_1 is None or self.cores is None:
            return None
        return self.load_1 / self.cores


class Observation(Model):
    """What one look at one xNode gave: health always, metrics when it could be entered."""

    xnode_id: str = ""
    health: Health
    metrics: Metrics | None = None
