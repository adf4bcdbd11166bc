"""The catalogue's names for what clouds offer, so that every command says the same."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from capsule_domain.models.template import Offer, Stock, Template


def named(offers: Sequence[Offer], catalogue: Iterable[Template]) -> list[Offer]:
    """`offers` under the names that people know.

    An offer whose slug stands in the catalogue bears the catalogue's name. A template
    whose slug only the cloud knows is, in each region, the cheapest offer in stock that
    is as large at least; one that stands in for two templates is there under both names.
    """
    known = [*catalogue]
    names = {(t.provider, t.slug): t.template for t in known if t.slug}
    stand_ins = [found for t in known if not t.slug for found in _stand_ins(t, offers)]
    taken = {(offer.provider, offer.slug, offer.region) for offer in stand_ins}
    others = (o for o in offers if (o.provider, o.slug, o.region) not in taken)
    return [_called(offer, names) for offer in others] + stand_ins


def _called(offer: Offer, names: Mapping[tuple[str, str], str]) -> Offer:
    name = names.get((offer.provider, offer.slug))
    return offer if name is None else offer.model_copy(update={"template": name})


def _stand_ins(template: Template, offers: Iterable[Offer]) -> list[Offer]:
    """The best of each region, under the template's name."""
    best: dict[str, Offer] = {}
    for offer in offers:
        if _is_as_large(offer, template):
            rival = best.get(offer.region)
            if rival is None or _order(offer) < _order(rival):
                best[offer.region] = offer
    return [offer.model_copy(update={"template": template.template}) for offer in best.values()]


def _is_as_large(offer: Offer, template: Template) -> bool:
    return (
        offer.provider == template.provider
        and offer.arch is template.arch
        and offer.stock in (Stock.AVAILABLE, Stock.LIMITED)
        and offer.vcpus >= template.vcpus
        and offer.memory_mib >= template.memory_mib
        and (template.gpu is None or offer.gpu is not None)
    )


def _order(offer: Offer) -> tuple[Decimal, Decimal, str]:
    """One cloud's prices are in one currency."""
    return (offer.price_per_hour.amount, offer.price_per_month.amount, offer.slug)
