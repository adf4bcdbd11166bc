"""Alerts as they are shown, and as JSON has them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from capsule_cli.ages import age

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.alert import Alert

_STYLES = {"critical": "bad", "warning": "warned"}
_STATES = {"pending": ", waits", "resolved": ", over"}
_WIDE = 120


def as_data(alert: "Alert") -> dict[str, Any]:
    """The alert as JSON has it: what makes up its key stands beside the rest."""
    fields = alert.model_dump(mode="json")
    key = fields.pop("key")
    return {"id": fields.pop("id"), "xnode": fields.pop("xnode"), **key, **fields}


def paint_alerts(screen: "Screen", alerts: Sequence["Alert"], now: datetime) -> None:
    """A row an alert; on a terminal of fewer columns in fewer ones."""
    if screen.fancy and screen.console.width < _WIDE:
        screen.table(
            ["id", "alert", "xNode", "what", "since"],
            [_short_row(alert, now) for alert in alerts],
            whole=["id", "alert", "since"],
        )
        return
    screen.table(
        ["id", "severity", "state", "xNode", "rule", "what", "since", "taken by"],
        [_row(alert, now) for alert in alerts],
        whole=["id"],
    )


def _short_row(alert: "Alert", now: datetime) -> Sequence["Cell"]:
    """Its state only where it does not fire, and the larger unit of its age."""
    from rich.text import Text

    who = alert.acknowledged_by or alert.resolved_by
    return (
        alert.id,
        Text(alert.severity + _STATES.get(alert.state, ""), style=_style(alert)),
        alert.xnode,
        f"{alert.key.rule}: {alert.message}" + (f" (taken by {who})" if who else ""),
        " ".join(age(alert.since, now).removesuffix(" ago").split()[:2]),
    )


def _style(alert: "Alert") -> str:
    return _STYLES.get(alert.severity, "")


def _row(alert: "Alert", now: datetime) -> Sequence["Cell"]:
    from rich.text import Text

    return (
        alert.id,
        Text(alert.severity, style=_style(alert)),
        alert.state,
        alert.xnode,
        alert.key.rule,
        alert.message,
        age(alert.since, now),
        alert.acknowledged_by or alert.resolved_by or "",
    )
