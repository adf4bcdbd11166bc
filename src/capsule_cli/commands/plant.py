"""A profile onto another machine of the person's."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.machines import OnXNode
from capsule_cli.session import Session, session
from capsule_cli.ticking import ticking

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_cli.ticking import Ticking
    from capsule_domain.models.planting import BuildOn, Planted, PlantEvent, PlantPlan
    from capsule_domain.ports.host import Destination, Target
    from capsule_domain.services.plant import Plant
    from capsule_domain.services.planting import Planting


def plant(
    ctx: typer.Context,
    *,
    machine: Annotated[
        str | None,
        typer.Argument(metavar="USER@HOST", help="As you name it to ssh; ~/.ssh/config holds."),
    ] = None,
    xnode: OnXNode = None,
    port: Annotated[
        int | None,
        typer.Option("--port", "-p", help="The SSH port of USER@HOST.", min=1, max=65535),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="A profile [the xNode's, else the active one].", autocompletion=complete.profiles
        ),
    ] = None,
    build_on: Annotated[
        str,
        typer.Option(
            help="Where packages are built: auto, local or remote.",
            autocompletion=complete.words("auto", "local", "remote"),
        ),
    ] = "auto",
    no_capsule: Annotated[
        bool, typer.Option("--no-capsule", help="Leave Capsule itself out.")
    ] = False,
) -> None:
    """Put a profile on another machine over SSH."""
    run = session(ctx)
    where = _build_on(build_on)
    found, own = _machine(run, machine, port, xnode)
    environment = run.wiring.manage_profile().show(profile or own)
    service = run.wiring.plant()
    capsule = not (no_capsule or _is_offline(run))
    planting = service.plan(found, environment, build_on=where, capsule=capsule)
    plan = planting.plan
    if run.options.dry_run:
        run.out.show(plan, lambda screen: _paint_plan(screen, plan))
        return
    if not (run.out.json or run.out.quiet):
        _paint_plan(run.out.margin, plan)
    if plan.changes:
        run.ask.confirm(f"Plant {plan.profile} on {plan.destination}?")
    planted = _grow(run, service, planting)
    run.out.show(planted, lambda screen: _paint_planted(screen, planted))


def _machine(
    run: Session, machine: str | None, port: int | None, xnode: str | None
) -> "tuple[Target | Destination, str | None]":
    """The one that is meant, and the profile that it is for, where that is known.

    Raises UsageError for none and for two; NotFound and Conflict for the xNode.
    """
    from capsule_domain.errors import UsageError
    from capsule_domain.ports.host import Destination
    from capsule_domain.services.living import refuse_gone
    from capsule_domain.services.ready import target_of

    if (machine is None) == (xnode is None):
        raise UsageError(
            "it is planted on one machine", hint="capsule plant user@host, or --xnode NAME"
        )
    if machine is not None:
        return Destination.named(machine, port=port), None
    if port is not None:
        raise UsageError("the port of an xNode is known", hint="leave --port out")
    found = run.wiring.inventory().get(xnode or "")
    refuse_gone(found)
    return target_of(found), found.profile


def _is_offline(run: Session) -> bool:
    """A rehearsed machine has no network, from which pip could fetch what Capsule needs."""
    if run.options.sandbox:
        run.out.warn("a rehearsed machine has no network: Capsule itself is left out")
    return run.options.sandbox


def _build_on(text: str) -> "BuildOn":
    from capsule_domain.errors import UsageError
    from capsule_domain.models.planting import BuildOn

    if text not in list(BuildOn):
        raise UsageError(f"packages are not built on '{text}'", hint="--build-on auto|local|remote")
    return BuildOn(text)


def _grow(run: Session, service: "Plant", planting: "Planting") -> "Planted":
    with ticking(run.out) as ticks:
        return service.run(planting, progress=lambda event: _tell(ticks, event))


def _tell(ticks: "Ticking", event: "PlantEvent") -> None:
    if event.detail:
        ticks.heard(event.detail)
    else:
        ticks.step(event.step.doing)


def _paint_plan(screen: "Screen", plan: "PlantPlan") -> None:
    from capsule_domain.models.planting import counted

    screen.header(f"Plant {plan.profile}")
    screen.fields(
        [
            ("machine", f"{plan.destination}: {plan.machine}"),
            ("build", f"{'there' if plan.build_on == 'remote' else 'here'}, {plan.build_because}"),
        ]
    )
    if plan.installer is not None:
        screen.fields([("installer", f"to be read at {plan.installer.path}")])
    for change in plan.changes:
        size = "" if change.size_bytes is None else f"  {_size(change.size_bytes)}"
        screen.line(f"  + {change.what}", style="good")
        screen.line(f"      {change.where}{size}", style="advice")
    for note in plan.notes:
        screen.warning(note)
    screen.line(counted(plan.changes))


def _size(size_bytes: int) -> str:
    return f"{size_bytes} bytes" if size_bytes < 10_000 else f"{size_bytes / 1024:.0f} KiB"


def _paint_planted(screen: "Screen", planted: "Planted") -> None:
    from capsule_domain.models.planting import counted

    screen.success(
        f"{planted.profile} is on {planted.destination}, as a fresh login shell there sees it: "
        f"{counted(planted.changes)}"
    )
    screen.line(planted.store_path, style="advice")
    if planted.seen.capsule_version and screen.fancy:
        screen.hint("there: capsule profile use ml-gpu && capsule setup")
