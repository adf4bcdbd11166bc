"""The inventory changed by hand, and what was changed in it."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from capsule_cli import complete
from capsule_cli.session import Session, session
from capsule_domain.errors import NotFound

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.xnode import XNode, XNodeChange

_MOST_CHANGES = 100


def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call it.")],
    *,
    provider: Annotated[
        str,
        typer.Option(help="Its cloud, or manual.", autocompletion=complete.providers),
    ] = "manual",
    server_id: Annotated[str, typer.Option(help="The cloud's own id of it.")] = "",
    address: Annotated[str | None, typer.Option(help="Its IP address or host name.")] = None,
    region: Annotated[
        str, typer.Option(help="Where it stands.", autocompletion=complete.regions)
    ] = "",
    template: Annotated[
        str, typer.Option(help="Its size.", autocompletion=complete.templates)
    ] = "",
    status: Annotated[
        str,
        typer.Option(autocompletion=complete.words("running", "stopped", "unknown")),
    ] = "unknown",
    price_per_hour: Annotated[
        str | None, typer.Option(help="Such as 0.0071, or 0.0071EUR; in USD unless it says so.")
    ] = None,
    ssh_user: Annotated[str, typer.Option(help="Who logs in there.")] = "root",
    ssh_port: Annotated[int, typer.Option(help="Where SSH listens.")] = 22,
    ssh_key: Annotated[str | None, typer.Option(help="The key file that opens it.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="What runs on it.", autocompletion=complete.profiles)
    ] = None,
    tags: Annotated[str | None, typer.Option(help="Its tags, a,b.")] = None,
) -> None:
    """Take in a server that Capsule did not rent."""
    from capsule_cli.values import listed
    from capsule_domain.services.place import region_meant

    run = session(ctx)
    fields: dict[str, JsonValue] = {
        "name": name,
        "provider": provider,
        "server_id": server_id,
        "address": address,
        "region": region and region_meant(region, run.wiring.catalogue().regions()),
        "template": template,
        "status": status,
        "profile": profile,
        "ssh_user": ssh_user,
        "ssh_port": ssh_port,
        "ssh_key": ssh_key,
        "tags": list(listed(tags)),
    }
    if price_per_hour is not None:
        fields["price_per_hour"] = _price(price_per_hour)
    service = run.wiring.add_xnode()
    xnode, doubts = service.look(fields)
    for doubt in doubts:
        run.out.warn(doubt)
    if not run.options.dry_run:
        service.run(xnode)
    verb = "would be" if run.options.dry_run else "is"
    run.out.show(xnode, lambda screen: screen.success(f"{xnode.name} {verb} in the inventory"))
    if xnode.server_id and not run.options.dry_run:
        run.out.talk("what its cloud says of it comes in by:")
        run.out.advise("capsule openmesh inventory sync")


def _price(text: str) -> dict[str, JsonValue]:
    """The amount, and the currency where it stands behind."""
    amount = text.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ").strip()
    return {"amount": amount, "currency": text[len(amount) :].strip() or "USD"}


def remove(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(help="Its whole name or id.", autocompletion=complete.xnodes)
    ],
) -> None:
    """Forget an xNode; its server goes on, and is billed."""
    from capsule_domain.services.terminate import refuse_protected

    run = session(ctx)
    kept = run.wiring.inventory()
    xnode = kept.get(name, exact=True)
    refuse_protected(xnode)
    what = _what_goes_on(xnode)
    if run.options.dry_run:
        run.out.show(xnode, lambda screen: screen.line(f"would forget {xnode.name}. {what}"))
        return
    run.ask.confirm_by_name(xnode.name, f"This forgets {xnode.name}. {what}")
    kept.remove(xnode.id)
    run.out.show(xnode, lambda screen: screen.success(f"{xnode.name} is forgotten"))
    run.out.talk(what)


def _what_goes_on(xnode: "XNode") -> str:
    from capsule_cli.money import cents

    if xnode.status == "gone":
        return "It was gone already; what it cost is forgotten too."
    price = xnode.price_per_month
    billed = f"is billed {cents(price)} a month" if price.amount else "is billed what it was"
    return f"Its server at {xnode.provider} goes on and {billed}: Capsule ends nothing here."


def history(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help="Only of this xNode; also of one removed.", autocompletion=complete.xnodes
        ),
    ] = None,
    *,
    since: Annotated[str | None, typer.Option(help="From then on: 24h, 7d, or 2026-11-01.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = _MOST_CHANGES,
) -> None:
    """Every change in the inventory: who, when and what."""
    from capsule_domain.models.time_past import ago

    run = session(ctx)
    kept = run.wiring.inventory()
    start = ago(since, run.wiring.clock().now()) if since else None
    id_ = None if name is None else _id_of(run, name)
    changes = kept.changes(id_, since=start, limit=limit)
    run.out.show(changes, lambda screen: _paint_history(screen, changes))
    if len(changes) == limit:
        run.out.talk(f"the newest {limit}; --limit shows more")


def _id_of(run: Session, name: str) -> str:
    """Of one that was removed only its changes know the name."""
    kept = run.wiring.inventory()
    try:
        return kept.get(name).id
    except NotFound:
        with suppress(NotFound):
            return kept.removed(name)
        raise


def _paint_history(screen: "Screen", changes: Sequence["XNodeChange"]) -> None:
    from capsule_cli.differences import said

    screen.header("History")
    if not changes:
        screen.line("nothing was changed")
        return
    screen.table(
        ["when", "who", "xNode", "what", "how"],
        [
            (
                f"{change.time:%Y-%m-%d %H:%M:%S}",
                change.actor,
                change.name,
                change.kind.value,
                said(change),
            )
            for change in changes
        ],
        whole=["when"],
    )
