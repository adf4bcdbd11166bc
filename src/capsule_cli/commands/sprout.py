"""Sprouts: one tool, whole, by one command."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.growth import SproutChange, SproutRow
    from capsule_domain.services.sprout import GrowSprout


def sprouts(
    ctx: typer.Context,
    *,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Only those you have, or have not.")
    ] = None,
) -> None:
    """The quick-install recipes there are."""
    run = session(ctx)
    rows = [row for row in _grow(run).rows() if active in (None, row.active)]
    run.out.show(rows, lambda screen: _paint_rows(screen, rows))


def _paint_rows(screen: "Screen", rows: Sequence["SproutRow"]) -> None:
    from capsule_cli.theme import status_dot

    screen.header("Sprouts")
    screen.table(
        ["sprout", "brings", "what it is"],
        [
            (
                status_dot(row.name, active=row.active),
                ", ".join(dict.fromkeys([*row.stacks, *row.packages])),
                row.summary,
            )
            for row in rows
        ],
        whole=["sprout"],
    )
    if screen.fancy:
        screen.hint("capsule sprout NAME")


def sprout(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(help="See `capsule sprouts`.", autocompletion=complete.sprouts)
    ],
) -> None:
    """Add one tool, whole, to the active profile."""
    run = session(ctx)
    change = _grow(run).grow(name)
    dry_run = run.options.dry_run
    run.out.show(change, lambda screen: _paint_change(screen, change, dry_run=dry_run))


def _paint_change(screen: "Screen", change: "SproutChange", *, dry_run: bool) -> None:
    from capsule_cli.changes import tell_copied

    profile = change.profile.name
    tell_copied(screen, change.copied_from, profile, dry_run=dry_run)
    verb = "would be" if dry_run else "is"
    for stack in change.added:
        screen.success(f"the stack {stack} {verb} added to {profile}")
    for package in change.packages:
        screen.success(f"{package} {verb} added to {profile}")
    for package in change.unfree:
        screen.warning(f"the licence of {package}, which is not free, {verb} allowed by name")
    if not (change.added or change.packages or change.unfree):
        screen.line(f"{change.sprout} is in {profile} already: nothing to do")
    if change.services:
        screen.line(f"on NixOS it runs {', '.join(change.services)}")
    screen.line("then: capsule setup here, or capsule nixos generate for a machine")
    screen.hint(change.next)


def _grow(run: Session) -> "GrowSprout":
    from capsule_domain.services.sprout import GrowSprout

    choices = run.wiring.choices_to_change(dry_run=run.options.dry_run)
    return GrowSprout(choices, run.wiring.presets())
