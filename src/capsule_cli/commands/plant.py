"""A profile onto another machine of the person's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import Session, session
from capsule_cli.ticking import ticking

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_cli.ticking import Ticking
    from capsule_domain.models.planting import BuildOn, PlantChange, Planted, PlantEvent, PlantPlan
    from capsule_domain.services.plant import Plant
    from capsule_domain.services.planting import Planting


def plant(
    ctx: typer.Context,
    *,
    machine: Annotated[
        str,
        typer.Argument(metavar="USER@HOST", help="As you name it to ssh; ~/.ssh/config holds."),
    ],
    port: Annotated[
        int | None, typer.Option("--port", "-p", help="Its SSH port.", min=1, max=65535)
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="A profile [the active one].", autocompletion=complete.profiles),
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
    from capsule_domain.ports.host import Destination

    run = session(ctx)
    where = _build_on(build_on)
    destination = Destination.named(machine, port=port)
    environment = run.wiring.manage_profile().show(profile)
    service = run.wiring.plant()
    planting = service.plan(destination, environment, build_on=where, capsule=not no_capsule)
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
        ticks.step(_STEPS[event.step])


_STEPS = {
    "nix": "installing Nix",
    "files": "writing the flake and what goes with it",
    "environment": "building the packages",
    "path": "putting them on PATH",
    "capsule": "installing Capsule itself",
    "verify": "looking through a fresh login shell",
}


def _paint_plan(screen: "Screen", plan: "PlantPlan") -> None:
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
    screen.line(_count(plan.changes))


def _count(changes: "Sequence[PlantChange]") -> str:
    return "1 change" if len(changes) == 1 else f"{len(changes)} changes"


def _size(size_bytes: int) -> str:
    return f"{size_bytes} bytes" if size_bytes < 10_000 else f"{size_bytes / 1024:.0f} KiB"


def _paint_planted(screen: "Screen", planted: "Planted") -> None:
    screen.success(
        f"{planted.profile} is on {planted.destination}, as a fresh login shell there sees it: "
        f"{_count(planted.changes)}"
    )
    screen.line(planted.store_path, style="advice")
    if planted.seen.capsule_version and screen.fancy:
        screen.hint("there: capsule profile use ml-gpu && capsule setup")
