"""From what was seen to readings of rules. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState, Reading, Timing
from capsule_domain.models.health import CheckKind
from capsule_domain.models.metric import Observation
from capsule_domain.models.rule import AlertRule, Bound, Quantity
from capsule_domain.models.xnode import XNode

_MINUTES = 60.0

_FAULTS: Mapping[CheckKind, Quantity] = {
    CheckKind.TCP: Quantity.TCP_FAULT,
    CheckKind.SSH: Quantity.SSH_FAULT,
}


@dataclass(frozen=True)
class Measured:
    """One figure of one look. `instance` tells several of a kind apart, such as mounts."""

    quantity: Quantity
    value: float
    instance: str = ""
    detail: str = ""


def measured(seen: Observation) -> Iterator[Measured]:
    """Every figure that a look gave. What was not read is not there."""
    metrics = seen.metrics
    if metrics is not None:
        if metrics.cpu_percent is not None:
            yield Measured(Quantity.CPU, metrics.cpu_percent)
        if metrics.memory_percent is not None:
            yield Measured(Quantity.MEMORY, metrics.memory_percent)
        for disk in metrics.disks or ():
            yield Measured(Quantity.DISK, disk.used_percent, disk.mount)
            if disk.inodes_percent is not None:
                yield Measured(Quantity.INODES, disk.inodes_percent, disk.mount)
    for check in seen.health.checks:
        quantity = _FAULTS.get(check.kind)
        if quantity is not None:
            yield Measured(quantity, 0.0 if check.ok else 1.0, detail=check.error or "")


def readings(
    rule: AlertRule,
    xnode: XNode,
    figures: Iterable[Measured],
    current: Mapping[AlertKey, Alert],
) -> Iterator[Reading]:
    """What `rule` makes of the figures of one xNode.

    An instance that is there no more, such as a disk that was taken out, reads as fine
    as soon as others of its kind are read; where nothing of a kind was read, there is
    no reading.
    """
    if not rule.enabled or not set(rule.tags) <= set(xnode.tags):
        return
    mine = [figure for figure in figures if figure.quantity is rule.quantity]
    for figure in mine:
        key = AlertKey(xnode_id=xnode.id, rule=rule.name, instance=figure.instance)
        level = _level(rule, figure.value, current.get(key))
        yield Reading(
            key=key,
            xnode=xnode.name,
            level=level,
            message=_message(rule, figure),
            value=figure.value,
        )
    read = {figure.instance for figure in mine}
    for key in current if mine else ():
        if (key.xnode_id, key.rule) == (xnode.id, rule.name) and key.instance not in read:
            yield Reading(key=key, xnode=xnode.name, level=None, message="it is there no more")


def _level(rule: AlertRule, value: float, alert: Alert | None) -> AlertSeverity | None:
    """The worst severity whose bound holds; a bound held before holds until it is left."""
    fires = alert is not None and alert.state is AlertState.FIRING
    held_rank = alert.severity.rank if alert is not None and fires else -1
    level = None
    for severity, bound in rule.bounds.items():
        if bound.holds(value, held=severity.rank <= held_rank):
            level = severity
    return level


def _message(rule: AlertRule, figure: Measured) -> str:
    """Such as `disk of /var is at 91 %`; a fault's own words where it has some."""
    if figure.detail:
        return figure.detail
    where = f" of {figure.instance}" if figure.instance else ""
    unit = " %" if figure.quantity.is_percentage else ""
    what = rule.summary or rule.quantity.replace("_", " ")
    return f"{what}{where} is at {figure.value:.4g}{unit}"


def default_rules() -> Sequence[AlertRule]:
    """The rules that everyone has until they are changed. Thresholds are the original's."""
    slow = Timing(for_seconds=5 * _MINUTES, keep_firing_seconds=5 * _MINUTES)
    soon = Timing(for_seconds=_MINUTES, keep_firing_seconds=5 * _MINUTES)
    fault = Bound(enter=1, leave=0.5)
    return (
        _percentage("cpu", Quantity.CPU, 75, 90, "CPU", slow),
        _percentage("memory", Quantity.MEMORY, 80, 95, "memory", slow),
        _percentage("disk", Quantity.DISK, 85, 95, "disk", soon),
        _percentage("inodes", Quantity.INODES, 85, 95, "inodes", soon),
        AlertRule(
            name="ssh",
            quantity=Quantity.SSH_FAULT,
            summary="SSH",
            critical=fault,
            timing=soon,
        ),
    )


def _percentage(  # noqa: PLR0917 (a row of a table)
    name: str, quantity: Quantity, warning: float, critical: float, summary: str, timing: Timing
) -> AlertRule:
    """Left five points below where it is entered, or the figure's own noise would flap."""
    return AlertRule(
        name=name,
        quantity=quantity,
        summary=summary,
        warning=Bound(enter=warning, leave=warning - 5),
        critical=Bound(enter=critical, leave=critical - 5),
        timing=timing,
    )
