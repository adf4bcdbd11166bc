"""Which machine is meant, for the commands that look into a NixOS or change it."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete

if TYPE_CHECKING:
    from capsule_cli.session import Session
    from capsule_domain.ports.nixos_hosts import Machine

HERE = "this machine"

OnTarget = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="USER@HOST",
        help="A machine as you name it to ssh; ~/.ssh/config holds [this machine].",
    ),
]
OnPort = Annotated[
    int | None,
    typer.Option("--port", "-p", help="The SSH port of --target.", min=1, max=65535),
]
OnXNode = Annotated[
    str | None,
    typer.Option("--xnode", help="An xNode, by name or id.", autocompletion=complete.xnodes),
]


def machine_of(
    run: "Session", target: str | None, port: int | None, xnode: str | None
) -> "tuple[str, Machine]":
    """Its name for people, and the machine; this one when none is named.

    Raises UsageError for two at once and for a name that no machine can have; NotFound and
    Conflict for the xNode; HostUnreachable for one that has no address yet.
    """
    from capsule_domain.errors import UsageError
    from capsule_domain.ports.host import Destination
    from capsule_domain.services.living import refuse_gone
    from capsule_domain.services.ready import target_of

    if target is not None and xnode is not None:
        raise UsageError("--target and --xnode exclude one another")
    if port is not None and target is None:
        raise UsageError("--port goes with --target", hint="--target user@host -p PORT")
    if target is not None:
        destination = Destination.named(target, port=port)
        return destination.label, destination
    if xnode is None:
        return HERE, None
    found = run.wiring.inventory().get(xnode)
    refuse_gone(found)
    return found.name, target_of(found)
