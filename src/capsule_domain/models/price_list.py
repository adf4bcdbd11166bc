"""What a cloud sold at one moment, and how that changed since."""

from pydantic import Field

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.money import Money
from capsule_domain.models.template import Offer


class PriceList(Model):
    """Every offer of one cloud, as it answered at `asked_at`."""

    version: int = Field(default=1, ge=1, le=1)
    provider: str
    asked_at: Moment
    offers: tuple[Offer, ...] = ()


class PriceChange(Model):
    """An offer whose price is another than when the cloud was asked before, at `since`."""

    provider: str
    template: str
    slug: str
    region: str
    old_price_per_hour: Money
    old_price_per_month: Money
    price_per_hour: Money
    price_per_month: Money
    since: Moment


def price_changes(before: PriceList, now: PriceList) -> tuple[PriceChange, ...]:
    """The offers that are in both lists at different prices, in the order of `now`."""
    old = {(offer.slug, offer.region): offer for offer in before.offers}
    pairs = ((old.get((offer.slug, offer.region)), offer) for offer in now.offers)
    return tuple(
        PriceChange(
            provider=now.provider,
            template=offer.template,
            slug=offer.slug,
            region=offer.region,
            old_price_per_hour=was.price_per_hour,
            old_price_per_month=was.price_per_month,
            price_per_hour=offer.price_per_hour,
            price_per_month=offer.price_per_month,
            since=before.asked_at,
        )
        for was, offer in pairs
        if was is not None and _price(was) != _price(offer)
    )


def _price(offer: Offer) -> tuple[Money, Money]:
    return (offer.price_per_hour, offer.price_per_month)
