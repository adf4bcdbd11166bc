"""The journal of renting."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.deployment import Deployment

_MOST_HINTS = 3


def deployments(
    ctx: typer.Context,
    *,
    which: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="One, by id or name, with its events.",
            autocompletion=complete.deployments,
        ),
    ] = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Only where something may be billed unused.")
    ] = False,
) -> None:
    """The journal of deployments."""
    run = session(ctx)
    journal = run.wiring.journal()
    if which is not None:
        one = journal.get(which)
        run.out.show(one, lambda screen: _paint_deployment(screen, one))
        return
    rows = journal.list(unfinished=unfinished)
    run.out.show(rows, lambda screen: _paint_deployments(screen, rows))


def _paint_deployments(screen: "Screen", rows: Sequence["Deployment"]) -> None:
    from capsule_cli.theme import status_dot

    screen.header("Deployments")
    if not rows:
        screen.line("none")
        return
    screen.table(
        ["deployment", "name", "state", "cloud", "server", "started"],
        [
            (
                row.id,
                status_dot(row.name, active=row.state == "ready"),
                row.state,
                row.provider[:4].upper(),
                row.server_id or "",
                f"{row.started_at:%Y-%m-%d %H:%M} UTC",
            )
            for row in rows
        ],
        whole=["deployment", "name", "state"],
    )
    left = [row for row in rows if row.state.unfinished]
    if left:
        screen.warning(f"{len(left)} unfinished: something may be billed and not in use")
        for row in left[:_MOST_HINTS]:
            _hint_ways_on(screen, row)


def _paint_deployment(screen: "Screen", one: "Deployment") -> None:
    screen.header(f"Deployment {one.id}")
    screen.fields(
        [
            ("name", one.name),
            ("state", one.state),
            ("rented", f"{one.slug} in {one.region} at {one.provider}"),
            ("server", one.server_id or "not known"),
            ("tag", one.tag),
        ]
    )
    screen.section("Events")
    for event in one.events:
        screen.line(f"  {event.time:%Y-%m-%d %H:%M:%S}  {event.step}  {event.detail}".rstrip())
    if one.state.unfinished:
        _hint_ways_on(screen, one)


def _hint_ways_on(screen: "Screen", one: "Deployment") -> None:
    screen.hint(f"capsule openmesh deploy --resume {one.id}")
    screen.hint(f"capsule openmesh deploy --abandon {one.id}")
