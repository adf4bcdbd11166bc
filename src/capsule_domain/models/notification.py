"""Notifications: which alerts are told, together, and what was told before."""

from enum import StrEnum

from pydantic import Field

from capsule_domain.models.alert import Alert, AlertSeverity
from capsule_domain.models.base import Model, Moment, Wait


class NotificationKind(StrEnum):
    """Why it is sent: something fires, all is over, or it still fires after a long time."""

    FIRING = "firing"
    RESOLVED = "resolved"
    REPEATED = "repeated"


class Notification(Model):
    """One message about one group of alerts. `id` is the same on every attempt to send it.

    `thread` is the same for all messages about the group from its beginning to its end.
    """

    id: str
    group: str
    thread: str
    kind: NotificationKind
    firing: tuple[Alert, ...] = ()
    resolved: tuple[Alert, ...] = ()
    created_at: Moment


class Told(Model):
    """What was last told of one alert: the severity it had."""

    severity: AlertSeverity


class GroupLog(Model):
    """What was told of a group: each firing alert by its id, and when the last message was made.

    A log without alerts is of a group that is over, and may be forgotten.
    """

    group: str
    thread: str
    told: dict[str, Told] = Field(default_factory=dict)
    last_at: Moment | None = None


class Grouping(Model):
    """How messages are held back: Alertmanager's three words, and their defaults."""

    wait_seconds: Wait = 30.0
    """How long a first message waits for other alerts of its group."""
    interval_seconds: Wait = 300.0
    """How long after a message the next one about changes may follow."""
    repeat_seconds: Wait = Field(default=14_400.0, gt=0)
    """After how long what still fires, and nobody took on, is told again."""
