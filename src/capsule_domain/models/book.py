"""The book of alerts: what is read of it, and what is written into it at once."""

from pydantic import Field

from capsule_domain.models.alert import Alert, AlertSeverity, AlertState
from capsule_domain.models.base import Model, Moment
from capsule_domain.models.notification import GroupLog, Notification
from capsule_domain.models.silence import Silence


class AlertFilter(Model):
    """Which alerts: all that match everything that is set."""

    states: tuple[AlertState, ...] = ()
    """None of them named means every state."""
    severity: AlertSeverity | None = None
    xnode_id: str | None = None
    rule: str | None = None
    limit: int | None = Field(default=None, gt=0)


class Page(Model):
    """The book as it is needed to go on: one consistent state of it.

    `alerts`: every one that is open, each key's last that was resolved not long ago, and
    those resolved whose end is still to be told. `revision` tells one state from another
    that people changed.
    """

    revision: int
    alerts: tuple[Alert, ...] = ()
    logs: tuple[GroupLog, ...] = ()
    silences: tuple[Silence, ...] = ()


class Entry(Model):
    """Everything that one round of judging changes, written together or not at all.

    `alerts` are kept, by their id; `dropped` are ids of pending ones to be forgotten.
    Each of `notifications` is to be delivered to each of `channels`. A log that tells of
    no alert any more is forgotten.
    """

    alerts: tuple[Alert, ...] = ()
    dropped: tuple[str, ...] = ()
    notifications: tuple[Notification, ...] = ()
    logs: tuple[GroupLog, ...] = ()
    channels: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.alerts or self.dropped or self.notifications or self.logs)


class Delivery(Model):
    """One message on its way to one channel. `attempts` failed so far, the last by `error`.

    `next_at` is when it is tried again; None: it was given up, and waits for a person.
    """

    notification: Notification
    channel: str
    attempts: int = Field(default=0, ge=0)
    next_at: Moment | None = None
    error: str = ""
