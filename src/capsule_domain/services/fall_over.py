"""Renting at the next offer when a cloud has none left, or lets us have no more."""

from collections.abc import Callable
from decimal import Decimal

from capsule_domain.errors import CapsuleError, OutOfStock, ProviderUnavailable, QuotaExceeded
from capsule_domain.models.deployment import DeployPlan, RejectedOffer
from capsule_domain.models.money import Rates
from capsule_domain.models.template import Offer
from capsule_domain.models.xnode import XNode
from capsule_domain.services.rent import Rent

TOLERANCE = Decimal("1.2")
"""How much dearer than what was confirmed a server may be that nobody is asked about."""

Agree = Callable[[DeployPlan, DeployPlan], bool]
"""Given what was confirmed and what it would be instead: whether that may be."""


def rent_somewhere(
    rent: Rent, plan: DeployPlan, *, ssh_key: str | None = None, agree: Agree
) -> XNode:
    """Rent as planned, else at the first of its fallbacks that is agreed to.

    It goes on only where surely nothing was rented: the cloud has none left, the account
    may have no more, or the request never reached the cloud, which then is asked for
    nothing else. After a lost answer nobody knows, and a second server might be billed
    beside the first. Each attempt has its own entry in the journal; the last one's plan
    has the refusals of all before it.

    Raises the last refusal when nothing is left, and all else that `Rent.run` raises.
    """
    confirmed, left = plan, list(plan.fallbacks)
    while True:
        try:
            return rent.run(plan, ssh_key=ssh_key)
        except (OutOfStock, QuotaExceeded, ProviderUnavailable) as error:
            if isinstance(error, ProviderUnavailable):
                if error.sent:
                    raise
                left = [offer for offer in left if offer.provider != plan.offer.provider]
            following = _following(confirmed, plan, left, error, agree)
            if following is None:
                raise
            plan = following


def _following(
    confirmed: DeployPlan,
    plan: DeployPlan,
    left: list[Offer],
    error: CapsuleError,
    agree: Agree,
) -> DeployPlan | None:
    """The next plan that is agreed to; what is before it in `left` is gone from there."""
    refused = (*plan.refused, RejectedOffer(offer=plan.offer, reason=error.message))
    while left:
        offer = left.pop(0)
        following = plan.at(offer).model_copy(update={"fallbacks": tuple(left), "refused": refused})
        if agree(confirmed, following):
            return following
    return None


def dearer(confirmed: DeployPlan, instead: DeployPlan, rates: Rates, times: Decimal) -> bool:
    """Whether an hour or a month costs more than so many times what was confirmed."""
    pairs = (
        (confirmed.price_per_hour, instead.price_per_hour),
        (confirmed.price_per_month, instead.price_per_month),
    )
    return any(rates.in_usd(new) > rates.in_usd(old) * times for old, new in pairs)
