"""A machine that goes back to an earlier generation under a person's eyes."""

from typing import TYPE_CHECKING

from capsule_cli.applying import question
from capsule_cli.session import Session
from capsule_cli.switch_meant import Meant
from capsule_cli.switch_screen import paint_plan
from capsule_cli.switching import Ready, switch_all

if TYPE_CHECKING:
    from capsule_domain.services.go_back import BackWish


def go_back(run: Session, meant: Meant, wish: "BackWish") -> None:
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
