"""What nearly fits: the offer for which the least of what was asked must be given up."""

from collections.abc import Iterable, Mapping

from capsule_domain.models.money import Rates
from capsule_domain.models.requirements import Requirements
from capsule_domain.models.template import Offer
from capsule_domain.services.place import NOWHERE, cheapest_first
from capsule_domain.services.why_not import questions


def nearest(
    offers: Iterable[Offer],
    wanted: Requirements,
    rates: Rates,
    unfit: Mapping[str, str] = NOWHERE,
) -> str | None:
    """The options to give up, and the cheapest offer that then fits; None when nothing would.

    What nobody asked for, such as that there is any in stock, cannot be given up.
    """
    asked = questions(wanted, rates, unfit)
    by_options: dict[tuple[str, ...], list[Offer]] = {}
    for offer in offers:
        failed = tuple(q.option for q in asked if q.why_not(offer) is not None)
        if "" not in failed:
            by_options.setdefault(failed, []).append(offer)
    if not by_options:
        return None
    fewest = min(map(len, by_options))
    best_of = {
        options: cheapest_first(some, rates)[0]
        for options, some in by_options.items()
        if len(options) == fewest
    }
    best = cheapest_first(best_of.values(), rates)[0]
    given_up = next(options for options, offer in best_of.items() if offer is best)
    return (
        f"without {' and '.join(given_up)} there is {best.template} in {best.region} at "
        f"{best.provider} for {best.price_per_hour} an hour"
    )
