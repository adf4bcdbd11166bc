"""The fleet at one look."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.ages import age
from capsule_cli.session import session

if TYPE_CHECKING:
    from datetime import datetime

    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.heartbeat import Pulse
    from capsule_domain.services.fleet_view import FleetView, XNodeView


def status(
    ctx: typer.Context,
    *,
    tags: Annotated[
        str | None,
        typer.Option(help="Only those with all of these, a,b.", autocompletion=complete.tags),
    ] = None,
    detailed: Annotated[
        bool, typer.Option("--detailed", help="Each check, disk and unit of each xNode.")
    ] = False,
) -> None:
    """How the fleet is, by what was seen last; the worst first."""
    from capsule_cli.fleet_data import fleet_data
    from capsule_cli.values import listed

    run = session(ctx)
    view = run.wiring.overview().view().with_tags(listed(tags))
    beats = run.wiring.watch_plan().heartbeat.enabled
    pulse = run.wiring.pulse_log().read() if beats else None
    data = fleet_data(view, detailed=detailed)
    data["heartbeat"] = pulse and pulse.model_dump(mode="json")
    run.out.show(data, lambda screen: _paint(screen, view, pulse, detailed=detailed))


def _paint(screen: "Screen", view: "FleetView", pulse: "Pulse | None", *, detailed: bool) -> None:
    from capsule_cli import fleet_words as words
    from capsule_cli.alerts import paint_alerts

    screen.header("Fleet")
    screen.line(words.summary(view))
    screen.line(words.alert_summary(view.alerts))
    screen.line(words.collector_words(view), style="inactive")
    if pulse is not None:
        style = "bad" if pulse.missed else "inactive"
        screen.line(_pulse_words(pulse, view), style=style)
    if not view.xnodes:
        screen.hint("capsule openmesh xnodes")
        return
    screen.table(
        ["xNode", "health", "CPU", "memory", "disk", "load", "alerts", "seen"],
        [_row(row, view) for row in view.xnodes],
        right=["CPU", "memory", "disk", "load"],
        whole=["xNode", "health", "alerts", "seen"],
    )
    _paint_troubles(screen, view)
    if detailed:
        for row in view.xnodes:
            _paint_detail(screen, row, view.at)
        if view.alerts:
            screen.section("Alerts")
            paint_alerts(screen, view.alerts, view.at)
    if view.collector is None:
        screen.hint("capsule openmesh monitor check")


def _pulse_words(pulse: "Pulse", view: "FleetView") -> str:
    """How the signs of life fare, or fared as long as a collector ran."""
    arrived = (
        f"one arrived {age(pulse.arrived_at, view.at)}" if pulse.arrived_at else "none arrived"
    )
    if view.collector is None:
        return f"heartbeat: none is sent without a collector, {arrived}"
    if not pulse.missed:
        lost = f", {pulse.failures} did not since the collector began" if pulse.failures else ""
        return f"heartbeat: {arrived}{lost}"
    return f"heartbeat: {pulse.missed} in a row did not arrive: {pulse.error}; {arrived}"


def _row(row: "XNodeView", view: "FleetView") -> "list[Cell]":
    from rich.text import Text

    from capsule_cli import fleet_words as words

    mark, style = words.sign(row)
    return [
        Text.assemble((f"{mark} ", style), row.xnode),
        words.status_of(row),
        words.percent(row.cpu_percent),
        words.percent(row.memory_percent),
        words.percent(row.disk_percent),
        words.load(row),
        words.alerts_of(row),
        words.seen(row, view.at),
    ]


def _paint_troubles(screen: "Screen", view: "FleetView") -> None:
    """In words; that one was not looked at lately stands in the table already."""
    from rich.text import Text

    from capsule_cli import fleet_words as words

    for row in view.xnodes:
        wrong = words.trouble(row, view.at)
        if wrong and (row.status != "unknown" or row.firing):
            mark, style = words.sign(row)
            screen.line(Text.assemble((f"{mark} {row.xnode}  ", style), wrong))


def _paint_detail(screen: "Screen", row: "XNodeView", now: "datetime") -> None:
    from capsule_cli import fleet_words as words

    screen.section(row.xnode)
    where = ", ".join(part for part in (row.address, row.provider, row.region, *row.tags) if part)
    pairs: list[tuple[str, Cell]] = [("where", where)]
    if row.watched and (row.stale or row.health is None):
        pairs.append(("?", words.trouble(row, now)))
    checks = row.health.checks if row.health and not row.stale else ()
    pairs += [("✓" if check.ok else "✗", words.check_words(check)) for check in checks]
    metrics = row.current
    if metrics is not None:
        pairs += [
            (f"disk {disk.mount}", words.percent(disk.used_percent)) for disk in metrics.disks or ()
        ]
        pairs += [
            ("load", words.loads(metrics)),
            ("flow", words.flows(metrics)),
            ("system", words.system(metrics)),
        ]
    screen.fields(pairs)
