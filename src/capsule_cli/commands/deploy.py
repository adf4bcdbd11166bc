"""Renting servers, and the journal of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete, wishes
from capsule_cli import deploy_options as options
from capsule_cli.ordering import confirm_and_rent, fill, order_of
from capsule_cli.planning import plans_in
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.deployment import Deployment


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
    plan_out: options.PlanOut = None,
    plan: Annotated[
        str | None,
        typer.Option("--plan", metavar="FILE", help="Carry out exactly the plan in a file."),
    ] = None,
    force: options.Forced = False,
) -> None:
    """Rent the cheapest server that fits."""
    from capsule_cli.values import listed

    run = session(ctx)
    if plan is not None:
        _refuse_more(ctx)
        plans = plans_in(run, plan, ssh_key=ssh_key, force=force)
        confirm_and_rent(run, plans, ssh_key=ssh_key)
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
    fill(run, order, ssh_key=ssh_key, plan_out=plan_out)


def _refuse_more(ctx: typer.Context) -> None:
    """Nothing else can be asked of a plan that is made."""
    from capsule_domain.errors import UsageError

    for name in ctx.params.keys() - {"plan", "ssh_key", "force"}:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = "--os" if name == "system" else f"--{name.replace('_', '-')}"
            raise UsageError(f"--plan is the whole plan, and {option} would change it")


def deployments(
    ctx: typer.Context,
    *,
    which: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="One, by id or name, with its events.",
            autocompletion=complete.deployments,
        ),
    ] = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Only where something may be billed unused.")
    ] = False,
) -> None:
    """The journal of deployments."""
    run = session(ctx)
    journal = run.wiring.journal()
    if which is not None:
        one = journal.get(which)
        run.out.show(one, lambda screen: _paint_deployment(screen, one))
        return
    rows = journal.list(unfinished=unfinished)
    run.out.show(rows, lambda screen: _paint_deployments(screen, rows))


def _paint_deployments(screen: "Screen", rows: Sequence["Deployment"]) -> None:
    from capsule_cli.theme import status_dot

    screen.header("Deployments")
    if not rows:
        screen.line("none")
        return
    screen.table(
        ["deployment", "name", "state", "cloud", "server", "started"],
        [
            (
                row.id,
                status_dot(row.name, active=row.state == "ready"),
                row.state,
                row.provider[:4].upper(),
                row.server_id or "",
                f"{row.started_at:%Y-%m-%d %H:%M} UTC",
            )
            for row in rows
        ],
        whole=["deployment", "name", "state"],
    )
    left = [row for row in rows if row.state.unfinished]
    if left:
        screen.warning(f"{len(left)} unfinished: something may be billed and not in use")
        screen.hint(f"capsule openmesh deployments {left[0].id}")


def _paint_deployment(screen: "Screen", one: "Deployment") -> None:
    screen.header(f"Deployment {one.id}")
    screen.fields(
        [
            ("name", one.name),
            ("state", one.state),
            ("rented", f"{one.slug} in {one.region} at {one.provider}"),
            ("server", one.server_id or "not known"),
            ("tag", one.tag),
        ]
    )
    screen.section("Events")
    for event in one.events:
        screen.line(f"  {event.time:%Y-%m-%d %H:%M:%S}  {event.step}  {event.detail}".rstrip())
    if one.state.unfinished:
        if one.server_id:
            screen.hint(f"capsule openmesh xnode terminate {one.name}")
        else:
            screen.hint(f"look for the tag {one.tag} among your servers at {one.provider}")
