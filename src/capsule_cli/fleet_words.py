"""How xNodes and their fleet are named on a screen: words, colours, cells."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from capsule_cli.ages import age, span

if TYPE_CHECKING:
    from capsule_domain.models.alert import Alert
    from capsule_domain.models.health import Check
    from capsule_domain.models.metric import Metrics
    from capsule_domain.services.fleet_view import FleetView, XNodeView

SIGNS = {
    "healthy": ("●", "good"),
    "degraded": ("◐", "warned"),
    "unhealthy": ("✗", "bad"),
    "untrusted": ("!", "bad"),
    "unknown": ("?", "warned"),
}
"""A sign and a style for each status: never a colour alone."""
_HIGH = 75.0
_VERY_HIGH = 90.0


def status_of(row: "XNodeView") -> str:
    """One word: its health, or what its server is where nobody expects an answer."""
    return row.status.value if row.watched else row.server.value


def sign(row: "XNodeView") -> tuple[str, str]:
    """Its sign and its style."""
    return SIGNS[row.status] if row.watched else ("○", "inactive")


def percent(value: float | None) -> Text:
    """`93.1 %`, with a colour where that is much; `?` is what was not read."""
    if value is None:
        return Text("?", "inactive")
    style = "bad" if value >= _VERY_HIGH else "warned" if value >= _HIGH else ""
    return Text(f"{value:.1f} %", style)


def load(row: "XNodeView") -> Text:
    """By processor where their number is known: 1.0 is as much as it can do."""
    metrics = row.current
    if metrics is None or metrics.load_1 is None:
        return Text("?", "inactive")
    return Text(f"{metrics.load_1:.2f}")


def alerts_of(row: "XNodeView") -> Text:
    """`2 fire`, `1 waits`, or nothing."""
    waiting = len(row.alerts) - row.firing
    if row.firing:
        style = "bad" if any(a.severity == "critical" for a in row.alerts) else "warned"
        return Text(f"{row.firing} {'fires' if row.firing == 1 else 'fire'}", style)
    return Text(f"{waiting} {'waits' if waiting == 1 else 'wait'}" if waiting else "", "warned")


def seen(row: "XNodeView", now: datetime) -> Text:
    """How long ago it was looked at."""
    if row.health is None:
        return Text("never", "inactive")
    ago = age(row.health.checked_at, now).removesuffix(" ago")
    # The larger unit is enough in a column.
    short = "now" if ago == "just now" else " ".join(ago.split()[:2])
    return Text(short, "warned" if row.stale and row.watched else "inactive")


def trouble(row: "XNodeView", now: datetime) -> str:
    """What is wrong with it, in words; empty when nothing is."""
    if not row.watched:
        return ""
    if row.health is None:
        return "never looked at"
    if row.stale:
        return f"{row.health.status} when last seen, {age(row.health.checked_at, now)}"
    failed = [check for check in row.health.checks if not check.ok]
    said = {check.error for check in failed}
    firing = [a.message for a in row.alerts if a.state == "firing" and a.message not in said]
    return "; ".join([*(check_words(check) for check in failed), *firing])


def check_words(check: "Check") -> str:
    """`ssh 11 ms`, `http http://…: status 500`, `ping: ICMP filtered`."""
    name = f"{check.kind} {check.instance}".strip()
    if not check.ok:
        return f"{name}: {check.error or check.fault or 'failed'}"
    took = "" if check.latency_ms is None else f" {check.latency_ms:.0f} ms"
    return f"{name}{took}" + (f" ({check.note})" if check.note else "")


def rate(bytes_per_second: float) -> str:
    """`1.2 MB/s`."""
    value = bytes_per_second
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}/s" if unit == "B" else f"{value:.1f} {unit}/s"
        value /= 1000
    return f"{value:.1f} TB/s"


def flows(metrics: "Metrics") -> str:
    """What goes in and out over the network and the disks; `?` where nothing was read."""
    names = ("received", "sent", "read", "written")
    known = [(name, getattr(metrics, f"{name}_bytes_per_second")) for name in names]
    return ", ".join(f"{rate(v)} {name}" for name, v in known if v is not None) or "?"


def loads(metrics: "Metrics") -> str:
    """Those of 1, 5 and 15 minutes, and on how many processors."""
    three = (metrics.load_1, metrics.load_5, metrics.load_15)
    text = "  ".join("?" if one is None else f"{one:.2f}" for one in three)
    return text if metrics.cores is None else f"{text}  on {metrics.cores} processors"


def system(metrics: "Metrics") -> str:
    """How long it is up, what runs, and which units failed."""
    up = "up ?" if metrics.uptime_seconds is None else f"up {span(metrics.uptime_seconds)}"
    runs = "" if metrics.generation is None else f", generation {metrics.generation}"
    failed = metrics.failed_units
    units = "" if not failed else f", failed: {', '.join(failed)}"
    return up + runs + units


def summary(view: "FleetView") -> Text:
    """How many there are, and how they are."""
    watched = sum(view.counts.values())
    text = Text.assemble((f"{watched:,} ", "name"), "watched")
    for status, count in view.counts.items():
        mark, style = SIGNS[status]
        if count:
            text.append("   ")
            text.append(f"{mark} {count:,} {status}", style)
    off = len(view.xnodes) - watched
    if off:
        text.append(f"   ○ {off:,} off", "inactive")
    return text


def alert_summary(alerts: "Sequence[Alert]") -> Text:
    """`2 alerts fire, 1 waits`; taken on or not."""
    firing = [alert for alert in alerts if alert.state == "firing"]
    if not alerts:
        return Text("no alert", "inactive")
    worst = "bad" if any(alert.severity == "critical" for alert in firing) else "warned"
    noun = "alert fires" if len(firing) == 1 else "alerts fire"
    parts = [f"{len(firing):,} {noun}"]
    if waiting := len(alerts) - len(firing):
        parts.append(f"{waiting:,} {'waits' if waiting == 1 else 'wait'}")
    if taken := sum(alert.acknowledged_by is not None for alert in firing):
        parts.append(f"{taken:,} taken on")
    return Text(", ".join(parts), worst if firing else "warned")


def collector_words(view: "FleetView") -> str:
    """Who looks, where anybody does all the time."""
    held = view.collector
    if held is None:
        return "no collector runs"
    return f"collected by {held.who} since {span((view.at - held.since).total_seconds())}"
