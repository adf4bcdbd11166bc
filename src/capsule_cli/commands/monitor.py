"""Watching the fleet."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.ages import age, span
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.health import Health
    from capsule_domain.models.metric import Metrics

Which = Annotated[
    str, typer.Argument(metavar="ID", help="An xNode's name or id.", autocompletion=complete.xnodes)
]


def health(
    ctx: typer.Context,
    which: Which,
    *,
    run_check: Annotated[bool, typer.Option("--run-check", help="Look now.")] = False,
) -> None:
    """Last known health of an xNode, or a fresh check."""
    run = session(ctx)
    found = run.wiring.watch().health(which, fresh=run_check)
    now = run.wiring.clock().now()
    run.out.show(found, lambda screen: _paint_health(screen, found, now))


def _paint_health(screen: "Screen", found: "Health", now: datetime) -> None:
    from capsule_cli.theme import status_dot

    screen.header(f"Health of {found.xnode}")
    screen.fields(
        [
            ("status", status_dot(found.status, active=found.status == "healthy")),
            ("checked", age(found.checked_at, now)),
        ]
    )
    for check in found.checks:
        if check.ok:
            took = "" if check.latency_ms is None else f"  {check.latency_ms:.0f} ms"
            screen.success(f"{check.kind}{took}")
        else:
            screen.failure(f"{check.kind}  {check.error or ''}")


def metrics(
    ctx: typer.Context,
    which: Which,
    *,
    collect: Annotated[bool, typer.Option("--collect", help="Look now.")] = False,
) -> None:
    """Last known metrics of an xNode, or fresh ones."""
    run = session(ctx)
    found = run.wiring.watch().metrics(which, fresh=collect)
    now = run.wiring.clock().now()
    run.out.show(found, lambda screen: _paint_metrics(screen, found, now))


def _paint_metrics(screen: "Screen", found: "Metrics", now: datetime) -> None:
    screen.header(f"Metrics of {found.xnode}")
    loads = (found.load_1, found.load_5, found.load_15)
    screen.fields(
        [
            ("CPU", _percent(found.cpu_percent)),
            ("memory", _percent(found.memory_percent)),
            ("load", "  ".join("?" if load is None else f"{load:.2f}" for load in loads)),
            ("uptime", "?" if found.uptime_seconds is None else span(found.uptime_seconds)),
            ("collected", age(found.collected_at, now)),
        ]
    )
    if found.disks:
        screen.section("Disks")
        screen.table(
            ["mount", "used", "inodes"],
            [(d.mount, _percent(d.used_percent), _percent(d.inodes_percent)) for d in found.disks],
            right=["used", "inodes"],
        )


def _percent(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f} %"
