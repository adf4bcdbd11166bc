"""The tour."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_cli.tour import Demo, Step, Tour
    from capsule_domain.models.deployment import DeploymentEvent


def demo(ctx: typer.Context) -> None:
    """The whole journey in the rehearsal cloud, under a minute."""
    from capsule_cli.tour import Demo

    run = session(ctx)
    if not run.out.json:
        run.out.screen.header("Capsule demo")
    with _tour(run) as tour:
        steps = []
        for step in tour.walk():
            steps.append(step)
            if not run.out.json:
                paint_step(run.out.screen, step)
    done = Demo(steps=steps)
    run.out.show(done, lambda screen: _paint_end(screen, done))
    if tour.error is not None:
        raise tour.error


@contextmanager
def _tour(run: Session) -> Iterator["Tour"]:
    """A tour in a home of its own, which is gone afterwards."""
    from capsule_cli.tour import Tour

    def progress(event: "DeploymentEvent") -> None:
        if run.options.verbose:
            run.out.talk(f"    {event.step}  {event.detail}")

    with tempfile.TemporaryDirectory(prefix="capsule-demo-") as folder:
        wiring = run.wire(replace(run.options, home=Path(folder), sandbox=True))
        try:
            yield Tour(wiring, progress)
        finally:
            wiring.close()
            wiring.sandbox().down()


def paint_step(screen: "Screen", step: "Step") -> None:
    """One line for one step."""
    line = f"{step.name:<22} {step.seconds:>5.1f} s  {step.detail}"
    (screen.success if step.ok else screen.failure)(line)


def _paint_end(screen: "Screen", done: "Demo") -> None:
    seconds = sum(step.seconds for step in done.steps)
    if done.ok:
        screen.line(f"the whole road in {seconds:.1f} s; nothing was charged, nothing is left")
        if screen.fancy:
            screen.hint("capsule --sandbox openmesh deploy --name first   to go on by yourself")
    else:
        screen.line(f"the road broke after {seconds:.1f} s; nothing is left behind")
