"""Telling: when a group's alerts become a message. Pure: time is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from capsule_domain.models.alert import Alert, AlertState
from capsule_domain.models.notification import (
    Grouping,
    GroupLog,
    Notification,
    NotificationKind,
    Told,
)


@dataclass(frozen=True)
class AlertGroup:
    """The alerts of one group, and what was told of it before.

    `alerts` are those that fire and are neither silenced nor inhibited, and those that
    were resolved, silenced or not: an end is told to whom the beginning was told.
    """

    name: str
    alerts: Sequence[Alert]
    log: GroupLog | None
    grouping: Grouping

    def due(self, now: datetime, new_id: Callable[[], str]) -> tuple[Notification, GroupLog] | None:
        """The message that is due now, and the log with what it tells; None for none.

        Both are to be kept in one transaction: a crash between them would lose a
        message, or send it twice.
        """
        kind = self._kind(now)
        if kind is None:
            return None
        log = self.log or GroupLog(group=self.name, thread=new_id())
        if not log.told:
            log = log.model_copy(update={"thread": new_id()})
        message = Notification(
            id=new_id(),
            group=self.name,
            thread=log.thread,
            kind=kind,
            firing=tuple(self._firing),
            resolved=tuple(self._over),
            created_at=now,
        )
        ended = {alert.id for alert in self._over}
        told = {
            **{id_: told for id_, told in log.told.items() if id_ not in ended},
            **{alert.id: Told(severity=alert.severity) for alert in self._firing},
        }
        return message, log.model_copy(update={"told": told, "last_at": now})

    def _kind(self, now: datetime) -> NotificationKind | None:
        """Why a message is due now, or None."""
        if not self._told:
            begun = min((alert.fired_at or alert.since for alert in self._firing), default=None)
            waited = begun is not None and _is_over(begun, self.grouping.wait_seconds, now)
            return NotificationKind.FIRING if waited and self._rested(now) else None
        if self._rested(now):
            if any(self._is_news(alert) for alert in self._firing):
                return NotificationKind.FIRING
            if self._over:
                return NotificationKind.FIRING if self._firing else NotificationKind.RESOLVED
        unclaimed = any(alert.acknowledged_by is None for alert in self._firing)
        if unclaimed and self._quiet_for(self.grouping.repeat_seconds, now):
            return NotificationKind.REPEATED
        return None

    @cached_property
    def _firing(self) -> Sequence[Alert]:
        found = (alert for alert in self.alerts if alert.state is AlertState.FIRING)
        return sorted(found, key=_order)

    @cached_property
    def _over(self) -> Sequence[Alert]:
        """Those resolved whose firing was told: nobody hears the end of what he never heard."""
        resolved = (alert for alert in self.alerts if alert.state is AlertState.RESOLVED)
        return sorted((alert for alert in resolved if alert.id in self._told), key=_order)

    @property
    def _told(self) -> dict[str, Told]:
        return self.log.told if self.log else {}

    def _is_news(self, alert: Alert) -> bool:
        told = self._told.get(alert.id)
        return told is None or alert.severity.rank > told.severity.rank

    def _rested(self, now: datetime) -> bool:
        return self._quiet_for(self.grouping.interval_seconds, now)

    def _quiet_for(self, seconds: float, now: datetime) -> bool:
        last_at = self.log.last_at if self.log else None
        return last_at is None or _is_over(last_at, seconds, now)


def _is_over(start: datetime, seconds: float, now: datetime) -> bool:
    """Whether so long has passed; a start in the future means that the clock was set back."""
    return now < start or now - start >= timedelta(seconds=seconds)


def _order(alert: Alert) -> tuple[int, str, str]:
    """The worst first, then by name."""
    return (-alert.severity.rank, alert.xnode, alert.key.instance)
