"""What is sold, as the clouds say now or as the catalogue does, put in order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from capsule_cli.session import Session

if TYPE_CHECKING:
    from capsule_cli.pricelist import PriceTable
    from capsule_domain.models.requirements import Requirements
    from capsule_domain.models.template import Offer, Template
    from capsule_domain.services.market import Heard


def price_table(run: Session, wanted: "Requirements", sort: str, *, live: bool) -> "PriceTable":
    """What fits, as the clouds say now, or else as the catalogue does."""
    return _live(run, wanted, sort) if live else _offline(run, wanted, sort)


def _offline(run: Session, wanted: "Requirements", sort: str) -> "PriceTable":
    from capsule_domain.services.place import offers_of, placed

    catalogue = run.wiring.catalogue()
    wanted = placed(wanted, catalogue.regions())
    templates = catalogue.templates()
    if wanted.region:
        offers = [offer for template in templates for offer in offers_of(template)]
        return table_of(run, offers, wanted, sort)
    return table_of(run, templates, wanted, sort)


def _live(run: Session, wanted: "Requirements", sort: str) -> "PriceTable":
    from capsule_cli.heard import offers_or_worst
    from capsule_cli.planning import regions_sold
    from capsule_domain.services.place import placed

    wiring = run.wiring
    market = wiring.market(*wanted.clouds)
    run.out.talk(f"asking {', '.join(market.clouds)} …")
    heard = market.ask_and_keep(wiring.price_lists())
    offers = offers_or_worst(run.out, heard, wiring.clock().now())
    wanted = placed(wanted, regions_sold(run, wanted, market, offers))
    return table_of(run, offers, wanted, sort, heard)


def table_of(
    run: Session,
    sold: "Sequence[Template | Offer]",
    wanted: "Requirements",
    sort: str,
    heard: "Sequence[Heard] | None" = None,
) -> "PriceTable":
    """Those of `sold` that fit, and what moved since the clouds were heard last."""
    from capsule_cli.pricelist import PriceTable, sorted_rows
    from capsule_domain.services.place import rank

    wiring = run.wiring
    return PriceTable(
        rows=sorted_rows(rank(sold, wanted, wiring.rates()).fitting, sort),
        seen=len(sold),
        now=wiring.clock().now(),
        live=heard is not None,
        ended=wiring.ended,
        rates=wiring.rates(),
        changes=[change for one in heard or () for change in one.changes],
    )
