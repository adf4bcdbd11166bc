"""Budgets: how far each is used, and what would go beyond one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from capsule_domain.errors import BudgetExceeded, NotFound
from capsule_domain.models.billing import (
    GroupedBy,
    Period,
    Span,
    month_after,
    month_of,
    whole_month,
)
from capsule_domain.models.budget import Budget, BudgetScope
from capsule_domain.models.cost import BudgetState
from capsule_domain.models.deployment import DeployPlan
from capsule_domain.models.money import Money
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.ledger import Ledger
from capsule_domain.ports.settings import Choices
from capsule_domain.services.billing import spent
from capsule_domain.services.cost import TermsOf

WARNINGS = (100, 80, 50)
"""The per cents of a budget at which is warned."""
_BY: Mapping[BudgetScope, GroupedBy | None] = {
    BudgetScope.ALL: None,
    BudgetScope.PROVIDER: "provider",
    BudgetScope.TAG: "tag",
}


class Checked(NamedTuple):
    """Plans that keep to every budget: without the fallbacks that would not; and what comes
    near one.
    """

    plans: Sequence[DeployPlan]
    warnings: Sequence[str]


class _Used(NamedTuple):
    """What a budget's months come to without anything new."""

    spent: Decimal
    forecast: Decimal
    next_month: Decimal


@dataclass(frozen=True)
class Budgets:
    """The budgets in openmesh.yml, against what the ledger says. Raises ConfigurationError."""

    choices: Choices
    ledger: Ledger
    clock: Clock
    terms: TermsOf

    def put(self, budget: Budget) -> Sequence[Budget]:
        """Set it, in place of the one for the same in the same currency; all there are then."""
        with self.choices.changing():
            settings = self.choices.openmesh()
            kept = [each for each in settings.budgets if not budget.replaces(each)]
            budgets = (*kept, budget)
            self.choices.save_openmesh(settings.model_copy(update={"budgets": budgets}))
        return budgets

    def remove(
        self, scope: BudgetScope, name: str | None, currency: str | None
    ) -> tuple[Sequence[Budget], Sequence[Budget]]:
        """Take those of that scope away, or the one in that currency.

        What is gone, and what is left. Raises NotFound.
        """
        with self.choices.changing():
            settings = self.choices.openmesh()
            gone = [
                each
                for each in settings.budgets
                if (each.scope, each.name) == (scope, name)
                and currency in (None, each.limit.currency)
            ]
            if not gone:
                wanted = scope if name is None else f"{scope} {name}"
                raise NotFound(
                    "budget",
                    wanted if currency is None else f"{wanted} in {currency}",
                    known=[each.title for each in settings.budgets],
                    hint="capsule openmesh budget show",
                )
            kept = tuple(each for each in settings.budgets if each not in gone)
            self.choices.save_openmesh(settings.model_copy(update={"budgets": kept}))
        return gone, kept

    def states(self, budgets: Sequence[Budget] | None = None) -> Sequence[BudgetState]:
        """How far each of these is used; None: each in openmesh.yml, in its order."""
        if budgets is None:
            budgets = self.choices.openmesh().budgets
        used = self._used(budgets, self.clock.now())
        return [_state(budget, use) for budget, use in zip(budgets, used, strict=True)]

    def check(self, plans: Sequence[DeployPlan]) -> Checked:
        """Whether all of `plans` together keep to the budgets, this month and the next.

        Raises BudgetExceeded, which names the budget; also where the budgets for what is
        planned are all in another currency: two are never added.
        """
        now = self.clock.now()
        budgets = self.choices.openmesh().budgets
        if not budgets:
            return Checked(plans, ())
        used = self._used(budgets, now)
        warnings = self._judge(budgets, used, plans, now)
        return Checked([self._trimmed(budgets, used, plans, plan, now) for plan in plans], warnings)

    def _trimmed(
        self,
        budgets: Sequence[Budget],
        used: Sequence[_Used],
        plans: Sequence[DeployPlan],
        plan: DeployPlan,
        now: datetime,
    ) -> DeployPlan:
        """`plan` with those of its fallbacks alone that would keep to the budgets, too."""
        others = [each for each in plans if each is not plan]
        kept = []
        for offer in plan.fallbacks:
            try:
                self._judge(budgets, used, [*others, plan.at(offer)], now)
            except BudgetExceeded:
                continue
            kept.append(offer)
        return plan.model_copy(update={"fallbacks": tuple(kept)})

    def _judge(
        self,
        budgets: Sequence[Budget],
        used: Sequence[_Used],
        plans: Iterable[DeployPlan],
        now: datetime,
    ) -> Sequence[str]:
        planned = list(plans)
        for plan in planned:
            _refuse_other_currency(budgets, plan)
        warnings = []
        for budget, use in zip(budgets, used, strict=True):
            those = [
                plan
                for plan in planned
                if _is_for(budget, plan) and plan.price_per_hour.currency == budget.limit.currency
            ]
            if not those:
                continue
            months = {
                "this month": use.forecast + self._cost(those, whole_month(now)),
                "next month": use.next_month + self._cost(those, month_after(now)),
            }
            month, most = max(months.items(), key=lambda item: item[1])
            reached = _reached(most, budget.limit.amount)
            would = Money(amount=most.quantize(Decimal("0.01")), currency=budget.limit.currency)
            if most > budget.limit.amount:
                raise BudgetExceeded(
                    f"the budget for {budget.title} is {budget.limit} a month, and with "
                    f"{', '.join(plan.name for plan in those[:3])} {month} would come to {would}",
                    hint="capsule openmesh budget show; --override-budget REASON goes beyond it",
                )
            if reached:
                warnings.append(
                    f"{month} {budget.title} would come to {would}, "
                    f"{reached} % or more of its budget of {budget.limit}"
                )
        return warnings

    def _cost(self, plans: Iterable[DeployPlan], period: Period) -> Decimal:
        """What the servers of these plans would come to in the period, rented now."""
        total = Decimal(0)
        for plan in plans:
            life = Span(
                start=period.now,
                end=None,
                running=True,
                run_start=period.now,
                born=period.now,
                price_per_hour=plan.price_per_hour,
                price_per_month=plan.price_per_month,
            )
            terms = self.terms(plan.offer.provider)
            costs = spent((life,), terms, period, expires=plan.expires_at)
            total += costs.get(plan.price_per_hour.currency, Decimal(0))
        return total

    def _used(self, budgets: Sequence[Budget], now: datetime) -> Sequence[_Used]:
        periods = (month_of(now), whole_month(now), month_after(now))
        sums: dict[BudgetScope, list[dict[tuple[str | None, str], Decimal]]] = {}
        for scope in {budget.scope for budget in budgets}:
            tallies = [self.ledger.tally(_BY[scope], period, self.terms) for period in periods]
            sums[scope] = [{(r.key, r.currency): r.spent for r in rows} for rows in tallies]
        return [
            _Used(
                *(
                    each.get((budget.name, budget.limit.currency), Decimal(0))
                    for each in sums[budget.scope]
                )
            )
            for budget in budgets
        ]


