"""The collector as a service of this machine."""

import os
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.collector_service import ServicePlan, ServiceScope


def install(
    ctx: typer.Context,
    *,
    system: Annotated[
        bool, typer.Option("--system", help="From boot on; for root, and root's way.")
    ] = False,
    user: Annotated[bool, typer.Option("--user", help="For this person alone.")] = False,
    nixos: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a NixOS module instead.")
    ] = None,
) -> None:
    """Have systemd run the collector: a service of yours, of the system, or of NixOS."""
    run = session(ctx)
    scope = _scope(run, system=system, user=user, nixos=nixos)
    service = run.wiring.collector_service()
    plan = service.plan(scope, nixos)
    if run.options.dry_run:
        run.out.show(_data(plan, done=False), lambda screen: _paint_plan(screen, plan))
        return
    if plan.changed:
        run.ask.confirm(f"Write {plan.path}{' and start the service' if plan.runs_here else ''}?")
    service.install(plan, lambda _seconds, line: run.out.talk(line))
    run.out.show(_data(plan, done=True), lambda screen: _paint_done(screen, plan))


def _scope(run: Session, *, system: bool, user: bool, nixos: str | None) -> "ServiceScope":
    from capsule_domain.errors import UsageError
    from capsule_domain.models.collector_service import ServiceScope

    if system + user + (nixos is not None) > 1:
        raise UsageError("--system, --user and --nixos exclude each other", hint="choose one")
    if run.options.sandbox:
        raise UsageError(
            "the rehearsal installs no service: it touches nothing outside its folder",
            hint="without --sandbox",
        )
    if nixos is not None:
        return ServiceScope.NIXOS
    by_root = os.geteuid() == 0 and not user
    return ServiceScope.SYSTEM if system or by_root else ServiceScope.USER


def _data(plan: "ServicePlan", *, done: bool) -> dict[str, object]:
    fields = plan.model_dump(mode="json", exclude={"runs_here"})
    return {**fields, "installed": done, "started": done and plan.runs_here}


def _paint_plan(screen: "Screen", plan: "ServicePlan") -> None:
    screen.line(f"would write {plan.path}:" if plan.changed else f"{plan.path} is so already:")
    screen.line("")
    for line in plan.text.splitlines():
        screen.line(line)
    if plan.begin:
        screen.section("Then" if plan.runs_here else "Then, by hand, for systemd does not run here")
        for command in plan.begin:
            screen.line(shlex.join(command))


def _paint_done(screen: "Screen", plan: "ServicePlan") -> None:
    screen.success(f"{plan.path} {'is written' if plan.changed else 'is so already'}")
    if plan.scope == "nixos":
        screen.line(f"add it to imports = [ {plan.path} ]; then nixos-rebuild switch")
    elif plan.runs_here:
        screen.success("the service runs, and is started again whenever it fails")
    else:
        screen.line("systemd does not run here; where it does:")
        for command in plan.begin:
            screen.line(f"  {shlex.join(command)}")
    if plan.scope == "user":
        screen.line("to go on when you are logged out: loginctl enable-linger")
    screen.line("to remove it again:")
    for command in plan.remove:
        screen.line(f"  {shlex.join(command)}")
