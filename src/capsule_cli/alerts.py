"""Alerts as they are shown, and as JSON has them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from capsule_cli.ages import age

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.alert import Alert

_STYLES = {"critical": "bad", "warning": "warned"}


def as_data(alert: "Alert") -> dict[str, Any]:
    """The alert as JSON has it: what makes up its key stands beside the rest."""
    fields = alert.model_dump(mode="json")
    key = fields.pop("key")
    return {"id": fields.pop("id"), "xnode": fields.pop("xnode"), **key, **fields}


def paint_alerts(screen: "Screen", alerts: Sequence["Alert"], now: datetime) -> None:
    """A row an alert."""
    screen.table(
        ["id", "severity", "state", "xNode", "rule", "what", "since", "taken by"],
        [_row(alert, now) for alert in alerts],
        whole=["id"],
    )


def _row(alert: "Alert", now: datetime) -> Sequence["Cell"]:
    from rich.text import Text

    return (
        alert.id,
        Text(alert.severity, style=_STYLES.get(alert.severity, "")),
        alert.state,
        alert.xnode,
        alert.key.rule,
        alert.message,
        age(alert.since, now),
        alert.acknowledged_by or alert.resolved_by or "",
    )
