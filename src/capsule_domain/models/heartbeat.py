"""The heartbeat: signs of life to a place outside, which tells people when they stay away."""

from enum import StrEnum

from pydantic import Field

from capsule_domain.models.base import Model, Moment


class Beat(StrEnum):
    """START: the collector begins. GOOD: a round went well. FAIL: one did not."""

    START = "start"
    GOOD = "good"
    FAIL = "fail"


class HeartbeatSettings(Model):
    """Whether signs of life are sent, and how often at most. The URL is a secret, kept apart.

    `fail` and `start`: whether the other side knows addresses for those beside its own.
    """

    enabled: bool = False
    interval_seconds: float = Field(default=60.0, ge=10, le=86_400)
    fail: bool = True
    start: bool = False


class Pulse(Model):
    """How the signs of life fared. `missed` are those that did not arrive since one did, and
    `failures` all of this collector's that did not.
    """

    arrived_at: Moment | None = None
    missed: int = Field(default=0, ge=0)
    failures: int = Field(default=0, ge=0)
    failed_at: Moment | None = None
    error: str = ""
