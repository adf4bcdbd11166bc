"""Looking through the templates, and renting one."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import wishes
from capsule_cli.ordering import fill, order_of
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.pricelist import PriceTable
    from capsule_domain.models.template import Offer, Template


def browse(
    ctx: typer.Context,
    *,
    provider: wishes.AtProviders = None,
    min_cpu: wishes.MinCpu = None,
    min_memory: wishes.MinMemory = None,
    max_price: wishes.MaxPrice = None,
    gpu: wishes.WantGpu = False,
    region: wishes.InRegion = None,
    arch: wishes.WithArch = None,
    live: Annotated[bool, typer.Option("--live", help="Ask the clouds now.")] = False,
) -> None:
    """Look through the templates, pick one, and rent it."""
    from capsule_cli.pricing import price_table

    run = session(ctx)
    wanted = wishes.requirements(
        run.wiring.known_provider,
        provider=provider,
        min_cpu=min_cpu,
        min_memory=min_memory,
        max_price=max_price,
        gpu=gpu,
        region=region,
        arch=arch,
    )
    table = price_table(run, wanted, "price", live=live)
    if run.options.json or not run.ask.can_ask or not table.rows:
        run.out.show(table.data(), table.paint)
        return
    chosen = _picked(run, table)
    name = run.ask.text("What will you call it?")
    said = wishes.Wishes(provider=[chosen.provider], template=chosen.template, region=region)
    fill(run, order_of(run, name or None, said), ssh_key=None, plan_out=None)


def _picked(run: Session, table: "PriceTable") -> "Template | Offer":
    """Narrowed by each answer until one template is left. Raises Declined for no answer."""
    from dataclasses import replace

    from capsule_domain.errors import Declined

    shown = table
    while True:
        shown.paint(run.out.margin)
        word = run.ask.text("Which one? Its name or a part of it; nothing leaves")
        if not word:
            raise Declined
        rows = _fitting(shown, word)
        if len({(row.provider, row.template) for row in rows}) == 1:
            return rows[0]
        if not rows:
            run.out.warn(f"no template here has '{word[:40]}' in its name")
            rows = list(table.rows)
        shown = replace(table, rows=rows)


def _fitting(table: "PriceTable", word: str) -> "list[Template | Offer]":
    whole = [row for row in table.rows if row.template == word]
    return whole or [row for row in table.rows if word.lower() in row.template.lower()]
