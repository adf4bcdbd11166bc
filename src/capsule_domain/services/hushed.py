"""Which alerts nobody is told of: silenced ones, and those that another explains. Pure."""

from collections.abc import Iterable, Mapping

from capsule_domain.models.alert import Alert, AlertState
from capsule_domain.models.rule import Quantity

_INSIDE = frozenset(
    {
        Quantity.CPU,
        Quantity.MEMORY,
        Quantity.DISK,
        Quantity.INODES,
        Quantity.LOAD_PER_CORE,
        Quantity.FAILED_UNITS,
        Quantity.DISK_FULL_HOURS,
        Quantity.CPU_UNUSUAL,
        Quantity.MEMORY_UNUSUAL,
    }
)
_OUTSIDE = frozenset({Quantity.PING_FAULT, Quantity.TCP_FAULT, Quantity.HTTP_FAULT})

EXPLAINS: Mapping[Quantity, frozenset[Quantity]] = {
    Quantity.SSH_FAULT: _INSIDE | _OUTSIDE,
    Quantity.HOST_KEY_FAULT: _INSIDE | {Quantity.SSH_FAULT},
}
"""What of the same xNode need not be told while that fires."""


def explained(alerts: Iterable[Alert], quantities: Mapping[str, Quantity]) -> set[str]:
    """The ids of alerts that others explain.

    `quantities` are what the rules look at, by their names. A collector that is cut off
    explains everything about xNodes.
    """
    firing = [alert for alert in alerts if alert.state is AlertState.FIRING]
    kinds = {alert.id: quantities.get(alert.key.rule) for alert in firing}
    if Quantity.COLLECTOR_FAULT in kinds.values():
        return {alert.id for alert in firing if alert.key.xnode_id}
    by_xnode: dict[str, set[Quantity]] = {}
    for alert in firing:
        kind = kinds[alert.id]
        if kind is not None and kind in EXPLAINS:
            by_xnode.setdefault(alert.key.xnode_id, set()).update(EXPLAINS[kind])
    return {alert.id for alert in firing if kinds[alert.id] in by_xnode.get(alert.key.xnode_id, ())}