def _is_for(budget: Budget, plan: DeployPlan) -> bool:
    match budget.scope:
        case BudgetScope.ALL:
            return True
        case BudgetScope.PROVIDER:
            return budget.name == plan.offer.provider
        case BudgetScope.TAG:
            return budget.name in plan.tags


def _refuse_other_currency(budgets: Iterable[Budget], plan: DeployPlan) -> None:
    """What has a budget, and none in the plan's currency, would be outside of all of them."""
    currency = plan.price_per_hour.currency
    limits: dict[str, set[str]] = {}
    for budget in budgets:
        if _is_for(budget, plan):
            limits.setdefault(budget.title, set()).add(budget.limit.currency)
    for title, currencies in limits.items():
        if currency not in currencies:
            raise BudgetExceeded(
                f"the budget for {title} is in {', '.join(sorted(currencies))}, and {plan.name} "
                f"would be paid in {currency}",
                hint=f"set one in {currency} too: capsule openmesh budget set 100{currency}; "
                "or --override-budget REASON",
            )


def _state(budget: Budget, use: _Used) -> BudgetState:
    limit = budget.limit

    def money(amount: Decimal) -> Money:
        return Money(amount=amount, currency=limit.currency)

    return BudgetState(
        budget=budget.title,
        limit=limit,
        spent=money(use.spent),
        forecast=money(use.forecast),
        next_month=money(use.next_month),
        percent=_percent(use.spent, limit.amount),
        warning=_reached(use.spent, limit.amount),
    )


def _percent(amount: Decimal, limit: Decimal) -> Decimal:
    if not limit:
        return Decimal(100 if amount else 0)
    return (amount * 100 / limit).quantize(Decimal("0.1"))


def _reached(amount: Decimal, limit: Decimal) -> int | None:
    """The highest of the warnings that `amount` reaches."""
    if not amount:
        return None
    return next((each for each in WARNINGS if amount * 100 >= limit * each), None)
