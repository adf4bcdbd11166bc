"""Alerts: shown, taken on, closed."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.alert import Alert


class _Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class _State(StrEnum):
    OPEN = "open"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
    ALL = "all"


Which = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="An alert's id, or its beginning.", autocompletion=complete.alerts
    ),
]
Comment = Annotated[str, typer.Option("--comment", help="Why, for those who look later.")]


def alerts(
    ctx: typer.Context,
    *,
    severity: Annotated[_Severity | None, typer.Option(help="Only those of this severity.")] = None,
    xnode_id: Annotated[
        str | None,
        typer.Option(
            "--xnode-id", help="Only of this xNode, by name or id.", autocompletion=complete.xnodes
        ),
    ] = None,
    state: Annotated[
        _State, typer.Option(help="`open` is what is pending or firing.")
    ] = _State.OPEN,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
) -> None:
    """The alerts there are, the worst first."""
    from capsule_cli.alerts import as_data, paint_alerts
    from capsule_domain.models.alert import AlertSeverity, AlertState
    from capsule_domain.models.book import AlertFilter
    from capsule_domain.services.sweep import OPEN

    run = session(ctx)
    own = () if state is _State.ALL else OPEN
    states = own if state in (_State.ALL, _State.OPEN) else (AlertState(state.value),)
    chosen = AlertFilter(
        states=states,
        severity=severity and AlertSeverity(severity.value),
        xnode_id=xnode_id and run.wiring.inventory().get(xnode_id).id,
        limit=limit,
    )
    found = run.wiring.alert_book().list(chosen)
    now = run.wiring.clock().now()

    def paint(screen: "Screen") -> None:
        screen.header("Alerts")
        if found:
            paint_alerts(screen, found, now)
        else:
            screen.line("none")

    run.out.show([as_data(alert) for alert in found], paint)


def ack(ctx: typer.Context, which: Which, *, comment: Comment = "") -> None:
    """Take an alert on: it is not repeated any more."""
    run = session(ctx)
    book = run.wiring.alert_book()
    if run.options.dry_run:
        _show(run, book.get(which), "would be taken on")
        return
    now = run.wiring.clock().now()
    _show(run, book.acknowledge(which, by=run.wiring.actor, comment=comment, at=now), "is taken on")


def resolve(ctx: typer.Context, which: Which, *, comment: Comment = "") -> None:
    """Close an alert; what still holds fires anew after its time."""
    run = session(ctx)
    book = run.wiring.alert_book()
    if run.options.dry_run:
        _show(run, book.get(which), "would be closed")
        return
    now = run.wiring.clock().now()
    _show(run, book.resolve(which, by=run.wiring.actor, comment=comment, at=now), "is closed")


def _show(run: Session, alert: "Alert", done: str) -> None:
    from capsule_cli.alerts import as_data

    text = f"{alert.id} {done}: {alert.xnode}: {alert.message}"
    run.out.show(as_data(alert), lambda screen: screen.success(text))
