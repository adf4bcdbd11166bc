"""`capsule update`."""

import shlex
from typing import TYPE_CHECKING

import typer

from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.services.update import Updated, UpdatePlan


def update(ctx: typer.Context) -> None:
    """Update this Capsule, or say how that is done."""
    from capsule_cli.heartbeat import listening
    from capsule_domain.services.update import Update

    run = session(ctx)
    service = Update(run.wiring.installation())
    plan = service.plan()
    if run.options.dry_run or not plan.automatic:
        run.out.show(plan, lambda screen: _paint_plan(screen, plan))
        return
    if not run.out.json:
        _paint_plan(run.out.margin, plan)
    run.ask.confirm("Run these commands?")
    with listening(run.out) as heartbeat:
        done = service.run(plan, heartbeat)
    run.out.show(done, lambda screen: _paint_done(screen, done))


def _paint_plan(screen: "Screen", plan: "UpdatePlan") -> None:
    screen.header("Update")
    origin = plan.origin
    screen.fields(
        [
            ("version", origin.version),
            ("installed by", origin.means),
            ("in", origin.place),
            *([("from", origin.source)] if origin.source else []),
            *([("at", origin.revision)] if origin.revision else []),
        ]
    )
    screen.line(f"{plan.why}:" if plan.commands else plan.why)
    for command in plan.commands:
        screen.line(f"  {shlex.join(command)}", style="name")


def _paint_done(screen: "Screen", done: "Updated") -> None:
    if not done.changed:
        screen.success(f"Capsule {done.version_after} is the newest that its checkout leads to")
        return
    screen.success(f"Capsule {done.version_before} → {done.version_after}")
    if done.revision_before and done.revision_before != done.revision_after:
        screen.line(f"{done.revision_before} → {done.revision_after}", style="advice")
