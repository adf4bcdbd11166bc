"""A machine that goes back to an earlier generation under a person's eyes."""

from typing import TYPE_CHECKING

from capsule_cli.applying import question
from capsule_cli.generation_table import paint_generations
from capsule_cli.session import Session
from capsule_cli.switch_meant import Meant
from capsule_cli.switch_screen import paint_plan
from capsule_cli.switching import Ready, switch_all
from capsule_domain.errors import CapsuleError, UsageError
from capsule_domain.services.go_back import BackWish
from capsule_domain.services.ready import target_of

if TYPE_CHECKING:
    from capsule_domain.models.xnode import XNode

_MOST_SHOWN = 15


def go_back(run: Session, meant: Meant, wish: BackWish) -> None:
    """Looked at, asked about, switched. The current one is there already: nothing to do."""
    service = run.wiring.go_back()
    way = service.look(meant.name, meant.key, meant.machine, wish)
    if run.options.dry_run:
        run.out.show(way.plan, lambda screen: paint_plan(screen, way.plan))
        return
    job = None
    if not way.plan.is_done:
        if not (run.out.json or run.out.quiet):
            paint_plan(run.out.margin, way.plan)
        run.ask.confirm(question([way.plan]))
        job = service.job(way, wish)
    switch_all(run, [Ready(meant, way.plan, job)], many=False, at_once=1)


def look_and_go_back(run: Session, xnode: "XNode") -> str:
    """An xNode's generations on the terminal, and back to one of them if a person wants that.

    What came of it, in one line.
    """
    try:
        meant = Meant(xnode.name, xnode.id, target_of(xnode), xnode)
        with run.wiring.nixos_hosts().enter(meant.machine) as host:
            known = host.generations()
        shown = sorted(known, key=lambda one: one.generation, reverse=True)[:_MOST_SHOWN]
        paint_generations(run.out.screen, xnode.name, shown, len(known))
        wanted = run.ask.text("Back to which one? Its number, or nothing to leave it")
        if not wanted:
            return ""
        go_back(run, meant, BackWish(generation=generation_number(wanted)))
    except CapsuleError as error:
        return f"✗ {error.message}"
    return f"✓ {xnode.name} is at the generation that was asked for"


def generation_number(text: str | None) -> int | None:
    """None is the previous one. Raises UsageError."""
    if text is None or text == "previous":
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise UsageError(f"{text[:40]!a} is no generation", hint="a number, or previous")
    return int(text)
