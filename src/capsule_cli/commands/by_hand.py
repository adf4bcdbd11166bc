"""Renting a template that a person chose, rather than the cheapest that fits."""

from dataclasses import replace
from typing import Annotated

import typer

from capsule_cli import complete, wishes
from capsule_cli import deploy_options as options
from capsule_cli.ordering import fill, order_of
from capsule_cli.session import session


def by_hand(
    ctx: typer.Context,
    *,
    template: options.ThisTemplate,
    name: options.Named = None,
    provider: wishes.AtProviders = None,
    region: wishes.InRegion = None,
    system: wishes.ToRun = None,
    profile: options.MeantFor = None,
    tags: options.Tagged = None,
    ssh_key: options.WithKey = None,
    ttl: options.Lives = None,
    over_budget: options.OverBudget = None,
    force: options.Forced = False,
) -> None:
    """Rent a template that you chose yourself."""
    from capsule_cli.values import listed

    run = session(ctx)
    said = wishes.Wishes(provider=provider, template=template, region=region, os=system)
    order = order_of(run, name or f"xnode-{run.wiring.new_id()}", said)
    order = replace(order, profile=profile, tags=listed(tags), ttl=ttl, force=force)
    fill(run, order, ssh_key=ssh_key, over_budget=over_budget)


def with_provider(
    ctx: typer.Context,
    *,
    provider: Annotated[str, typer.Option(help="The cloud.", autocompletion=complete.providers)],
    template: options.ThisTemplate,
    name: Annotated[str, typer.Option(help="What you will call it.")],
    region: wishes.InRegion = None,
    system: wishes.ToRun = None,
    profile: options.MeantFor = None,
    tags: options.Tagged = None,
    ssh_key: options.WithKey = None,
    ttl: options.Lives = None,
    over_budget: options.OverBudget = None,
    force: options.Forced = False,
) -> None:
    """Rent a template of a cloud, both chosen by yourself."""
    by_hand(
        ctx,
        template=template,
        name=name,
        provider=[provider],
        region=region,
        system=system,
        profile=profile,
        tags=tags,
        ssh_key=ssh_key,
        ttl=ttl,
        over_budget=over_budget,
        force=force,
    )
