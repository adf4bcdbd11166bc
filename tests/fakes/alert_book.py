"""The book of alerts and its outbox, in memory."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.alert import (
    LONGEST_FLAP_WINDOW_SECONDS,
    Alert,
    AlertKey,
    AlertState,
)
from capsule_domain.models.book import AlertFilter, Delivery, Entry, Page
from capsule_domain.models.notification import GroupLog, Notification
from capsule_domain.models.silence import Silence
from capsule_domain.services.one_of import one_of

REMEMBERED = timedelta(seconds=LONGEST_FLAP_WINDOW_SECONDS)


class FakeAlertBook:
    """`AlertBook` and `Outbox` without a disk. `full_disk` makes every writing fail."""

    def __init__(self) -> None:
        self.full_disk = False
        self.revision = 0
        self.applied: list[Entry] = []
        self._alerts: dict[str, Alert] = {}
        self._last: dict[AlertKey, Alert] = {}
        self._logs: dict[str, GroupLog] = {}
        self._silences: dict[str, Silence] = {}
        self._messages: dict[str, Notification] = {}
        self._deliveries: dict[tuple[str, str], Delivery] = {}

    def page(self, now: datetime) -> Page:
        told = {id_ for log in self._logs.values() for id_ in log.told}
        alerts = {
            alert.id: alert
            for alert in self._last.values()
            if alert.resolved_at is None or alert.resolved_at > now - REMEMBERED
        }
        alerts |= {id_: self._alerts[id_] for id_ in told if id_ in self._alerts}
        return Page(
            revision=self.revision,
            alerts=tuple(alerts.values()),
            logs=tuple(self._logs.values()),
            silences=tuple(self.silences(now)),
        )

    def apply(self, entry: Entry, revision: int) -> None:
        self._refuse_when_full()
        if revision != self.revision:
            raise Conflict("the book of alerts was changed meanwhile")
        self.applied.append(entry)
        for id_ in entry.dropped:
            self._forget(id_)
        for alert in entry.alerts:
            self._keep(alert)
        for log in entry.logs:
            if log.told:
                self._logs[log.group] = log
            else:
                self._logs.pop(log.group, None)
        for message in entry.notifications:
            self._messages[message.id] = message
            for channel in entry.channels:
                self._deliveries[message.id, channel] = Delivery(
                    notification=message, channel=channel, next_at=message.created_at
                )

    def list(self, chosen: AlertFilter | None = None) -> Sequence[Alert]:
        wanted = chosen or AlertFilter()
        found = [alert for alert in self._alerts.values() if _matches(alert, wanted)]
        found.sort(key=lambda alert: alert.since, reverse=True)
        found.sort(key=_rank)
        return found[: wanted.limit]

    def get(self, id_: str) -> Alert:
        return self._alerts[one_of("alert", id_, self._alerts)]

    def acknowledge(self, id_: str, *, by: str, comment: str, at: datetime) -> Alert:
        alert = self.get(id_)
        if alert.state is AlertState.RESOLVED:
            raise Conflict(f"alert {alert.id} is over")
        changes = {"acknowledged_by": by, "acknowledged_at": at, "comment": comment}
        return self._changed(alert.model_copy(update=changes))

    def resolve(self, id_: str, *, by: str, comment: str, at: datetime) -> Alert:
        alert = self.get(id_)
        if alert.state is AlertState.RESOLVED:
            return alert
        closed = alert.closed(by=by, comment=comment, at=at)
        if alert.state is AlertState.PENDING:
            self._refuse_when_full()
            self._forget(alert.id)
            self.revision += 1
            return closed
        return self._changed(closed)

    def remedied(self, id_: str, words: str) -> None:
        self._changed(self.get(id_).model_copy(update={"remedy": words}))

    def silence(self, silence: Silence) -> None:
        self._refuse_when_full()
        if silence.id in self._silences:
            raise Conflict(f"a silence with the id '{silence.id}' exists already")
        self._silences[silence.id] = silence
        self.revision += 1

    def unsilence(self, id_: str, at: datetime) -> Silence:
        living = {s.id: s for s in self._silences.values() if s.ends_at > at}
        found = living[one_of("silence", id_, living)]
        self._refuse_when_full()
        del self._silences[found.id]
        self.revision += 1
        return found

    def silences(self, now: datetime) -> Sequence[Silence]:
        living = (s for s in self._silences.values() if s.ends_at > now)
        return sorted(living, key=lambda s: (s.ends_at, s.id))

    def prune(self, before: datetime) -> None:
        self._refuse_when_full()
        told = {id_ for log in self._logs.values() for id_ in log.told}
        for alert in list(self._alerts.values()):
            if alert.resolved_at and alert.resolved_at < before and alert.id not in told:
                self._forget(alert.id)
        self._silences = {i: s for i, s in self._silences.items() if s.ends_at >= before}
        waiting = {id_ for (id_, _), d in self._deliveries.items() if d.next_at is not None}
        for message in list(self._messages.values()):
            if message.created_at < before and message.id not in waiting:
                del self._messages[message.id]
                for key in [key for key in self._deliveries if key[0] == message.id]:
                    del self._deliveries[key]

    def due(self, now: datetime, limit: int = 100) -> Sequence[Delivery]:
        found: dict[str, list[Delivery]] = {}
        blocked: set[tuple[str, str]] = set()
        for delivery in self._deliveries.values():
            line = (delivery.channel, delivery.notification.thread)
            if delivery.next_at is None or line in blocked:
                continue
            blocked.add(line)
            if delivery.next_at <= now:
                found.setdefault(delivery.channel, []).append(delivery)
        return [delivery for some in found.values() for delivery in some[:limit]]

    def delivered(self, id_: str, channel: str) -> None:
        self._refuse_when_full()
        self._known(id_)
        self._deliveries.pop((id_, channel), None)

    def failed(self, id_: str, channel: str, error: str, next_at: datetime | None) -> None:
        self._refuse_when_full()
        self._known(id_)
        before = self._deliveries.get((id_, channel))
        if before is not None:
            again = {"attempts": before.attempts + 1, "error": error, "next_at": next_at}
            self._deliveries[id_, channel] = before.model_copy(update=again)

    def waiting(self) -> int:
        return sum(d.next_at is not None for d in self._deliveries.values())

    def dead(self) -> Sequence[Delivery]:
        return [d for d in reversed(self._deliveries.values()) if d.next_at is None]

    def retry(self, id_: str, now: datetime) -> int:
        dead = [d for d in self._deliveries.values() if d.next_at is None]
        found = one_of("message given up", id_, {d.notification.id for d in dead})
        self._refuse_when_full()
        mine = [d for d in dead if d.notification.id == found]
        for delivery in mine:
            self._deliveries[found, delivery.channel] = delivery.model_copy(
                update={"next_at": now, "attempts": 0}
            )
        return len(mine)

    def _known(self, id_: str) -> None:
        if id_ not in self._messages:
            raise NotFound("message", id_)

    def _changed(self, alert: Alert) -> Alert:
        self._refuse_when_full()
        self._keep(alert)
        self.revision += 1
        return alert

    def _keep(self, alert: Alert) -> None:
        self._alerts[alert.id] = alert
        self._last[alert.key] = alert

    def _forget(self, id_: str) -> None:
        alert = self._alerts.pop(id_, None)
        if alert is not None and self._last.get(alert.key) is alert:
            del self._last[alert.key]

    def _refuse_when_full(self) -> None:
        if self.full_disk:
            raise StoreError("cannot write state.db: the disk is full", hint="df -h")


def _matches(alert: Alert, wanted: AlertFilter) -> bool:
    return (
        (not wanted.states or alert.state in wanted.states)
        and wanted.severity in (None, alert.severity)
        and wanted.xnode_id in (None, alert.key.xnode_id)
        and wanted.rule in (None, alert.key.rule)
    )


def _rank(alert: Alert) -> tuple[bool, int]:
    over = alert.state is AlertState.RESOLVED
    return (over, 0 if over else -alert.severity.rank)
