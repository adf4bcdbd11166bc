"""From monitoring.yml to what the collector does. Pure."""

from collections.abc import Iterable

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.look import LookPlan
from capsule_domain.models.monitoring import MonitoringSettings, Thresholds
from capsule_domain.models.rule import AlertRule, Bound
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.models.xnode import XNode
from capsule_domain.services.alert_rules import default_rules, with_own

_CALM_POINTS = 5.0
"""How far below a threshold a figure has to fall before it counts as fine again."""


def watch_plan(settings: MonitoringSettings, xnodes: Iterable[XNode]) -> WatchPlan:
    """What the settings come to for these xNodes.

    Raises ConfigurationError for checks of an xNode that is named by two.
    """
    return WatchPlan(
        interval_seconds=settings.check_interval_seconds,
        look=_look(settings, xnodes),
        rules=with_own((*_by_thresholds(settings), *settings.rules)),
        grouping=settings.grouping,
        channels=tuple(channel.value for channel in settings.channels),
        isolated_percent=settings.isolated_percent,
        anchors=settings.anchors,
    )


def _look(settings: MonitoringSettings, xnodes: Iterable[XNode]) -> LookPlan:
    by_id = {}
    for xnode in xnodes:
        named = {xnode.id, xnode.name} & settings.checks_of.keys()
        if len(named) > 1:
            raise ConfigurationError(
                f"checks_of names {xnode.name} twice, by its name and by its id",
                file="monitoring.yml",
                field="checks_of",
            )
        if named:
            by_id[xnode.id] = settings.checks_of[named.pop()]
    return LookPlan(
        checks=settings.checks,
        checks_of=by_id,
        ping_seconds=settings.ping_timeout_seconds,
        ssh_seconds=settings.ssh_timeout_seconds,
        http_seconds=settings.http_timeout_seconds,
    )


def _by_thresholds(settings: MonitoringSettings) -> Iterable[AlertRule]:
    """The rules of CPU, memory and disk, moved to the thresholds."""
    thresholds = {"cpu": settings.cpu, "memory": settings.memory, "disk": settings.disk}
    for rule in default_rules():
        if rule.name in thresholds:
            yield _moved(rule, thresholds[rule.name])


def _moved(rule: AlertRule, to: Thresholds) -> AlertRule:
    bounds = {"warning": _bound(to.warning), "critical": _bound(to.critical)}
    return rule.model_copy(update=bounds)


def _bound(percent: float) -> Bound:
    return Bound(enter=percent, leave=max(0.0, percent - _CALM_POINTS))
