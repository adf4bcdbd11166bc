"""The xNodes that Capsule looks after."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from capsule_cli.narrow import AtProvider, AtRegion, Gone, Most, Status, WithTags, narrowed
from capsule_cli.originals import offer_original
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.xnode import XNode, XNodeFilter


def xnodes(
    ctx: typer.Context,
    *,
    status: Status = None,
    region: AtRegion = None,
    provider: AtProvider = None,
    tags: WithTags = None,
    limit: Most = None,
) -> None:
    """The xNodes that Capsule looks after."""
    run = session(ctx)
    chosen = narrowed(run, status=status, region=region, provider=provider, tags=tags)
    _show(run, chosen, limit)


def inventory(
    ctx: typer.Context,
    *,
    status: Status = None,
    region: AtRegion = None,
    provider: AtProvider = None,
    tags: WithTags = None,
    gone: Gone = False,
    limit: Most = None,
) -> None:
    """The inventory of xNodes: listed, changed by hand, sent, compared with the clouds."""
    if ctx.invoked_subcommand is not None:
        return
    run = session(ctx)
    chosen = narrowed(run, status=status, region=region, provider=provider, tags=tags, gone=gone)
    _show(run, chosen, limit)
    offer_original(run)


def _show(run: Session, chosen: "XNodeFilter", limit: int | None) -> None:
    kept = run.wiring.inventory()
    rows = kept.list(chosen, limit=limit)
    run.out.show(rows, lambda screen: _paint(screen, rows))
    if limit is not None and len(rows) == limit and (count := kept.count(chosen)) > limit:
        run.out.talk(f"{limit} of {count:,}")


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
