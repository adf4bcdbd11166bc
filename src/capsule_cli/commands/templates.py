"""What the clouds sell, and where."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete, wishes
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.template import Region


def templates(
    ctx: typer.Context,
    *,
    provider: wishes.AtProviders = None,
    min_cpu: wishes.MinCpu = None,
    min_memory: wishes.MinMemory = None,
    min_disk: wishes.MinDisk = None,
    max_price: wishes.MaxPrice = None,
    gpu: wishes.WantGpu = False,
    gpu_model: wishes.GpuModel = None,
    gpu_count: wishes.GpuCount = None,
    region: wishes.InRegion = None,
    arch: wishes.WithArch = None,
    system: wishes.MeantToRun = None,
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
    from capsule_cli.pricelist import SORTS
    from capsule_cli.pricing import price_table
    from capsule_domain.errors import UsageError

    if sort not in SORTS:
        raise UsageError(
            f"templates cannot be sorted by '{sort}'", hint=f"--sort {'|'.join(SORTS)}"
        )
    run = session(ctx)
    wanted = wishes.requirements(
        run.wiring.known_provider,
        provider=provider,
        min_cpu=min_cpu,
        min_memory=min_memory,
        min_disk=min_disk,
        max_price=max_price,
        gpu=gpu,
        gpu_model=gpu_model,
        gpu_count=gpu_count,
        region=region,
        arch=arch,
        os=system,
    )
    table = price_table(run, wanted, sort, live=live)
    run.out.show(table.data(), table.paint)


def of_provider(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A cloud.", autocompletion=complete.providers)],
) -> None:
    """The templates of a cloud, from the offline catalogue."""
    from capsule_cli.pricing import table_of
    from capsule_domain.models.requirements import Requirements

    run = session(ctx)
    provider = run.wiring.known_provider(name)
    wanted = Requirements(provider=provider)
    sold = [t for t in run.wiring.catalogue().templates() if t.provider == provider]
    table = table_of(run, sold, wanted, "price")
    run.out.show(table.data(), table.paint)


def regions(
    ctx: typer.Context,
    *,
    provider: wishes.AtProvider = None,
) -> None:
    """The regions of the clouds, and other words for them."""
    run = session(ctx)
    chosen = provider and run.wiring.known_provider(provider)
    rows = [r for r in run.wiring.catalogue().regions() if chosen in (None, r.provider)]
    run.out.show(rows, lambda screen: _paint_regions(screen, rows))


def _paint_regions(screen: "Screen", rows: "Sequence[Region]") -> None:
    from rich.text import Text

    screen.header("Regions")
    if not rows:
        screen.line("none")
        return
    screen.table(
        ["cloud", "region", "name", "country", "also called"],
        [
            (
                row.provider[:4].upper(),
                Text(row.region, "name"),
                row.name,
                row.country,
                ", ".join(row.aliases),
            )
            for row in rows
        ],
        whole=["cloud", "region"],
    )
    if screen.fancy:
        screen.hint("capsule openmesh templates --region REGION")
