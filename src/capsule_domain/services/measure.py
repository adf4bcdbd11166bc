"""From what was seen to figures that rules know. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from capsule_domain.models.health import Check, CheckKind, Fault
from capsule_domain.models.metric import Metrics, Observation
from capsule_domain.models.rule import Quantity
from capsule_domain.models.xnode import XNode

_HOUR = 3600.0
_DAY = 24 * _HOUR


class Measured(NamedTuple):
    """One figure. `instance` tells several of a kind apart; `detail` is its own words.

    Of a guess, `low` and `high` are between what it lies with 95 % confidence, where known.
    """

    quantity: Quantity
    value: float
    instance: str = ""
    detail: str = ""
    low: float | None = None
    high: float | None = None


Figures = Mapping[Quantity, Sequence[Measured]]
"""Figures by what they measure. Where one was read and there is nothing, such as no failed
unit, the list is empty; what was not read is not there at all."""


def measured(seen: Observation) -> dict[Quantity, list[Measured]]:
    """Every figure that a look gave."""
    found: dict[Quantity, list[Measured]] = {}
    if seen.metrics is not None:
        _of_metrics(seen.metrics, found)
    for check in seen.health.checks:
        for figure in _of_check(check, seen.health.checked_at):
            found.setdefault(figure.quantity, []).append(figure)
    return found


def time_left(xnode: XNode, now: datetime) -> dict[Quantity, list[Measured]]:
    """How many hours the xNode has left; an empty list for one without an end."""
    if xnode.expires_at is None:
        return {Quantity.TTL_HOURS: []}
    hours = (xnode.expires_at - now).total_seconds() / _HOUR
    detail = f"its time is up in {hours:.1f} h" if hours > 0 else "its time is up"
    return {Quantity.TTL_HOURS: [Measured(Quantity.TTL_HOURS, hours, detail=detail)]}


def _of_metrics(metrics: Metrics, found: dict[Quantity, list[Measured]]) -> None:
    single = (
        (Quantity.CPU, metrics.cpu_percent),
        (Quantity.MEMORY, metrics.memory_percent),
        (Quantity.LOAD_PER_CORE, metrics.load_per_core),
    )
    for quantity, value in single:
        if value is not None:
            found[quantity] = [Measured(quantity, value)]
    if metrics.disks is not None:
        used = [Measured(Quantity.DISK, d.used_percent, d.mount) for d in metrics.disks]
        inodes = [
            Measured(Quantity.INODES, d.inodes_percent, d.mount)
            for d in metrics.disks
            if d.inodes_percent is not None
        ]
        found |= {Quantity.DISK: used, Quantity.INODES: inodes}
    if metrics.failed_units is not None:
        found[Quantity.FAILED_UNITS] = [
            Measured(Quantity.FAILED_UNITS, 1.0, unit, f"{unit} has failed")
            for unit in metrics.failed_units
        ]


def _of_check(check: Check, now: datetime) -> Sequence[Measured]:
    if check.kind is CheckKind.SSH:
        return _of_ssh(check)
    bad, why = float(not check.ok), check.error or ""
    if check.kind is CheckKind.PING:
        return [Measured(Quantity.PING_FAULT, bad, detail=why)]
    if check.kind is CheckKind.TCP:
        return [Measured(Quantity.TCP_FAULT, bad, check.instance, why)]
    found = [Measured(Quantity.HTTP_FAULT, bad, check.instance, why)]
    if check.certificate_expires_at is not None:
        days = (check.certificate_expires_at - now).total_seconds() / _DAY
        detail = f"the certificate of {check.instance} ends in {days:.0f} days"
        found.append(Measured(Quantity.CERTIFICATE_DAYS, days, check.instance, detail))
    return found


def _of_ssh(check: Check) -> Sequence[Measured]:
    """Another host key is its own trouble: whether the machine is up, it does not tell."""
    if check.fault is Fault.HOST_KEY:
        return [Measured(Quantity.HOST_KEY_FAULT, 1.0, detail=check.error or "")]
    entered = Measured(Quantity.SSH_FAULT, float(not check.ok), detail=check.error or "")
    if check.ok or check.fault is Fault.LOGIN:
        return [entered, Measured(Quantity.HOST_KEY_FAULT, 0.0)]
    return [entered]
