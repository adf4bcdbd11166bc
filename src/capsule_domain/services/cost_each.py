"""What single xNodes cost, and what the same costs whom rents it today."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from capsule_domain.models.billing import Span, month_of
from capsule_domain.models.cost import XNodeCost
from capsule_domain.models.money import Money
from capsule_domain.models.template import Offer
from capsule_domain.models.xnode import XNode, XNodeFilter
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.ledger import Ledger
from capsule_domain.services.billing import spent, spent_ever
from capsule_domain.services.cost import TermsOf, figures

Listed = Callable[[XNode], Offer | None]
"""What sells today in the place of an xNode; None where no price list has it."""


def offers_by_place(offers: Iterable[Offer]) -> Listed:
    """Looks an xNode's template up in its region, by our name of it or the cloud's own."""
    found: dict[tuple[str, str, str], Offer] = {}
    for offer in offers:
        for word in (offer.slug, offer.template):
            found[offer.provider, word, offer.region] = offer
    return lambda xnode: found.get((xnode.provider, xnode.template, xnode.region))


@dataclass(frozen=True)
class CostEach:
    """The costs of xNodes one by one."""

    inventory: Inventory
    ledger: Ledger
    terms: TermsOf
    listed: Listed

    def of_all(self, now: datetime) -> Sequence[XNodeCost]:
        """Of those that cost something now or did this month; the dearest first."""
        lives = self.ledger.lives()
        costs = (
            self._cost(xnode, lives.get(xnode.id, ()), now)
            for xnode in self.inventory.list(XNodeFilter(include_gone=True))
        )
        return sorted(
            (cost for cost in costs if cost.monthly.amount or cost.to_date.amount),
            key=lambda cost: (cost.monthly.currency, -cost.monthly.amount, cost.name),
        )

    def of(self, xnode: XNode, now: datetime) -> XNodeCost:
        """Of one."""
        return self._cost(xnode, self.ledger.lives([xnode.id]).get(xnode.id, ()), now)

    def _cost(self, xnode: XNode, spans: Sequence[Span], now: datetime) -> XNodeCost:
        terms = self.terms(xnode.provider)
        currency = xnode.price_per_hour.currency
        open_ = bool(spans) and spans[-1].end is None
        billed = open_ and (spans[-1].running or terms.bills_when_stopped)
        offer = self.listed(xnode)
        to_date = spent(spans, terms, month_of(now)).get(currency, Decimal(0))
        ever = spent_ever(spans, terms, now).get(currency, Decimal(0))
        return XNodeCost(
            **xnode.model_dump(
                include={"name", "provider", "region", "template", "status", "profile", "tags"}
            ),
            since=xnode.created_at,
            rented_at=spans[0].price_per_hour if spans else xnode.price_per_hour,
            listed=offer and offer.price_per_hour,
            ever=Money(amount=ever, currency=currency),
            **figures(
                terms.hourly(spans[-1]) if billed else Decimal(0),
                terms.monthly(spans[-1]) if billed else Decimal(0),
                to_date,
                currency,
            ),
        )
