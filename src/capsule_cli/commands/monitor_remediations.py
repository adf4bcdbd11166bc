"""What the collector did about alerts by itself, and what not, and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.remediation import Remediation

_STYLES = {"failed": "bad", "unknown": "bad", "held": "warned", "refused": "warned", "done": "good"}


def remediations(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]…", help="All xNodes, unless named.", autocompletion=complete.xnodes
        ),
    ] = None,
    *,
    since: Annotated[
        str | None,
        typer.Option(help="Only from then on: 30m, 24h, 7d, 2w or 2026-11-01."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many at most.")] = 1000,
) -> None:
    """What was done about alerts by itself, what was not, and why; the newest last."""
    from capsule_domain.models.remediation import RemediationFilter
    from capsule_domain.models.time_past import ago

    run = session(ctx)
    now = run.wiring.clock().now()
    chosen = RemediationFilter(
        since=ago(since, now) if since else None,
        xnode_ids=tuple(run.wiring.inventory().get(name).id for name in names or ()),
        limit=limit,
    )
    found = run.wiring.remediation_log().list(chosen)
    settings = run.wiring.watch_plan().remediation

    def paint(screen: "Screen") -> None:
        screen.header("Remedies")
        _paint(screen, found, now)
        if not settings.enabled:
            screen.line("nothing is done by itself: that is switched off", style="inactive")
        elif settings.dry_run:
            screen.line("a dry run: all is decided, and nothing done", style="inactive")

    run.out.show(found, paint)


def _paint(screen: "Screen", found: Sequence["Remediation"], now: datetime) -> None:
    if not found:
        screen.line("none")
        return
    screen.table(
        ["when", "xNode", "alert", "remedy", "state", "why"],
        [_row(one, now) for one in found],
        whole=["when", "state"],
    )


def _row(one: "Remediation", now: datetime) -> Sequence["Cell"]:
    from rich.text import Text

    from capsule_cli.ages import age

    return (
        age(one.time, now),
        one.xnode or "fleet",
        f"{one.rule} {one.instance}".strip(),
        one.remedy,
        Text(one.state, style=_STYLES.get(one.state, "")),
        one.detail,
    )
