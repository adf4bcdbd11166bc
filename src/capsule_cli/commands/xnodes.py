"""The xNodes that Capsule looks after."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.xnode import XNode


def xnodes(
    ctx: typer.Context,
    *,
    status: Annotated[
        str | None,
        typer.Option(
            help="Such as running, stopped or gone.",
            autocompletion=complete.words(
                "pending", "running", "stopped", "restarting", "unknown", "gone"
            ),
        ),
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Only in this region.", autocompletion=complete.regions)
    ] = None,
    provider: Annotated[
        str | None, typer.Option(help="Only at this cloud.", autocompletion=complete.providers)
    ] = None,
    tags: Annotated[
        str | None, typer.Option(help="All of these, a,b.", autocompletion=complete.tags)
    ] = None,
) -> None:
    """The xNodes that Capsule looks after."""
    from capsule_cli.values import listed, made
    from capsule_domain.models.xnode import XNodeFilter
    from capsule_domain.services.place import region_meant

    run = session(ctx)
    place = region and region_meant(region, run.wiring.catalogue().regions())
    chosen = made(XNodeFilter, status=status, region=place, provider=provider, tags=listed(tags))
    rows = run.wiring.inventory().list(chosen)
    run.out.show(rows, lambda screen: _paint(screen, rows))


def _paint(screen: "Screen", rows: Sequence["XNode"]) -> None:
    from capsule_cli.money import cents, rate
    from capsule_cli.theme import status_dot

    screen.header("xNodes")
    if not rows:
        screen.line("none")
        if screen.fancy:
            screen.hint("capsule openmesh deploy --name NAME")
        return
    screen.table(
        ["xNode", "status", "cloud", "region", "template", "address", "$/hr", "$/mo"],
        [
            (
                status_dot(row.name, active=row.status == "running"),
                row.status,
                row.provider[:4].upper(),
                row.region,
                row.template,
                row.address or "",
                rate(row.price_per_hour),
                cents(row.price_per_month),
            )
            for row in rows
        ],
        right=["$/hr", "$/mo"],
        whole=["xNode", "cloud"],
    )
