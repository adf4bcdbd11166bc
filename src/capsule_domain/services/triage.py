"""Which alerts are helped by themselves, and why the others are not. Pure: time is given."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from capsule_domain.models.alert import Alert, AlertSeverity, AlertState
from capsule_domain.models.book import Page
from capsule_domain.models.remediation import (
    Remediation,
    RemediationSettings,
    RemediationState,
    Remedy,
)
from capsule_domain.models.rule import Quantity
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.services.hushed import explained

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Situation:
    """All that a decision depends on, at one moment.

    `page` is the book of alerts as it is now, and `fleet` every xNode that is watched, by id.
    `past` are the decisions of the last hour, and of the cooldown where that is longer.
    `clouds` are those that can be asked for a reboot.
    """

    settings: RemediationSettings
    page: Page
    quantities: Mapping[str, Quantity]
    fleet: Mapping[str, XNode]
    past: Sequence[Remediation]
    clouds: Collection[str]
    cut_off: bool
    now: datetime

    @cached_property
    def alerts(self) -> Mapping[str, Alert]:
        """Those of the page, by id."""
        return {alert.id: alert for alert in self.page.alerts}

    @cached_property
    def explained(self) -> Collection[str]:
        """The ids of alerts that others explain."""
        return explained(self.page.alerts, self.quantities)


def decide(
    situation: Situation, fired: Iterable[Alert], new_id: Callable[[], str]
) -> list[Remediation]:
    """What comes of alerts that have just begun to fire, the worst first: PLANNED is to be done.

    An alert without a remedy has no decision. While the breaker of a rule is open, that is
    told once an hour, and nothing else.
    """
    past = list(situation.past)
    decisions: list[Remediation] = []
    for alert in sorted(fired, key=lambda one: (-one.severity.rank, one.xnode, one.id)):
        remedy = situation.settings.remedy_for(alert.key.rule, alert.key.instance)
        if remedy is None:
            continue
        held = breaker(situation, alert.key.rule)
        if held is None:
            made = _decided(situation, alert, remedy, past, new_id())
        elif _was_told(past, alert.key.rule, situation.now):
            continue
        else:
            made = _held(situation, alert.key.rule, held, new_id())
        decisions.append(made)
        past.append(made)
    return decisions


def unfit(situation: Situation, alert_id: str, remedy: Remedy) -> str | None:
    """Why nothing may be done about that alert now, whatever was done before; None: it may."""
    alert = situation.alerts.get(alert_id)
    if alert is None or alert.state is not AlertState.FIRING:
        return "it does not fire any more"
    if situation.cut_off:
        return "this collector is cut off"
    xnode = situation.fleet.get(alert.key.xnode_id)
    if xnode is None:
        return "no xNode that is watched has it"
    return _alert_unfit(situation, alert, xnode) or _xnode_unfit(situation, xnode, remedy)


def breaker(situation: Situation, rule: str) -> str | None:
    """Why nothing at all is done about a rule: too many have the same, or any, trouble.

    Those that still wait to fire count for the rule, or the first of many would be helped
    before the others are known. One alone is never too many.
    """
    same = {a.key.xnode_id for a in situation.page.alerts if a.key.rule == rule and _is_open(a)}
    firing = {
        alert.key.xnode_id
        for alert in situation.page.alerts
        if alert.state is AlertState.FIRING and alert.severity is not AlertSeverity.INFO
    }
    percent = situation.settings.breaker_percent
    for troubled, what in ((same, f"have {rule}"), (firing, "have an alert")):
        count, size = len(troubled & situation.fleet.keys()), len(situation.fleet)
        if count > 1 and count * 100 > percent * size:
            return f"{count} of {size} xNodes {what}, more than {percent:g} %"
    return None


def beyond(
    settings: RemediationSettings,
    past: Iterable[Remediation],
    xnode_id: str,
    rule: str,
    now: datetime,
) -> str | None:
    """Which limit another remedy would break; None: it would not.

    What was decided at a time that is still to come, by a clock that was set back, counts. In
    a dry run what would have been done counts as well.
    """
    dry = RemediationState.DRY if settings.dry_run else None
    acts = [one for one in past if one.state.is_act or one.state is dry]
    mine = [one for one in acts if one.xnode_id == xnode_id]
    if any(one.state.is_open for one in mine):
        return "another remedy of it is under way"
    cooldown = timedelta(seconds=settings.cooldown_seconds)
    if any(one.rule == rule and one.time > now - cooldown for one in mine):
        return f"{rule} was treated less than {_span(settings.cooldown_seconds)} ago"
    if _in_hour(mine, now) >= settings.hourly_per_xnode:
        return f"it had {settings.hourly_per_xnode} remedies within the hour"
    if _in_hour(acts, now) >= settings.hourly_in_fleet:
        return f"the fleet had {settings.hourly_in_fleet} remedies within the hour"
    return None


def _decided(
    situation: Situation, alert: Alert, remedy: Remedy, past: Sequence[Remediation], id_: str
) -> Remediation:
    settings, now = situation.settings, situation.now
    reason = unfit(situation, alert.id, remedy) or beyond(
        settings, past, alert.key.xnode_id, alert.key.rule, now
    )
    fit = RemediationState.DRY if settings.dry_run else RemediationState.PLANNED
    state = RemediationState.REFUSED if reason else fit
    return Remediation(
        id=id_,
        time=now,
        alert_id=alert.id,
        xnode=alert.xnode,
        xnode_id=alert.key.xnode_id,
        rule=alert.key.rule,
        instance=alert.key.instance,
        remedy=remedy.words,
        state=state,
        detail=reason or "",
        ended_at=None if state.is_open else now,
    )


def _held(situation: Situation, rule: str, reason: str, id_: str) -> Remediation:
    now, state = situation.now, RemediationState.HELD
    return Remediation(id=id_, time=now, rule=rule, state=state, detail=reason, ended_at=now)


def _alert_unfit(situation: Situation, alert: Alert, xnode: XNode) -> str | None:
    if alert.acknowledged_by:
        return f"{alert.acknowledged_by} took it on"
    if any(s.hushes(alert, xnode.tags, situation.now) for s in situation.page.silences):
        return "it is silenced"
    if alert.id in situation.explained:
        return "another alert of it explains this one"
    return None


def _xnode_unfit(situation: Situation, xnode: XNode, remedy: Remedy) -> str | None:
    has_cloud = xnode.provider in situation.clouds
    if xnode.status is not ServerStatus.RUNNING and (
        has_cloud or xnode.status is not ServerStatus.UNKNOWN  # nobody could know it better
    ):
        return f"its server is {xnode.status}"
    spared = [tag for tag in situation.settings.spared_tags if tag in xnode.tags]
    if spared:
        return f"it has the tag {spared[0]}"
    if remedy.reboot and xnode.protected:
        return "it is protected, and never rebooted"
    if remedy.reboot and not has_cloud:
        return f"no cloud can reboot it: it is at '{xnode.provider[:40]}'"
    return None


def _is_open(alert: Alert) -> bool:
    return alert.state is not AlertState.RESOLVED


def _was_told(past: Iterable[Remediation], rule: str, now: datetime) -> bool:
    return any(
        one.state is RemediationState.HELD and one.rule == rule and one.time > now - HOUR
        for one in past
    )


def _in_hour(acts: Iterable[Remediation], now: datetime) -> int:
    return sum(one.time > now - HOUR for one in acts)


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} min"
