"""One round of judging: from figures to alerts, and from alerts to messages. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from capsule_domain.models.alert import Alert, AlertState, Step, StepKind, Timing
from capsule_domain.models.book import Entry, Page
from capsule_domain.models.notification import Grouping, GroupLog, Notification
from capsule_domain.models.rule import AlertRule, Quantity
from capsule_domain.services.alert_groups import AlertGroup
from capsule_domain.services.alert_rules import RuleBook, Subject
from capsule_domain.services.alert_state import restarted, step
from capsule_domain.services.hushed import explained
from capsule_domain.services.measure import Figures

_UNWATCHED = "nobody looks at it any more"

Watched = Callable[[str], Subject | None]
"""The subject of that id; None where nobody looks at it any more."""


@dataclass(frozen=True)
class Round:
    """What one round made of what was seen. `entry` is to be written as a whole."""

    entry: Entry
    steps: Sequence[Step] = ()


@dataclass(frozen=True)
class Judge:
    """Judges by rules. `stale_seconds`: after how long a gap no waiting counts any more, for
    what a rule looks at.

    `at_once`: nobody waits for anything: what holds fires, and what does not is over.
    """

    rules: RuleBook
    grouping: Grouping
    channels: Sequence[str]
    stale_seconds: Callable[[Quantity], float]
    new_id: Callable[[], str]
    at_once: bool = False

    def round(
        self,
        page: Page,
        seen: Sequence[tuple[Subject, Figures]],
        watched: Watched,
        now: datetime,
        *,
        restart: bool = False,
    ) -> Round:
        """Go on from `page` with what was `seen` now.

        `watched` knows all subjects by id: the alerts of others are over. `restart`: what was
        waited for until now does not count, for time did not pass as it should.
        """
        alerts = {alert.id: alert for alert in page.alerts}
        if restart:
            alerts = {id_: restarted(alert, now) for id_, alert in alerts.items()}
        steps = [*self._steps(alerts, seen, now), *self._ends(alerts.values(), watched, now)]
        dropped = {taken.alert.id for taken in steps if taken.kind is StepKind.DROPPED}
        alerts |= {taken.alert.id: taken.alert for taken in steps}
        alerts = {id_: alert for id_, alert in alerts.items() if id_ not in dropped}
        before = {alert.id: alert for alert in page.alerts}
        changed = tuple(alert for id_, alert in alerts.items() if before.get(id_) is not alert)
        messages, logs = self._told(page, alerts, watched, now)
        entry = Entry(
            alerts=changed,
            dropped=tuple(dropped),
            notifications=tuple(messages),
            logs=tuple(logs),
            channels=tuple(self.channels),
        )
        return Round(entry, [taken for taken in steps if taken.kind is not None])

    def _steps(
        self,
        alerts: Mapping[str, Alert],
        seen: Sequence[tuple[Subject, Figures]],
        now: datetime,
    ) -> Iterator[Step]:
        current = _by_subject(alerts.values())
        for subject, figures in seen:
            mine = current.get(subject.id, {})
            for rule, reading in self.rules.readings(subject, figures, mine):
                before = mine.get((rule.name, reading.key.instance))
                taken = step(before, reading, self._timing(rule), now, self.new_id)
                if taken is not None:
                    yield taken

    def _ends(self, alerts: Iterable[Alert], watched: Watched, now: datetime) -> Iterator[Step]:
        """Alerts whose xNode or rule is there no more."""
        for alert in alerts:
            subject = watched(alert.key.xnode_id)
            if alert.state is AlertState.RESOLVED or (
                subject is not None and self.rules.covers(alert, subject.tags)
            ):
                continue
            if alert.state is AlertState.PENDING:
                yield Step(alert=alert, kind=StepKind.DROPPED)
            else:
                end = {"state": AlertState.RESOLVED, "resolved_at": now, "message": _UNWATCHED}
                yield Step(alert=alert.model_copy(update=end), kind=StepKind.RESOLVED)

    def _timing(self, rule: AlertRule) -> Timing:
        changes: dict[str, float] = {"stale_seconds": self.stale_seconds(rule.quantity)}
        if self.at_once:
            changes |= {"for_seconds": 0.0, "keep_firing_seconds": 0.0}
        return rule.timing.model_copy(update=changes)

    def _told(
        self,
        page: Page,
        alerts: Mapping[str, Alert],
        watched: Watched,
        now: datetime,
    ) -> tuple[list[Notification], list[GroupLog]]:
        """The messages that are due, and the logs that change: one group a rule."""
        quantities = {name: rule.quantity for name, rule in self.rules.by_name.items()}
        hushed = explained(alerts.values(), quantities)
        groups: dict[str, list[Alert]] = {}
        for alert in alerts.values():
            if alert.state is AlertState.PENDING or alert.id in hushed:
                continue
            if alert.state is AlertState.FIRING and _is_silenced(alert, page, watched, now):
                continue
            groups.setdefault(alert.key.rule, []).append(alert)
        messages, changed = [], []
        logs = {log.group: log for log in page.logs}
        for name in sorted({*groups, *logs}):
            log = _without_lost(logs.get(name), alerts)
            due = AlertGroup(name, groups.get(name, ()), log, self.grouping).due(now, self.new_id)
            if due is not None:
                messages.append(due[0])
                log = due[1]
            if log is not None and log is not logs.get(name):
                changed.append(log)
        return messages, changed


def _by_subject(alerts: Iterable[Alert]) -> dict[str, dict[tuple[str, str], Alert]]:
    """The last alert of each key: the open one, else that which was over last."""
    found: dict[str, dict[tuple[str, str], Alert]] = {}
    for alert in alerts:
        mine = found.setdefault(alert.key.xnode_id, {})
        place = (alert.key.rule, alert.key.instance)
        other = mine.get(place)
        if other is None or _is_later(alert, other):
            mine[place] = alert
    return found


def _is_later(alert: Alert, other: Alert) -> bool:
    if alert.resolved_at is None or other.resolved_at is None:
        return alert.resolved_at is None
    return alert.resolved_at > other.resolved_at


def _is_silenced(alert: Alert, page: Page, watched: Watched, now: datetime) -> bool:
    subject = watched(alert.key.xnode_id)
    tags = subject.tags if subject is not None else frozenset[str]()
    return any(silence.hushes(alert, tags, now) for silence in page.silences)


def _without_lost(log: GroupLog | None, alerts: Mapping[str, Alert]) -> GroupLog | None:
    """An alert that is nowhere any more has no end that could be told."""
    if log is None or log.told.keys() <= alerts.keys():
        return log
    told = {id_: told for id_, told in log.told.items() if id_ in alerts}
    return log.model_copy(update={"told": told})
