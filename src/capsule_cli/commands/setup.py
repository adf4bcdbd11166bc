"""Installing the person's own packages, and looking before."""

from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli.heartbeat import listening
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.forecast import Forecast, Inspection
    from capsule_domain.models.generation import Activation
    from capsule_domain.ports.search_path import SearchPath


_SHOWN_BUILDS = 12


def setup(
    ctx: typer.Context,
    *,
    update: Annotated[
        bool, typer.Option("--update", help="Move the lock to the newest packages.")
    ] = False,
    path: Annotated[
        bool, typer.Option("--path", help="Put them on PATH in your shell's start-up file.")
    ] = False,
) -> None:
    """Install the active profile on this machine."""
    from capsule_domain.errors import UsageError

    run = session(ctx)
    if path and run.options.sandbox:
        raise UsageError("--path changes a file of yours, which --sandbox never does")
    with listening(run.out) as heartbeat:
        done = run.wiring.activate().run(
            update=update,
            dry_run=run.options.dry_run,
            agree=_agreement(run, heartbeat.clear),
            progress=heartbeat,
        )
    run.out.show(done, lambda screen: _paint_done(screen, done, dry_run=run.options.dry_run))
    _tell_path(run, done, add=path)


def _agreement(run: Session, clear: Callable[[], None]) -> "Callable[[Activation], None]":
    def agree(plan: "Activation") -> None:
        clear()
        if not (run.out.json or run.out.quiet):
            _paint_plan(run.out.margin, plan)
        run.ask.confirm(f"Install the profile {plan.profile}?")

    return agree


def _paint_plan(screen: "Screen", plan: "Activation") -> None:
    screen.header(f"Setup of {plan.profile}")
    screen.fields(
        [
            *([("nixpkgs", _nixpkgs(plan))] if plan.nixpkgs.revision else []),
            ("download", _download(plan.forecast)),
            ("build here", _build(plan.forecast)),
            ("profile", plan.link),
        ]
    )
    for name in plan.added:
        screen.line(f"  + {name}", style="good")
    for name in plan.removed:
        screen.line(f"  - {name}", style="bad")
    for name, versions in plan.updated.items():
        screen.line(f"  ~ {name} {versions}", style="package")
    for warning in plan.warnings:
        screen.warning(warning)


def _nixpkgs(plan: "Activation") -> str:
    date = f" of {plan.nixpkgs.date:%Y-%m-%d}" if plan.nixpkgs.date else ""
    return f"{(plan.nixpkgs.revision or '')[:12]}{date}"


def _download(forecast: "Forecast") -> str:
    if not forecast.fetch:
        return "nothing"
    size = "" if forecast.download_mib is None else f", {forecast.download_mib:.1f} MiB"
    unpacked = "" if forecast.unpacked_mib is None else f" ({forecast.unpacked_mib:.1f} on disk)"
    return f"{forecast.fetch} store paths{size}{unpacked}"


def _build(forecast: "Forecast") -> str:
    shown = ", ".join(forecast.build[:_SHOWN_BUILDS])
    more = len(forecast.build) - _SHOWN_BUILDS
    return (f"{shown} and {more} more" if more > 0 else shown) or "nothing but links"


def _paint_done(screen: "Screen", done: "Activation", *, dry_run: bool) -> None:
    if not done.changed:
        screen.success(f"{done.profile} is installed already: nothing to do")
        return
    if dry_run:
        _paint_plan(screen, done)
        screen.line("nothing was changed", style="advice")
        return
    screen.success(f"{done.profile} is installed as generation {done.generation}")
    screen.line(f"{done.link} → {done.store_path}", style="advice")
    if screen.fancy:
        screen.hint("capsule rollback   to go back")


def _tell_path(run: Session, done: "Activation", *, add: bool) -> None:
    """Say what PATH needs; write it only when that was asked for."""
    from capsule_domain.errors import CapsuleError

    search_path = run.wiring.search_path()
    folder = PurePath(done.path)
    if add and not run.options.dry_run:
        _add_to_path(run, search_path, folder)
    elif not (done.on_path or run.options.sandbox):
        try:
            _advise_path(run, search_path, folder)
        except CapsuleError as error:  # all that was asked for is done
            run.out.talk(f"{folder} is not on your PATH: {error.message}")


def _advise_path(run: Session, search_path: "SearchPath", folder: PurePath) -> None:
    if search_path.is_written(folder):
        run.out.talk(f"{folder} is on PATH in new terminals")
        return
    run.out.talk(f"{folder} is not on your PATH: add to {search_path.start_up_file()}")
    run.out.talk(f"    {search_path.line(folder)}")
    run.out.advise("capsule setup --path   does it for you")


def _add_to_path(run: Session, search_path: "SearchPath", folder: PurePath) -> None:
    file = search_path.start_up_file()
    if search_path.add(folder):
        run.out.success(f"{folder} is on PATH by {file}; it holds for new terminals")
    else:
        run.out.talk(f"{file} puts it on PATH already")


def check(
    ctx: typer.Context,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Stop before what needs the network.")
    ] = False,
) -> None:
    """Look whether the active profile would install, and what that would change."""
    run = session(ctx)
    with listening(run.out) as heartbeat:
        seen = run.wiring.check().run(offline=offline, progress=heartbeat)
    run.out.show(seen, lambda screen: _paint_inspection(screen, seen))
    if not seen.ok:
        raise typer.Exit(10)


def _paint_inspection(screen: "Screen", seen: "Inspection") -> None:
    screen.header(f"Check of {seen.profile}" if seen.profile else "Check")
    for step in seen.steps:
        line = f"{step.name:<12}{step.detail}"
        if step.done:
            screen.success(line)
        else:
            screen.warning(f"{step.name:<12}not done: {step.detail}")
    for finding in seen.findings:
        place = f"{finding.file}:{finding.line}: " if finding.line else ""
        paint = screen.failure if finding.severity == "error" else screen.warning
        paint(f"{place}{finding.message}")
        if finding.hint:
            screen.hint(finding.hint)
    for name in seen.added:
        screen.line(f"  + {name}", style="good")
    for name in seen.removed:
        screen.line(f"  - {name}", style="bad")
    if seen.changes is False:
        screen.line("it is installed already: setup would change nothing")
    elif seen.ok and seen.changes and screen.fancy:
        screen.hint("capsule setup")
