"""What the fleet costs."""

from decimal import Decimal

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus


class CostFigures(Model):
    """Rates of what is billed now, and what this calendar month (UTC) came to so far.

    `monthly` is the clouds' own monthly price; `daily` is 24 hours; `annual` is
    twelve times `monthly`.
    """

    hourly: Money
    daily: Money
    monthly: Money
    annual: Money
    to_date: Money


class CostGroup(CostFigures):
    """The figures of one provider, region, tag or profile; `share` of `monthly`, in per cent."""

    key: str
    share: Decimal


class CurrencyCosts(CostFigures):
    """Everything that is billed in one currency. `xnodes` counts what is billed now."""

    currency: str
    xnodes: int
    groups: tuple[CostGroup, ...] = ()


class XNodeCost(CostFigures):
    """One xNode's costs. The rates are zero where it costs nothing now.

    `rented_at` is the hourly price when it was rented, `listed` what the same costs whom
    rents it today; None where no price list has it. `ever` is all that it came to.
    """

    name: str
    provider: str
    region: str
    template: str
    status: ServerStatus
    profile: str | None = None
    tags: tuple[str, ...] = ()
    since: Moment
    rented_at: Money
    listed: Money | None = None
    ever: Money


class BilledBeside(Model):
    """What a cloud bills beside its servers' prices.

    `address_per_hour` is in the sums, for each that runs; `not_counted` is in none of them,
    for its price is not known.
    """

    provider: str
    address_per_hour: Money | None = None
    not_counted: str = ""


class CostReport(Model):
    """Costs by currency; two currencies are never added."""

    as_of: Moment
    by: str
    currencies: tuple[CurrencyCosts, ...] = ()
    unbilled: tuple[str, ...] = ()
    """Names of xNodes that cost nothing now."""
    beside: tuple[BilledBeside, ...] = ()


class DaySpent(Model):
    """What the month came to by the end of a day, in one currency."""

    day: Moment
    spent: Money


class SpendForecast(Model):
    """One currency's month: so far, at its end, and the whole month after it."""

    currency: str
    to_date: Money
    month_end: Money
    next_month: Money


class FleetForecast(Model):
    """What this month comes to if nothing is rented or ended but what expires."""

    as_of: Moment
    month_ends: Moment
    currencies: tuple[SpendForecast, ...] = ()
    budgets: tuple["BudgetState", ...] = ()


class BudgetState(Model):
    """A budget, and how far it is used.

    `spent` and `forecast` are of this month, `next_month` of the whole one after it.
    """

    budget: str
    """Such as `all` or `tag web`."""
    limit: Money
    spent: Money
    forecast: Money
    next_month: Money
    percent: Decimal
    """Of the limit, that is spent; one of nothing is used up by anything."""
    warning: int | None = None
    """50, 80 or 100: the highest of them that is reached."""


class CostPage(Model):
    """All that is drawn of the costs."""

    report: CostReport
    forecast: FleetForecast
    days: tuple[DaySpent, ...] = ()
    xnodes: tuple[XNodeCost, ...] = ()
    """The dearest."""
