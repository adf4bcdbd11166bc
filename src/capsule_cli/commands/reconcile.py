"""Every server in every account, and what to do about those that nobody looks after."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.settling import Done
    from capsule_cli.theme import Screen
    from capsule_domain.models.reconciliation import Reconciliation

_STYLES = {"managed": "good", "foreign": "advice"}


def reconcile(
    ctx: typer.Context,
    *,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take orphans into the inventory, asking for each.")
    ] = False,
    destroy: Annotated[
        bool,
        typer.Option("--destroy", help="End orphans, and what is left beside servers, asking."),
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Write off ghosts, asking for each.")
    ] = False,
) -> None:
    """Every server in every account, beside what the books say."""
    from capsule_cli.report import end_with_the_worst
    from capsule_cli.settling import carry_out, to_adopt, to_destroy, to_forget
    from capsule_domain.errors import UsageError

    run = session(ctx)
    if [adopt, destroy, forget].count(True) > 1:
        raise UsageError("--adopt, --destroy and --forget: one at a time")
    found = run.wiring.reconcile().run()
    for silent in found.silent:
        run.out.warn(f"{silent.reason}; nothing is concluded from that")
        if silent.hint:
            run.out.advise(silent.hint)
    if not (adopt or destroy or forget):
        run.out.show(_data(found), lambda screen: _paint(screen, found))
        return
    if not (run.out.json or run.out.quiet):
        _paint(run.out.margin, found)
    tasks = to_adopt if adopt else to_destroy if destroy else to_forget
    done = carry_out(run, tasks(run, found))
    run.out.show([one.data(run) for one in done], lambda screen: _paint_done(screen, done))
    end_with_the_worst(one.error for one in done)


def _data(found: "Reconciliation") -> dict[str, Any]:
    from capsule_cli.output import plain

    return {
        "rows": [plain(row) for row in found.rows],
        "leftovers": [plain(leftover) for leftover in found.leftovers],
        "silent": [plain(silent) for silent in found.silent],
        "leaking_per_month": [plain(money) for money in found.leaking_per_month],
    }


def _paint(screen: "Screen", found: "Reconciliation") -> None:
    from rich.text import Text

    from capsule_cli.money import cents

    screen.header("Reconcile")
    if found.rows:
        screen.table(
            ["state", "name", "cloud", "server", "$/mo", "what"],
            [
                (
                    Text(row.state, _STYLES.get(row.state, "bad")),
                    row.name,
                    row.provider[:4].upper(),
                    row.server_id or "",
                    cents(row.price_per_month) if row.price_per_month else "?",
                    row.detail,
                )
                for row in found.rows
            ],
            right=["$/mo"],
            whole=["state", "name", "cloud"],
        )
    else:
        screen.line("no server anywhere")
    for leftover in found.leftovers:
        screen.line(f"left beside servers: {leftover.title} at {leftover.provider}")
    for money in found.leaking_per_month:
        screen.warning(f"{cents(money)} a month for what nobody uses")
    _paint_ways_on(screen, found)


def _paint_ways_on(screen: "Screen", found: "Reconciliation") -> None:
    from capsule_domain.models.reconciliation import Standing

    for row in found.of(Standing.UNFINISHED):
        screen.hint(f"capsule openmesh deploy --resume {row.deployment or row.name}")
        screen.hint(f"capsule openmesh deploy --abandon {row.deployment or row.name}")
    if found.of(Standing.ORPHAN):
        screen.hint("capsule openmesh reconcile --adopt")
    if found.of(Standing.ORPHAN) or found.leftovers:
        screen.hint("capsule openmesh reconcile --destroy")
    if found.of(Standing.GHOST):
        screen.hint("capsule openmesh reconcile --forget")


def _paint_done(screen: "Screen", done: "Sequence[Done]") -> None:
    for one in done:
        if one.error is None:
            screen.success(one.sentence)
        else:
            screen.failure(f"{one.name}: {one.error.message}")
            if one.error.hint:
                screen.hint(one.error.hint)
    if not done:
        screen.line("nothing to do")
