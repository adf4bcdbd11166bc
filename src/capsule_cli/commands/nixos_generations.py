"""The generations of a NixOS, here or on another machine, and what tells two of them apart."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.machines import OnPort, OnTarget, OnXNode, machine_of
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.closure import ClosureDifference

_NAMED = complete.words("running", "booted", "profile", "previous")
_HOW = "A number, running, booted, profile, previous, or a store path."


def list_generations(
    ctx: typer.Context,
    *,
    target: OnTarget = None,
    port: OnPort = None,
    xnode: OnXNode = None,
    limit: Annotated[
        int | None, typer.Option(help="Only so many, the newest.", metavar="N", min=1)
    ] = None,
) -> None:
    """The generations of a NixOS: which is the profile's, which runs, which was booted."""
    from capsule_cli.generation_table import paint_generations

    run = session(ctx)
    label, machine = machine_of(run, target, port, xnode)
    with run.wiring.nixos_hosts().enter(machine) as host:
        known = host.generations()
    shown = sorted(known, key=lambda one: one.generation, reverse=True)[:limit]
    run.out.show(shown, lambda screen: paint_generations(screen, label, shown, len(known)))


def diff(
    ctx: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help=_HOW, autocompletion=_NAMED)],
    after: Annotated[str, typer.Argument(metavar="B", help=_HOW, autocompletion=_NAMED)],
    *,
    target: OnTarget = None,
    port: OnPort = None,
    xnode: OnXNode = None,
) -> None:
    """What tells two systems of a machine apart: packages, versions, sizes."""
    run = session(ctx)
    _, machine = machine_of(run, target, port, xnode)
    found = run.wiring.compare_systems().run(before, after, machine)
    run.out.show(found, lambda screen: _paint_difference(screen, found, f"{before} → {after}"))


def _paint_difference(screen: "Screen", found: "ClosureDifference", title: str) -> None:
    from capsule_cli.closures import paint_difference

    screen.header(title)
    if found.is_empty:
        screen.success("the same system")
        screen.line(found.after, style="advice")
        return
    screen.fields([("from", found.before), ("to", found.after)])
    paint_difference(screen, found)
