"""Renting a server, and the journal of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete, wishes
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.deployment import Deployment, DeploymentEvent, DeployPlan
    from capsule_domain.models.requirements import Requirements
    from capsule_domain.models.xnode import XNode


def deploy(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Option(help="What you will call it.")],
    provider: wishes.AtProvider = None,
    min_cpu: wishes.MinCpu = None,
    min_memory: wishes.MinMemory = None,
    max_price: wishes.MaxPrice = None,
    gpu: wishes.WantGpu = False,
    gpu_model: wishes.GpuModel = None,
    region: wishes.InRegion = None,
    arch: wishes.WithArch = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="What it is meant for: a profile [the active one].",
            autocompletion=complete.profiles,
        ),
    ] = None,
    tags: Annotated[str | None, typer.Option(help="Tags, a,b.")] = None,
    ssh_key: Annotated[
        str | None, typer.Option(help="Key file [openmesh.yml's, else Capsule's own].")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Rent even from a cloud that has ended (--provider).")
    ] = False,
) -> None:
    """Rent the cheapest server that fits."""
    run = session(ctx)
    _settle_ended(run, provider, force=force)
    wanted = wishes.requirements(
        min_cpu=min_cpu,
        min_memory=min_memory,
        max_price=max_price,
        gpu=gpu,
        gpu_model=gpu_model,
        region=region,
        provider=provider and run.wiring.known_provider(provider),
        arch=arch,
    )
    plan = _plan(run, name, wanted, profile, tags)
    if run.options.dry_run:
        run.out.show(plan, lambda screen: paint_plan(screen, plan))
        return
    if not (run.out.json or run.out.quiet):
        paint_plan(run.out.margin, plan)
    from capsule_cli.money import cents, rate

    cost = f"{rate(plan.price_per_hour)} an hour, {cents(plan.price_per_month)} a month at most"
    run.ask.confirm(f"Rent {plan.name} for {cost}?")
    xnode = _rent(run, plan, ssh_key)
    run.out.show(xnode, lambda screen: _paint_ready(screen, xnode))


def _settle_ended(run: Session, provider: str | None, *, force: bool) -> None:
    """A cloud that has ended is rented from only by name and by force."""
    from capsule_domain.errors import UsageError
    from capsule_domain.services.ended import refuse_ended

    wiring = run.wiring
    if provider is None:
        if force:
            raise UsageError("--force is for one cloud", hint="add --provider")
    elif not force:
        refuse_ended(wiring.known_provider(provider), wiring.ended, wiring.providers())


def _plan(
    run: Session, name: str, wanted: "Requirements", profile: str | None, tags: str | None
) -> "DeployPlan":
    from capsule_cli.heard import offers_or_worst
    from capsule_cli.values import listed
    from capsule_domain.services.ended import left_out
    from capsule_domain.services.place import placed, regions_of
    from capsule_domain.services.plan import plan_deploy, server_name

    wiring = run.wiring
    server_name(name)
    meant_for = wiring.manage_profile().show(profile).profile.name
    market = wiring.market(wanted.provider)
    offers = offers_or_worst(run.out, market.ask(), wiring.clock().now())
    clouds = () if wanted.provider else wiring.configured()
    return plan_deploy(
        name,
        offers,
        placed(wanted, [*wiring.catalogue().regions(), *regions_of(offers)]),
        wiring.rates(),
        profile=meant_for,
        tags=listed(tags),
        left_out=left_out(clouds, wiring.ended, market.catalogue),
    )


def _rent(run: Session, plan: "DeployPlan", ssh_key: str | None) -> "XNode":
    def progress(event: "DeploymentEvent") -> None:
        run.out.talk(f"  {event.time:%H:%M:%S}  {event.step}  {event.detail}".rstrip())

    wiring = run.wiring
    key = ssh_key or wiring.choices().openmesh().ssh_key
    try:
        return wiring.deploy(progress).run(plan, ssh_key=key)
    except KeyboardInterrupt:
        for left in wiring.journal().list(unfinished=True):
            if left.name == plan.name:
                run.out.complain(
                    f"deployment {left.id} is {left.state}: something may be billed",
                    f"capsule openmesh deployments {left.id}",
                )
        raise


def paint_plan(screen: "Screen", plan: "DeployPlan") -> None:
    """The chosen offer among its runners-up, and why the others lost."""
    from rich.text import Text

    from capsule_cli.money import cents, rate

    screen.header(f"Deploy {plan.name}")
    screen.table(
        ["", "cloud", "template", "region", "cores", "GiB", "$/hr", "$/mo"],
        [
            (
                Text("▸ chosen", "good") if offer is plan.offer else "",
                offer.provider[:4].upper(),
                offer.template,
                offer.region,
                str(offer.vcpus),
                f"{offer.memory_mib / 1024:g}",
                Text(rate(offer.price_per_hour), "money"),
                cents(offer.price_per_month),
            )
            for offer in (plan.offer, *plan.runners_up)
        ],
        right=["cores", "GiB", "$/hr", "$/mo"],
        whole=["", "cloud"],
    )
    reasons: dict[str, int] = {}
    for rejected in plan.rejected:
        reasons[rejected.reason] = reasons.get(rejected.reason, 0) + 1
    most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:5]
    if most:
        why = "; ".join(f"{count} × {reason}" for reason, count in most)
        screen.line(f"{len(plan.rejected)} of {plan.seen} do not fit: {why}", style="advice")


def _paint_ready(screen: "Screen", xnode: "XNode") -> None:
    screen.success(f"{xnode.name} is ready at {xnode.address}, reached over SSH, host key verified")
    if xnode.profile:
        screen.line(
            f"profile {xnode.profile} is noted for it, and not applied: it runs the cloud's Ubuntu",
            style="advice",
        )
    if screen.fancy:
        screen.hint(f"capsule openmesh monitor health {xnode.name} --run-check")


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
