"""What is written on xNodes: tags, an end, a protection."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete, fleet
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_domain.models.xnode import XNode
    from capsule_domain.services.mark import Marked


def tag(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME CHANGE",
            help="+a adds, -b takes away, a,b makes them exactly these, '' none at all.",
            autocompletion=complete.xnodes,
        ),
    ],
    *,
    tags: fleet.Tagged = None,
    everyone: fleet.Everyone = False,
) -> None:
    """Change tags: NAME +a adds, NAME -b takes away, NAME a,b sets."""
    from capsule_domain.models.marks import TagChange

    run = session(ctx)
    chosen = bool(tags) or everyone
    change = TagChange.parse(words if chosen else words[1:])
    meant = fleet.targets(run, None if chosen else words[:1], tags, everyone=everyone)
    if run.options.dry_run:
        return fleet.would(run, meant, lambda x: f"tag {x.name}: {_listed(change.of(x.tags))}")
    service = run.wiring.mark()

    def work(xnode: "XNode") -> fleet.Done:
        marked = service.tag(xnode, change)
        return _done(marked, f"{xnode.name} has the tags {_listed(marked.xnode.tags)}")

    return fleet.on_each(run, meant, work)


def protect(
    ctx: typer.Context,
    names: fleet.Names = None,
    *,
    off: Annotated[bool, typer.Option("--off", help="Allow to end them again.")] = False,
    tags: fleet.Tagged = None,
    everyone: fleet.Everyone = False,
) -> None:
    """Let nobody end xNodes by mistake."""
    run = session(ctx)
    meant = fleet.targets(run, names, tags, everyone=everyone)
    word = "not protected any more" if off else "protected: Capsule refuses to end it"
    if run.options.dry_run:
        return fleet.would(run, meant, lambda x: f"protect {x.name}{' no more' if off else ''}")
    service = run.wiring.mark()

    def work(xnode: "XNode") -> fleet.Done:
        return fleet.Done(service.protect(xnode, on=not off), f"{xnode.name} is {word}")

    return fleet.on_each(run, meant, work)


def ttl(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME WHEN",
            help="30m, 8h, 2d, 1w from now on, or a moment such as 2026-12-24T18:00Z.",
            autocompletion=complete.xnodes,
        ),
    ] = None,
    *,
    off: Annotated[bool, typer.Option("--off", help="Let them live; without WHEN.")] = False,
    tags: fleet.Tagged = None,
    everyone: fleet.Everyone = False,
) -> None:
    """Say when xNodes may be ended, by any Capsule."""
    from capsule_domain.errors import UsageError
    from capsule_domain.models.time_to_live import expiry

    run = session(ctx)
    given = list(words or ())
    if not off and not given:
        raise UsageError("it is not said when", hint="NAME 8h, or NAME --off")
    moment = None if off else expiry(given.pop(), run.wiring.clock().now())
    meant = fleet.targets(run, given, tags, everyone=everyone)
    end = f"expires at {moment:%Y-%m-%d %H:%M} UTC" if moment else "does not expire"
    if run.options.dry_run:
        return fleet.would(run, meant, lambda xnode: f"let it be that {xnode.name} {end}")
    service = run.wiring.mark()

    def work(xnode: "XNode") -> fleet.Done:
        return _done(service.expire(xnode, moment), f"{xnode.name} {end}")

    return fleet.on_each(run, meant, work)


def _done(marked: "Marked", sentence: str) -> fleet.Done:
    """What only the inventory has is no help to another Capsule."""
    only = marked.only_here and f"only this Capsule knows that: {marked.only_here}"
    return fleet.Done(marked.xnode, sentence, only)


def _listed(tags: "tuple[str, ...]") -> str:
    return ", ".join(tags) or "(none)"
