"""Renting servers."""

from dataclasses import replace
from typing import Annotated

import typer

from capsule_cli import complete, unfinished, wishes
from capsule_cli import deploy_options as options
from capsule_cli.ordering import confirm_and_rent, fill, order_of
from capsule_cli.planning import plans_in
from capsule_cli.session import session


def deploy(
    ctx: typer.Context,
    *,
    name: options.Named = None,
    provider: wishes.AtProviders = None,
    template: options.OnlyTemplate = None,
    min_cpu: wishes.MinCpu = None,
    min_memory: wishes.MinMemory = None,
    min_disk: wishes.MinDisk = None,
    max_price: wishes.MaxPrice = None,
    gpu: wishes.WantGpu = False,
    gpu_model: wishes.GpuModel = None,
    gpu_count: wishes.GpuCount = None,
    region: wishes.InRegion = None,
    arch: wishes.WithArch = None,
    system: wishes.ToRun = None,
    profile: options.MeantFor = None,
    tags: options.Tagged = None,
    ssh_key: options.WithKey = None,
    ttl: options.Lives = None,
    count: options.HowMany = 1,
    spread: options.Apart = None,
    over_budget: options.OverBudget = None,
    plan_out: options.PlanOut = None,
    plan: Annotated[
        str | None,
        typer.Option("--plan", metavar="FILE", help="Carry out exactly the plan in a file."),
    ] = None,
    go_on_with: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="ID",
            help="Go on with a deployment that was interrupted.",
            autocompletion=complete.deployments,
        ),
    ] = None,
    undo: Annotated[
        str | None,
        typer.Option(
            "--abandon",
            metavar="ID",
            help="Undo what one that was not finished has made.",
            autocompletion=complete.deployments,
        ),
    ] = None,
    force: options.Forced = False,
) -> None:
    """Rent the cheapest server that fits."""
    from capsule_cli.values import listed

    run = session(ctx)
    if go_on_with is not None:
        _refuse_more(ctx, "--resume", "goes on with what was confirmed", "go_on_with")
        unfinished.resume(run, go_on_with)
        return
    if undo is not None:
        _refuse_more(ctx, "--abandon", "takes all of it away", "undo")
        unfinished.abandon(run, undo)
        return
    if plan is not None:
        _refuse_more(ctx, "--plan", "is the whole plan", "plan", "ssh_key", "force", "over_budget")
        plans = plans_in(run, plan, ssh_key=ssh_key, force=force)
        key = ssh_key or plans[0].ssh_key
        confirm_and_rent(run, plans, ssh_key=key, over_budget=over_budget)
        return
    said = wishes.Wishes(
        provider=provider,
        template=template,
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
    order = order_of(run, name, said, count=count, spread=spread)
    order = replace(order, profile=profile, tags=listed(tags), ttl=ttl, force=force)
    fill(run, order, ssh_key=ssh_key, plan_out=plan_out, over_budget=over_budget)


_CALLED = {
    "system": "--os",
    "over_budget": "--override-budget",
    "go_on_with": "--resume",
    "undo": "--abandon",
}
"""Options that are called otherwise than their parameters."""


def _refuse_more(ctx: typer.Context, option: str, why: str, *but: str) -> None:
    """Nothing else can be asked of a plan that is made, but the parameters `but`."""
    from capsule_domain.errors import UsageError

    for name in ctx.params.keys() - {*but}:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            other = _CALLED.get(name, f"--{name.replace('_', '-')}")
            raise UsageError(f"{option} {why}, and {other} would change it")
