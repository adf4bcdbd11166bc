"""What the clouds sell."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from capsule_cli import complete, wishes
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.template import Offer, Template

_SORTS = ("price", "cpu", "memory", "name")


def templates(
    ctx: typer.Context,
    *,
    provider: wishes.AtProvider = None,
    min_cpu: wishes.MinCpu = None,
    min_memory: wishes.MinMemory = None,
    max_price: wishes.MaxPrice = None,
    gpu: wishes.WantGpu = False,
    gpu_model: wishes.GpuModel = None,
    region: wishes.InRegion = None,
    arch: wishes.WithArch = None,
    live: Annotated[bool, typer.Option("--live", help="Ask the clouds now.")] = False,
    sort: Annotated[
        str,
        typer.Option(
            help="price, cpu, memory or name.",
            autocompletion=complete.words("price", "cpu", "memory", "name"),
        ),
    ] = "price",
) -> None:
    """What the clouds sell, cheapest first."""
    from capsule_domain.errors import UsageError
    from capsule_domain.services.place import known_region, offers_of, rank

    if sort not in _SORTS:
        raise UsageError(
            f"templates cannot be sorted by '{sort}'", hint=f"--sort {'|'.join(_SORTS)}"
        )
    run = session(ctx)
    wiring = run.wiring
    wanted = wishes.requirements(
        min_cpu=min_cpu,
        min_memory=min_memory,
        max_price=max_price,
        gpu=gpu,
        gpu_model=gpu_model,
        region=region,
        provider=provider and wiring.known_provider(provider),
        arch=arch,
    )
    sold: Sequence[Template | Offer]
    if live:
        market = wiring.market(provider)
        regions = market.regions() if region else ()
        sold = market.offers()
    else:
        regions = wiring.catalogue().regions()
        sold = wiring.catalogue().templates()
        if region:
            sold = [offer for template in sold for offer in offers_of(template)]
    if region:
        known_region(region, regions)
    fitting = sorted(rank(sold, wanted, wiring.rates()).fitting, key=_key(sort))
    run.out.show(fitting, lambda screen: _paint(screen, fitting, len(sold), live=live))


def _key(sort: str) -> Any:
    """What to order by; sorting is stable, so equals stay cheapest first."""
    return {
        "price": lambda _offer: 0,
        "cpu": lambda offer: -offer.vcpus,
        "memory": lambda offer: -offer.memory_mib,
        "name": lambda offer: offer.template,
    }[sort]


def _paint(
    screen: "Screen", fitting: Sequence["Template | Offer"], seen: int, *, live: bool
) -> None:
    from rich.text import Text

    from capsule_cli.money import cents, rate

    screen.header("Templates")
    if not fitting:
        screen.line(f"none of {seen} fits")
        return
    screen.table(
        ["cloud", "template", "where", "cores", "GiB", "disk", "$/hr", "$/mo", "GPU"],
        [
            (
                offer.provider[:4].upper(),
                Text(offer.template, "name"),
                offer.region or f"{len(offer.regions)} regions",
                str(offer.vcpus),
                f"{Decimal(offer.memory_mib) / 1024:g}",
                f"{offer.disk_gib}",
                Text(rate(offer.price_per_hour), "money"),
                cents(offer.price_per_month),
                f"{offer.gpu.count} × {offer.gpu.model}" if offer.gpu else "",
            )
            for offer in fitting
        ],
        right=["cores", "GiB", "disk", "$/hr", "$/mo"],
        whole=["cloud", "template"],
    )
    oldest = min(offer.as_of for offer in fitting)
    age = "asked just now" if live else f"offline catalogue, prices as of {oldest:%Y-%m-%d}"
    if screen.fancy:
        screen.line(f"{len(fitting)} of {seen}; {age}", style="advice")
