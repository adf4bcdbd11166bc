"""What the clouds sell, as far as that is known without asking them."""

from collections.abc import Iterable, Sequence

from capsule_domain.models.template import Offer
from capsule_domain.ports.catalogue import Catalogue
from capsule_domain.ports.price_lists import PriceLists
from capsule_domain.services.place import offers_of


def offers_known(clouds: Iterable[str], lists: PriceLists, catalogue: Catalogue) -> Sequence[Offer]:
    """What each cloud said last, or else what the catalogue has of it. Raises StoreError."""
    kept = {cloud: prices for cloud in clouds if (prices := lists.kept(cloud))}
    told = [offer for prices in kept.values() for offer in prices.offers]
    templates = [each for each in catalogue.templates() if each.provider not in kept]
    return [*told, *(offer for template in templates for offer in offers_of(template))]
