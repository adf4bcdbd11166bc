"""Which machines are meant by the commands that switch them, and how it is to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli.machines import machine_of
from capsule_domain.errors import UsageError

if TYPE_CHECKING:
    from capsule_cli.session import Session
    from capsule_domain.models.xnode import XNode
    from capsule_domain.ports.nixos_hosts import Machine

Confirming = Annotated[
    int,
    typer.Option(
        "--confirm-seconds",
        metavar="S",
        min=10,
        max=3600,
        help="How long it waits to be confirmed before it goes back.",
    ),
]
Activating = Annotated[
    int,
    typer.Option(
        "--activation-seconds", metavar="S", min=10, max=7200, help="How long activating may take."
    ),
]
ViaReboot = Annotated[
    bool, typer.Option("--via-reboot", help="Start the machine into it, rather than switch.")
]
FailedUnits = Annotated[
    bool, typer.Option("--allow-failed-units", help="Keep it though some units do not start.")
]


@dataclass(frozen=True)
class Meant:
    """A machine by its name for people, and by what tells it from all others."""

    name: str
    key: str
    machine: "Machine"
    xnode: "XNode | None" = None


def one_machine(run: "Session", target: str | None, port: int | None, xnode: str | None) -> Meant:
    """Raises as `machine_of` does."""
    name, machine = machine_of(run, target, port, xnode)
    if xnode is None:
        return Meant(name, name, machine)
    found = run.wiring.inventory().get(xnode)
    return Meant(found.name, found.id, machine, found)


def machines(
    run: "Session", target: str | None, port: int | None, xnodes: Sequence[str], tags: str | None
) -> tuple[list[Meant], bool]:
    """Those that are meant, by name, and whether many were asked for. Without a word: this one.

    Raises as `machine_of` does, and UsageError unless they are said in one way.
    """
    from capsule_cli.values import listed
    from capsule_domain.services.living import meant
    from capsule_domain.services.ready import target_of

    wanted = listed(tags)
    if [target is not None, bool(xnodes), tags is not None].count(True) > 1:
        raise UsageError("--target, --xnode and --tags exclude one another")
    if tags is None and len(xnodes) <= 1:
        return [one_machine(run, target, port, xnodes[0] if xnodes else None)], False
    if port is not None:
        raise UsageError("--port goes with --target", hint="--target user@host -p PORT")
    if tags is not None and not wanted:
        raise UsageError("--tags names no tag")
    found = meant(run.wiring.inventory(), xnodes, tags=wanted)
    return [Meant(one.name, one.id, target_of(one), one) for one in found], True


def address_of(meant: Meant) -> str:
    """The options that name it again, with a space before them, for a hint."""
    return "" if meant.machine is None else f" {meant.machine.options}"
