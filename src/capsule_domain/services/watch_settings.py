"""From monitoring.yml to what the collector does. Pure."""

from collections.abc import Iterable, Mapping

from capsule_domain.errors import ConfigurationError, NotFound
from capsule_domain.models.look import LookPlan
from capsule_domain.models.monitoring import MonitoringSettings, Thresholds
from capsule_domain.models.remediation import RemediationSettings, Remedy
from capsule_domain.models.rule import AlertRule, Bound, Quantity
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.models.xnode import XNode
from capsule_domain.services.alert_rules import default_rules, with_own

_CALM_POINTS = 5.0
"""How far below a threshold a figure has to fall before it counts as fine again."""

_HELPLESS: Mapping[Quantity, str] = {
    Quantity.BUDGET_PERCENT: "it is of the fleet, and not of one xNode",
    Quantity.COLLECTOR_FAULT: "it is of this collector, and not of an xNode",
    Quantity.HOST_KEY_FAULT: "it says that the xNode may be another machine",
}
"""What no remedy is for, and why."""


def watch_plan(settings: MonitoringSettings, xnodes: Iterable[XNode]) -> WatchPlan:
    """What the settings come to for these xNodes.

    Raises ConfigurationError for checks of an xNode that is named by two, and for remedies that
    can be none.
    """
    rules = with_own((*_by_thresholds(settings), *settings.rules))
    _refuse_vain(settings.remediation, rules)
    return WatchPlan(
        interval_seconds=settings.check_interval_seconds,
        look=_look(settings, xnodes),
        rules=rules,
        grouping=settings.grouping,
        channels=tuple(channel.value for channel in settings.channels),
        isolated_percent=settings.isolated_percent,
        anchors=settings.anchors,
        remediation=settings.remediation,
        heartbeat=settings.heartbeat,
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


def _refuse_vain(chosen: RemediationSettings, rules: Iterable[AlertRule]) -> None:
    """Each remedy needs a rule that is there, and a way to help."""
    quantities = {rule.name: rule.quantity for rule in rules}
    for number, remedy in enumerate(chosen.remedies):
        wrong = _vain(remedy, quantities)
        if wrong is not None:
            field = f"remediation.remedies.{number}"
            raise ConfigurationError(f"{field}: {wrong}", file="monitoring.yml", field=field)


def _vain(remedy: Remedy, quantities: Mapping[str, Quantity]) -> str | None:
    quantity = quantities.get(remedy.rule)
    if quantity is None:
        return NotFound("rule", remedy.rule, known=quantities).message
    if quantity in _HELPLESS:
        return f"{remedy.rule} has no remedy: {_HELPLESS[quantity]}"
    if quantity is Quantity.SSH_FAULT and not remedy.reboot:
        return f"{remedy.rule} says that SSH does not answer, which {remedy.words} needs"
    return None


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
