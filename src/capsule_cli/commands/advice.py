"""What could be saved."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import wishes
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.advice import Advice, Cheaper
    from capsule_domain.models.requirements import Requirements
    from capsule_domain.models.template import Offer

_NAMED = 10


def advice(
    ctx: typer.Context,
    *,
    region: wishes.InRegion = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the clouds for their prices now.")
    ] = False,
) -> None:
    """The cheapest equivalent now, and what is idle."""
    run = session(ctx)
    offers = _offers(run, live=live)
    found = run.wiring.advise().run(offers, within=_within(run, region, offers))
    run.out.show(found, lambda screen: _paint(screen, found))


def _offers(run: Session, *, live: bool) -> "Sequence[Offer]":
    from capsule_cli.heard import offers_or_worst

    wiring = run.wiring
    if not live:
        return wiring.offers_known()
    market = wiring.market()
    run.out.talk(f"asking {', '.join(market.clouds)} …")
    return offers_or_worst(run.out, market.ask_and_keep(wiring.price_lists()), wiring.clock().now())


def _within(run: Session, region: str | None, offers: "Sequence[Offer]") -> "Requirements | None":
    from capsule_domain.models.requirements import Requirements
    from capsule_domain.services.place import placed, regions_of

    if region is None:
        return None
    known = [*run.wiring.catalogue().regions(), *regions_of(offers)]
    return placed(Requirements(region=region), known)


def _paint(screen: "Screen", found: "Advice") -> None:
    from capsule_cli.ages import age
    from capsule_cli.money import cents

    screen.header("Advice")
    if found.cheaper:
        screen.section("The same for less")
        _paint_cheaper(screen, found.cheaper)
    for idle in found.idle:
        screen.bullet(
            f"{idle.xnode} hardly works: its CPU was below {idle.busiest_cpu_percent:.1f} % in all "
            f"{idle.samples} samples of 7 days, and it costs {cents(idle.price_per_month)} a month"
        )
    for off in found.switched_off:
        screen.bullet(f"{off.xnode} is off, and costs {cents(off.price_per_month)} a month")
    if not (found.cheaper or found.idle or found.switched_off):
        screen.line("nothing to save is known of")
    if found.prices_as_of:
        screen.line(
            f"the oldest price is of {age(found.prices_as_of, found.as_of)}; --live asks anew",
            style="advice",
        )
    _paint_unknown(
        screen,
        "no CPU was measured on each of 7 days, so nobody knows whether idle",
        found.unmeasured,
    )
    _paint_unknown(screen, "no price list has the template, so nothing was compared", found.unsized)


def _paint_cheaper(screen: "Screen", rows: "Sequence[Cheaper]") -> None:
    from rich.text import Text

    from capsule_cli.money import cents

    screen.table(
        ["xNode", "now", "a month", "cheapest", "region", "a month ", "saves"],
        [
            (
                Text(row.xnode, "name"),
                f"{row.provider[:4].upper()} {row.template}",
                cents(row.price_per_month),
                f"{row.offer.provider[:4].upper()} {row.offer.template}",
                row.offer.region,
                Text(cents(row.offer.price_per_month), "money"),
                cents(row.saves_per_month) if row.saves_per_month else f"≈ {row.percent:.0f} %",
            )
            for row in rows
        ],
        right=["a month", "a month ", "saves"],
    )


def _paint_unknown(screen: "Screen", why: str, names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        screen.line(f"{why}: {', '.join(names[:_NAMED])}{more}", style="advice")
