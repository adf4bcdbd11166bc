"""Many xNodes as a few: those that are alike."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from capsule_domain.models.money import Money

SECONDS_PER_HOUR = 3600


class GroupKey(StrEnum):
    """What xNodes are counted by. One with several tags counts for each of them."""

    STATUS = "status"
    PROVIDER = "provider"
    REGION = "region"
    PROFILE = "profile"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class XNodeGroup:
    """How many xNodes are alike in `keys` and in their price, and for how long they were there.

    Not a model: there are thousands of these, and none is shown as it is. `keys` stand in the
    order in which they were asked for; empty where an xNode has no profile or tag.
    """

    keys: tuple[str, ...]
    price_per_hour: Money
    price_per_month: Money
    count: int
    seconds: int
    """Whole seconds of each life, all together."""
    capped_months: int
    """Months begun of those whose time costs more by the hour than by the month."""
    uncapped_seconds: int
    """Seconds of the others."""

    def cost(self, *, capped: bool) -> Decimal:
        """What that time comes to; `capped`: a month costs its price at most.

        A month is a calendar month (UTC), begun or whole, so over several months the cap is
        an upper bound.
        """
        if not capped:
            return self.price_per_hour.amount * self.seconds / SECONDS_PER_HOUR
        hourly = self.price_per_hour.amount * self.uncapped_seconds / SECONDS_PER_HOUR
        return hourly + self.price_per_month.amount * self.capped_months
