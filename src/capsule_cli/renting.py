"""Plans carried out: one, or several a few at a time, each with a result of its own."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any

from capsule_cli.planning import chosen_key
from capsule_cli.report import end_with_the_worst, exit_code, word
from capsule_cli.session import Session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.errors import CapsuleError
    from capsule_domain.models.deployment import DeploymentEvent, DeployPlan
    from capsule_domain.models.xnode import XNode

_AT_ONCE = 4


@dataclass(frozen=True)
class Outcome:
    """What came of one plan: its xNode, or why there is none that can be used."""

    name: str
    xnode: "XNode | None" = None
    error: "CapsuleError | None" = None

    def data(self) -> dict[str, Any]:
        """For scripts."""
        from capsule_cli.output import plain

        error = self.error and {
            "code": word(self.error),
            "exit": exit_code(self.error),
            "message": self.error.message,
            "hint": self.error.hint,
        }
        return {"name": self.name, "xnode": plain(self.xnode), "error": error}


@dataclass
class Renting:
    """The plans of one command line. `turn` is had by whoever prints or asks."""

    run: Session
    ssh_key: str | None
    several: bool
    turn: AbstractContextManager[Any] = field(default_factory=RLock)

    def rent(self, plan: "DeployPlan") -> "XNode":
        """Carry one plan out, telling each step."""
        before = f"{plan.name}  " if self.several else ""

        def progress(event: "DeploymentEvent") -> None:
            with self.turn:
                told = f"  {event.time:%H:%M:%S}  {before}{event.step}  {event.detail}"
                self.run.out.talk(told.rstrip())

        deploy = self.run.wiring.deploy(progress)
        key = chosen_key(self.run, self.ssh_key)
        return deploy.run(plan, ssh_key=key, agree=self._agree)

    def outcome(self, plan: "DeployPlan") -> Outcome:
        """As `rent`, with its error as a result."""
        from capsule_domain.errors import CapsuleError

        try:
            return Outcome(plan.name, self.rent(plan))
        except CapsuleError as error:
            return Outcome(plan.name, error=error)

    def _agree(self, confirmed: "DeployPlan", instead: "DeployPlan") -> bool:
        """A dearer one is asked about; `--yes` stands for the stated tolerance and no more."""
        from capsule_cli.money import cents, rate
        from capsule_domain.services.fall_over import TOLERANCE, dearer

        offer, rates = instead.offer, self.run.wiring.rates()
        what = f"{instead.name} at {offer.template} in {offer.region} at {offer.provider}"
        price = f"{rate(offer.price_per_hour)} an hour, {cents(offer.price_per_month)} a month"
        with self.turn:
            if dearer(confirmed, instead, rates, Decimal(1)):
                if not self.run.ask.yes:
                    was = rate(confirmed.price_per_hour)
                    question = f"{instead.refused[-1].reason}\nRent {what} instead, for {price}?"
                    self.run.ask.confirm(f"{question} It was {was} an hour.")
                elif dearer(confirmed, instead, rates, TOLERANCE):
                    self.run.out.talk(f"  not {what}: {price} is more than --yes stands for")
                    return False
            self.run.out.talk(f"  goes on with {what}, {price}")
        return True


def carry_out(run: Session, plans: "Sequence[DeployPlan]", *, ssh_key: str | None) -> None:
    """Rent them all, and show what came of it; ends with the worst exit code."""
    renting = Renting(run, ssh_key, several=len(plans) > 1)
    try:
        if not renting.several:
            xnode = renting.rent(plans[0])
            run.out.show(xnode, lambda screen: paint_ready(screen, xnode))
            return
        outcomes = _all_of(renting, plans)
    except KeyboardInterrupt:
        _tell_unfinished(run, plans)
        raise
    run.out.show([one.data() for one in outcomes], lambda screen: _paint_all(screen, outcomes))
    end_with_the_worst(one.error for one in outcomes)


def _all_of(renting: Renting, plans: "Sequence[DeployPlan]") -> Sequence[Outcome]:
    from capsule_domain.services.side_by_side import few_at_once

    key = chosen_key(renting.run, renting.ssh_key)
    renting.run.wiring.keys().deploy_key(key)  # made once, and not by each
    works = [partial(renting.outcome, plan) for plan in plans]
    return [future.result() for future in few_at_once(works, at_once=_AT_ONCE)]


def _tell_unfinished(run: Session, plans: "Sequence[DeployPlan]") -> None:
    names = {plan.name for plan in plans}
    for left in run.wiring.journal().list(unfinished=True):
        if left.name in names:
            run.out.complain(
                f"deployment {left.id} of {left.name} is {left.state}: something may be billed",
                f"go on: capsule openmesh deploy --resume {left.id}; "
                f"or undo it: capsule openmesh deploy --abandon {left.id}",
            )


def _paint_all(screen: "Screen", outcomes: Sequence[Outcome]) -> None:
    for one in outcomes:
        if one.xnode:
            paint_ready(screen, one.xnode)
        elif one.error:
            screen.failure(f"{one.name}: {one.error.message}")
            if one.error.hint:
                screen.hint(one.error.hint)


def paint_ready(screen: "Screen", xnode: "XNode") -> None:
    """That it can be used, and what to do next."""
    learnt = xnode.first_contact == "learnt"
    key = "by the host key that it showed first" if learnt else "host key verified"
    screen.success(f"{xnode.name} is ready at {xnode.address}, reached over SSH, {key}")
    if xnode.profile and xnode.os == "xnodeos":
        screen.line(
            f"profile {xnode.profile} is noted for it, and not applied: it runs XnodeOS",
            style="advice",
        )
    if screen.fancy:
        screen.hint(f"capsule openmesh monitor health {xnode.name} --run-check")
