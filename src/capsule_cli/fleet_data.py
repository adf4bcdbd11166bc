"""The fleet as JSON has it."""

from typing import TYPE_CHECKING, Any

from capsule_cli.ages import as_json
from capsule_cli.alerts import as_data

if TYPE_CHECKING:
    from capsule_domain.models.alert import Alert
    from capsule_domain.services.fleet_view import FleetView, XNodeView


def fleet_data(view: "FleetView", *, detailed: bool) -> dict[str, Any]:
    """Counts, a row for each xNode, and every open alert; `detailed` with all that was read."""
    held = view.collector
    return {
        "at": as_json(view.at),
        "collector": held.model_dump(mode="json") if held else None,
        "counts": view.counts,
        "xnodes": [_row(row, detailed=detailed) for row in view.xnodes],
        "alerts": [as_data(alert) for alert in view.alerts],
    }


def _guess(alert: "Alert") -> dict[str, Any]:
    """What `metrics --json` has of a guess as well."""
    key = {"rule": alert.key.rule, "instance": alert.key.instance}
    return {**key, **alert.model_dump(mode="json", include={"severity", "value", "message"})}


def _row(row: "XNodeView", *, detailed: bool) -> dict[str, Any]:
    """Figures are those of now: null where that is not known."""
    data: dict[str, Any] = {
        "xnode": row.xnode,
        "id": row.xnode_id,
        "server": row.server.value,
        "watched": row.watched,
        "status": row.status.value,
        "stale": row.stale,
        "checked_at": as_json(row.health.checked_at) if row.health else None,
        "cpu_percent": row.cpu_percent,
        "memory_percent": row.memory_percent,
        "disk_percent": row.disk_percent,
        "load_1": row.current and row.current.load_1,
        "firing": row.firing,
        "outlook": [_guess(alert) for alert in row.guesses],
    }
    if detailed:
        data["health"] = row.health.model_dump(mode="json") if row.health else None
        data["metrics"] = row.metrics.model_dump(mode="json") if row.metrics else None
    return data
