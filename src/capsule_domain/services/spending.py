"""What of the budgets is spent, as figures that rules know."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from capsule_domain.errors import CapsuleError
from capsule_domain.models.cost import BudgetState
from capsule_domain.models.rule import Quantity
from capsule_domain.models.watch_plan import SPENDING_SECONDS
from capsule_domain.services.measure import Figures, Measured

_EVERY = timedelta(seconds=SPENDING_SECONDS)


class Spending:
    """Asks how far the budgets are used, every five minutes at most: money moves slowly.

    What cannot be worked out was not read: it ends no alert, and stops nobody.
    """

    def __init__(self, states: Callable[[], Sequence[BudgetState]]) -> None:
        self._states = states
        self._asked_at: datetime | None = None

    def __call__(self, now: datetime) -> Figures:
        """Each budget's use in percent, where it is time to look; else nothing was read."""
        if self._asked_at is not None and timedelta() <= now - self._asked_at < _EVERY:
            return {}
        self._asked_at = now
        try:
            states = self._states()
        except CapsuleError:
            return {}
        return {Quantity.BUDGET_PERCENT: [_figure(state) for state in states]}


def _figure(state: BudgetState) -> Measured:
    detail = f"{state.spent} of the {state.limit} of {state.budget} is spent this month"
    return Measured(Quantity.BUDGET_PERCENT, float(state.percent), state.budget, detail)
