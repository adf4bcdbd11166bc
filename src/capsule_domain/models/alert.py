"""Alerts: what is wrong with an xNode, since when, and who was told."""

from enum import StrEnum

from pydantic import Field

from capsule_domain.models.base import Model, Moment, Wait


class AlertSeverity(StrEnum):
    """How bad. An attribute of an alert, never a part of its identity."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for INFO; the worse, the more."""
        return list(AlertSeverity).index(self)


class AlertState(StrEnum):
    """PENDING: the condition holds, not for long enough yet. FIRING. RESOLVED: it is over."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class AlertKey(Model):
    """What makes two alerts the same one.

    `instance` tells several of one xNode apart, such as a disk's mount. Neither a value
    nor a severity belongs here: else each change of it would be another alert.
    """

    xnode_id: str
    rule: str
    instance: str = ""


class Alert(Model):
    """One condition of one xNode, from its beginning to its end.

    `since`: when the condition began to hold without a break. `seen_at`: when it was
    last looked at. `rising_since` and `calm_since`: since when it has been worse than
    `severity`, or has not held, while firing. `flaps` counts how often it came back
    soon after it was resolved.
    """

    id: str
    xnode: str
    key: AlertKey
    severity: AlertSeverity
    state: AlertState
    message: str
    value: float | None = None
    since: Moment
    seen_at: Moment
    fired_at: Moment | None = None
    resolved_at: Moment | None = None
    rising_since: Moment | None = None
    calm_since: Moment | None = None
    flaps: int = Field(default=0, ge=0)
    acknowledged_by: str | None = None
    acknowledged_at: Moment | None = None
    resolved_by: str | None = None
    """Who closed it; None when its condition did not hold any more."""
    comment: str = ""
    remedy: str = ""
    """What was done about it by itself, and how that ended."""

    def closed(self, *, by: str, comment: str, at: Moment) -> "Alert":
        """It, when a person says that it is over."""
        end = {"state": AlertState.RESOLVED, "resolved_at": at, "resolved_by": by}
        return self.model_copy(update={**end, "comment": comment or self.comment})


LONGEST_FLAP_WINDOW_SECONDS = 3 * 3600.0
"""So long what is over is looked at again at every round."""


class Timing(Model):
    """How long a condition must hold before it fires, and be gone before it is resolved.

    `flap_window_seconds`: what fires again within it after being resolved is resolved
    later each time, `keep_firing_seconds` half as long again, up to `longest_seconds`.
    `stale_seconds`: after a gap this long nothing that was waited for counts any more.
    """

    for_seconds: Wait = 0.0
    keep_firing_seconds: Wait = 0.0
    flap_window_seconds: float = Field(default=3600.0, ge=0, le=LONGEST_FLAP_WINDOW_SECONDS)
    longest_seconds: Wait = 3600.0
    stale_seconds: Wait = Field(default=300.0, gt=0)


class Reading(Model):
    """What one look says of one condition: its level, or None where it does not hold."""

    key: AlertKey
    xnode: str
    level: AlertSeverity | None
    message: str = ""
    value: float | None = None


class StepKind(StrEnum):
    """What a reading did to an alert."""

    BEGAN = "began"
    FIRED = "fired"
    ESCALATED = "escalated"
    EASED = "eased"
    RESOLVED = "resolved"
    DROPPED = "dropped"


class Step(Model):
    """An alert after a reading. `kind` None: nothing that anybody need know."""

    alert: Alert
    kind: StepKind | None = None
