"""An order from the command line, filled: shown, confirmed, and rented."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from capsule_cli import wishes
from capsule_cli.planning import Order, keep_plans, plans_of, told, warn_of_clock
from capsule_cli.session import Session

if TYPE_CHECKING:
    from capsule_domain.models.deployment import DeployPlan


def order_of(
    run: Session,
    name: str | None,
    said: wishes.Wishes,
    *,
    count: int = 1,
    spread: str | None = None,
) -> Order:
    """What is ordered, under the names for it. Raises UsageError, NotFound, ConfigurationError."""
    from capsule_domain.errors import UsageError
    from capsule_domain.models.requirements import Spread
    from capsule_domain.services.plan import server_names

    if name is None:
        raise UsageError("it needs a name", hint="add --name web-1, or --plan FILE")
    kinds = [*Spread]
    if spread is not None and spread not in kinds:
        raise UsageError(
            f"nothing is spread by '{spread[:40]}'", hint=f"--spread {'|'.join(kinds)}"
        )
    names = server_names(name, count)
    said["os"] = said.get("os") or run.wiring.choices().openmesh().default_os
    wanted = wishes.requirements(run.wiring.known_provider, **said)
    return Order(names, wanted, spread=None if spread is None else Spread(spread))


def fill(
    run: Session,
    order: Order,
    *,
    ssh_key: str | None,
    plan_out: str | None = None,
    over_budget: str | None = None,
) -> None:
    """Plan it, and rent it after a yes; with `plan_out` the plan goes there and that is all."""
    plans = plans_of(run, order)
    if plan_out is not None:
        keep_plans(run, plans, plan_out, ssh_key=ssh_key)
        return
    confirm_and_rent(run, plans, ssh_key=ssh_key, over_budget=over_budget)


def confirm_and_rent(
    run: Session,
    plans: "Sequence[DeployPlan]",
    *,
    ssh_key: str | None,
    over_budget: str | None = None,
) -> None:
    """Show what it comes to, ask once, and rent; a dry run only shows.

    Raises BudgetExceeded, unless `over_budget` says why that may be.
    """
    from capsule_cli.money import beside_lines
    from capsule_cli.plan_screen import paint_plans, total
    from capsule_cli.renting import carry_out
    from capsule_domain.services.apply_profile import remark_on_memory

    rates = run.wiring.rates()
    plans = _within_budgets(run, plans, over_budget)
    clouds = dict.fromkeys(plan.offer.provider for plan in plans)
    for cloud in clouds:
        warn_of_clock(run, cloud)
    for each in run.wiring.beside(clouds):
        for line in beside_lines(each, in_sums=False):
            run.out.talk(line)
    remark = remark_on_memory(plans, lambda: run.wiring.greenhouse().system())
    if remark is not None:
        run.out.warn(remark)
    if run.options.dry_run:
        shown = plans[0] if len(plans) == 1 else plans
        run.out.show(shown, lambda screen: paint_plans(screen, plans, rates))
        return
    told(run, plans, ssh_key)  # what cannot be told is refused before anybody is asked
    if not (run.out.json or run.out.quiet):
        paint_plans(run.out.margin, plans, rates)
    what = plans[0].name if len(plans) == 1 else f"{len(plans)} xNodes"
    run.ask.confirm(f"Rent {what} for {total(plans, rates)}?")
    carry_out(run, plans, ssh_key=ssh_key)


def _within_budgets(
    run: Session, plans: "Sequence[DeployPlan]", reason: str | None
) -> "Sequence[DeployPlan]":
    """The plans, without the fallbacks that go beyond a budget; or with the `reason` in them."""
    from capsule_domain.errors import BudgetExceeded, UsageError

    if reason is not None and not reason.strip():
        raise UsageError("a budget is gone beyond for a reason", hint="--override-budget 'a demo'")
    try:
        checked = run.wiring.budgets().check(plans)
    except BudgetExceeded as error:
        if reason is None:
            raise
        run.out.warn(f"{error.message}; it is gone beyond: {reason}")
        return [plan.model_copy(update={"over_budget": reason}) for plan in plans]
    for warning in checked.warnings:
        run.out.warn(warning)
    return checked.plans
