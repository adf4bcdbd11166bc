"""xNodes on, off, on again, and gone."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import fleet
from capsule_cli.session import Session, session
from capsule_cli.xnode_words import stopped_costs

if TYPE_CHECKING:
    from capsule_domain.models.xnode import XNode


def launch(
    ctx: typer.Context,
    names: fleet.Names = None,
    *,
    tags: fleet.Tagged = None,
    everyone: fleet.Everyone = False,
) -> None:
    """Switch xNodes on."""
    run = session(ctx)
    meant = fleet.targets(run, names, tags, everyone=everyone)
    if run.options.dry_run:
        return fleet.would(run, meant, lambda xnode: f"launch {xnode.name}: {_running(xnode)}")
    dearer = [xnode for xnode in meant.xnodes if not _same_when_stopped(run, xnode)]
    fleet.confirm(run, fleet.Targets(dearer, meant.many), "Launch", _running)
    service = run.wiring.lifecycle()
    return fleet.on_each(run, meant, lambda xnode: _launched(xnode, service.launch(xnode)))


def _launched(before: "XNode", now: "XNode") -> fleet.Done:
    moved = f", no more at {before.address}" if before.address not in (None, now.address) else ""
    return fleet.Done(now, f"{now.name} runs at {now.address}{moved}")


def _running(xnode: "XNode") -> str:
    from capsule_cli.money import rate

    return f"while it runs it costs {rate(xnode.price_per_hour)} an hour"


def stop(
    ctx: typer.Context,
    names: fleet.Names = None,
    *,
    tags: fleet.Tagged = None,
    everyone: fleet.Everyone = False,
) -> None:
    """Shut xNodes down; what they go on costing is said first."""
    run = session(ctx)
    meant = fleet.targets(run, names, tags, everyone=everyone)
    costs = {xnode.id: stopped_costs(run, xnode) for xnode in meant.xnodes}
    if run.options.dry_run:
        return fleet.would(run, meant, lambda xnode: f"stop {xnode.name}: {costs[xnode.id]}")
    fleet.confirm(run, meant, "Stop", lambda xnode: costs[xnode.id])
    service = run.wiring.lifecycle()

    def work(xnode: "XNode") -> fleet.Done:
        return fleet.Done(service.stop(xnode), f"{xnode.name} is stopped; {costs[xnode.id]}")

    return fleet.on_each(run, meant, work)


def _same_when_stopped(run: Session, xnode: "XNode") -> bool:
    from capsule_domain.errors import NotFound

    try:
        return run.wiring.facts(xnode.provider).capabilities.bills_when_stopped
    except NotFound:
        return False


def restart(
    ctx: typer.Context,
    names: fleet.Names = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="By power, where it does not listen any more.")
    ] = False,
    tags: fleet.Tagged = None,
    everyone: fleet.Everyone = False,
) -> None:
    """Reboot xNodes."""
    run = session(ctx)
    meant = fleet.targets(run, names, tags, everyone=everyone)
    how = "by power: what is not on its disk is lost" if force else "what runs there is interrupted"
    if run.options.dry_run:
        return fleet.would(run, meant, lambda xnode: f"restart {xnode.name}: {how}")
    fleet.confirm(run, meant, "Restart", lambda _xnode: how)
    service = run.wiring.lifecycle()

    def work(xnode: "XNode") -> fleet.Done:
        return fleet.Done(service.restart(xnode, force=force), f"{xnode.name} was restarted")

    return fleet.on_each(run, meant, work)


def terminate(
    ctx: typer.Context,
    names: fleet.Names = None,
    *,
    tags: fleet.Tagged = None,
    everyone: fleet.Everyone = False,
) -> None:
    """End xNodes for good."""
    run = session(ctx)
    service = run.wiring.terminate()
    if names and not (tags or everyone):
        found = list({xnode.id: xnode for xnode in map(service.find, names)}.values())
        meant = fleet.Targets(found, many=len(names) != 1)
    else:
        meant = fleet.targets(run, names, tags, everyone=everyone)
    if run.options.dry_run:
        return fleet.would(run, meant, _would_end)
    _ask(run, meant)
    return fleet.on_each(run, meant, lambda xnode: _ended(service.run(xnode)))


def _would_end(xnode: "XNode") -> str:
    return f"leave {xnode.name}: it is protected" if xnode.protected else f"end {_what(xnode)}"


def _ask(run: Session, meant: fleet.Targets) -> None:
    """One is typed by its name. Of many how many they are: that is known only to who has read
    the list, and nobody types twenty names with care.
    """
    ending = [xnode for xnode in meant.xnodes if not xnode.protected]
    if not ending:
        return
    if len(ending) == 1:
        run.ask.confirm_by_name(ending[0].name, f"This ends {_what(ending[0])}, for good.")
        return
    lines = "\n".join(f"  {_what(xnode)}" for xnode in ending)
    run.ask.confirm_by_count(len(ending), f"This ends, for good:\n{lines}")


def _what(xnode: "XNode") -> str:
    return f"{xnode.name}: {xnode.template} in {xnode.region} at {xnode.provider}, with its disk"


def _ended(xnode: "XNode") -> fleet.Done:
    from capsule_cli.money import cents

    return fleet.Done(xnode, f"{xnode.name} is gone; {cents(xnode.price_per_month)} a month less")
