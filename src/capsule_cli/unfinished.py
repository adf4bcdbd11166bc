"""Deployments that were interrupted: gone on with, or undone."""

from decimal import Decimal
from typing import TYPE_CHECKING

from capsule_cli.renting import paint_ready
from capsule_cli.session import Session

if TYPE_CHECKING:
    from capsule_domain.models.deployment import Deployment, DeploymentEvent, DeployPlan


def resume(run: Session, which: str) -> None:
    """Go on with the deployment of that id or name, until it is ready."""
    from capsule_domain.models.deployment import DeploymentState

    service = run.wiring.resume(lambda event: _tell(run, event))
    found = service.find(which)
    what = f"deployment {found.id} of {found.name}, {found.state}, at {found.provider}"
    if run.options.dry_run:
        run.out.show(found, lambda screen: screen.line(f"would go on with {what}"))
        return
    if found.state is DeploymentState.INTENDED and found.plan is not None:
        run.ask.confirm(f"Go on with {what}? Where it is not rented yet, it is: {_cost(found)}.")
    xnode = service.run(found, agree=lambda was, now: _agree(run, was, now))
    run.out.show(xnode, lambda screen: paint_ready(screen, xnode))


def abandon(run: Session, which: str) -> None:
    """Undo what the deployment of that id or name made."""
    service = run.wiring.abandon(lambda event: _tell(run, event))
    found = service.find(which)
    server = f"server {found.server_id}" if found.server_id else f"what bears the tag {found.tag}"
    what = f"{server} at {found.provider}, with all that was made for it"
    if run.options.dry_run:
        run.out.show(found, lambda screen: screen.line(f"would end {what}"))
        return
    run.ask.confirm_by_name(found.name, f"This ends {what}, for good.")
    gone = service.run(found)
    run.out.show(gone, lambda screen: screen.success(f"nothing is left of deployment {gone.id}"))


def _tell(run: Session, event: "DeploymentEvent") -> None:
    run.out.talk(f"  {event.time:%H:%M:%S}  {event.step}  {event.detail}".rstrip())


def _cost(found: "Deployment") -> str:
    from capsule_cli.money import cents, rate

    if found.plan is None:
        return "nobody knows for how much"
    plan = found.plan
    return f"{rate(plan.price_per_hour)} an hour, {cents(plan.price_per_month)} a month at most"


def _agree(run: Session, was: "DeployPlan", now: "DeployPlan") -> bool:
    """A price that moved is asked about; `--yes` stands for the stated tolerance and no more."""
    from capsule_cli.money import rate
    from capsule_domain.services.fall_over import TOLERANCE, dearer

    if run.ask.yes:
        return not dearer(was, now, run.wiring.rates(), Decimal(TOLERANCE))
    run.ask.confirm(
        f"It was confirmed for {rate(was.price_per_hour)} an hour, and costs "
        f"{rate(now.price_per_hour)} now. Rent it for that?"
    )
    return True
