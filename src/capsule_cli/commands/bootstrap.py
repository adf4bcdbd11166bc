"""Nix onto this machine, or another."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli.session import Session, session
from capsule_cli.ticking import ticking

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.planting import Bootstrapped, BootstrapPlan
    from capsule_domain.ports.host import Destination
    from capsule_domain.services.bootstrap import Bootstrap


def bootstrap(
    ctx: typer.Context,
    *,
    remote: Annotated[
        str | None,
        typer.Option(metavar="USER@HOST", help="Another machine, as you name it to ssh."),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", "-p", help="Its SSH port.", min=1, max=65535)
    ] = None,
) -> None:
    """Install Nix, showing each step first."""
    from capsule_domain.errors import UsageError
    from capsule_domain.ports.host import Destination

    run = session(ctx)
    if port is not None and remote is None:
        raise UsageError("a port is for another machine", hint="--remote user@host -p PORT")
    if remote is None and run.options.sandbox:
        raise UsageError("a rehearsal installs nothing on this machine", hint="capsule bootstrap")
    destination = Destination.named(remote, port=port) if remote is not None else None
    service = run.wiring.bootstrap(may_ask=run.ask.can_ask)
    plan = service.plan(destination)
    if run.options.dry_run:
        run.out.show(plan, lambda screen: _paint_plan(screen, plan))
        return
    if plan.installer is not None:
        if not (run.out.json or run.out.quiet):
            _paint_plan(run.out.margin, plan)
        run.ask.confirm(f"Run this installer on {plan.where}?")
    done = _install(run, service, plan, destination)
    run.out.show(done, lambda screen: _paint_done(screen, done))


def _install(
    run: Session, service: "Bootstrap", plan: "BootstrapPlan", destination: "Destination | None"
) -> "Bootstrapped":
    if destination is None and run.ask.can_ask:
        # sudo may ask for a password: a line that is painted over and over would hide that.
        return service.run(plan, destination, heard=lambda line: run.out.talk(f"  {line}"))
    with ticking(run.out) as ticks:
        if plan.installer is not None:
            ticks.step(f"installing Nix on {plan.where}")
        return service.run(plan, destination, heard=ticks.heard)


def _paint_plan(screen: "Screen", plan: "BootstrapPlan") -> None:
    screen.header("Bootstrap")
    screen.fields([("machine", f"{plan.where}: {plan.machine}")])
    if plan.installer is None:
        screen.success(f"Nix {plan.nix_version} is there already: {plan.nix}")
    else:
        one = plan.installer
        screen.fields(
            [
                ("installer", one.url),
                ("size", f"{one.size_bytes} bytes"),
                ("sha256", one.sha256),
                ("file", f"{one.path}, to be read before"),
                ("command", f"sh nix-{one.sha256[:12]}.sh {' '.join(plan.arguments)}"),
                ("for", "all users, with a daemon" if plan.multi_user else "this user alone"),
            ]
        )
    for note in plan.notes:
        screen.warning(note)


def _paint_done(screen: "Screen", done: "Bootstrapped") -> None:
    if done.changed:
        screen.success(f"Nix {done.nix_version} is installed on {done.where}: {done.nix}")
    else:
        screen.success(f"Nix {done.nix_version} is there already: {done.nix}; nothing to do")
    for note in done.notes:
        screen.warning(note)
    if screen.fancy:
        screen.hint("capsule setup")
