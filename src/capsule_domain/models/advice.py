"""What could be saved."""

from decimal import Decimal

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.money import Money
from capsule_domain.models.template import Offer


class Cheaper(Model):
    """The cheapest offer that has at least what an xNode has, and costs less a month.

    `saves_per_month` is None where the two are in different currencies: then `percent`, of
    the price by dated rates, is all that can be said.
    """

    xnode: str
    provider: str
    template: str
    region: str
    price_per_month: Money
    offer: Offer
    saves_per_month: Money | None
    percent: Decimal


class Idle(Model):
    """An xNode that hardly works. `busiest_cpu_percent` is the highest of all samples."""

    xnode: str
    busiest_cpu_percent: float
    samples: int
    price_per_month: Money


class SwitchedOff(Model):
    """One that is off and costs as if it ran."""

    xnode: str
    price_per_month: Money


class Advice(Model):
    """What could be saved, and what nothing is known of."""

    as_of: Moment
    prices_as_of: Moment | None = None
    """The age of the oldest price that was compared; None when nothing was."""
    cheaper: tuple[Cheaper, ...] = ()
    idle: tuple[Idle, ...] = ()
    switched_off: tuple[SwitchedOff, ...] = ()
    unmeasured: tuple[str, ...] = ()
    """Without a sample of their CPU on each of the days that count."""
    unsized: tuple[str, ...] = ()
    """Whose template no price list has, so nothing can be compared to it."""
