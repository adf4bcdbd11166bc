"""What the fleet costs."""

from decimal import Decimal

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.money import Money


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


class CostReport(Model):
    """Costs by currency; two currencies are never added."""

    as_of: Moment
    by: str
    currencies: tuple[CurrencyCosts, ...] = ()
    unbilled: tuple[str, ...] = ()
    """Names of xNodes that cost nothing now."""
