"""A NixOS machine switched to a configuration, and back again."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli import machines as which
from capsule_cli import switch_meant as meaning
from capsule_cli.fleet import Tagged
from capsule_cli.session import session
from capsule_cli.which_configuration import Allowing, ByNixpkgs, OfConfig, OfHost, refuse_ambiguity

if TYPE_CHECKING:
    from capsule_cli.switch_meant import Meant
    from capsule_domain.ports.nix_systems import Progress
    from capsule_domain.services.apply_source import HostSource


def apply(
    ctx: typer.Context,
    *,
    target: which.OnTarget = None,
    port: which.OnPort = None,
    xnode: Annotated[
        list[str] | None,
        typer.Option(
            "--xnode",
            help="An xNode, by name or id; repeatable.",
            autocompletion=complete.xnodes,
        ),
    ] = None,
    tags: Tagged = None,
    config: OfConfig = None,
    hostname: OfHost = None,
    nixpkgs: ByNixpkgs = None,
    build_on: Annotated[
        str,
        typer.Option(
            "--build-on",
            metavar="auto|local|remote|HOST",
            help="Where it is built; remote is the machine itself.",
            autocompletion=complete.words("auto", "local", "remote"),
        ),
    ] = "auto",
    via_reboot: meaning.ViaReboot = False,
    confirm_seconds: meaning.Confirming = 90,
    activation_seconds: meaning.Activating = 600,
    allow: Allowing = None,
    allow_failed_units: meaning.FailedUnits = False,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, max=64, help="How many at a time, after the first.")
    ] = 8,
) -> None:
    """Switch a machine to a NixOS configuration; it goes back by itself unless it is reached."""
    from capsule_cli.applying import Applying
    from capsule_domain.models.switch import SwitchMode
    from capsule_domain.services.apply import SwitchWish, refuse_wrong

    run = session(ctx)
    wish = SwitchWish(
        build_on=build_on,
        allowed=tuple(allow or ()),
        mode=SwitchMode.REBOOT if via_reboot else SwitchMode.TRIAL,
        confirm_seconds=confirm_seconds,
        activation_seconds=activation_seconds,
        allow_failed_units=allow_failed_units,
    )
    refuse_wrong(wish)
    meant, many = meaning.machines(run, target, port, xnode or (), tags)
    if not run.options.dry_run:
        run.ask.refuse_alone()
    by_name = config is None and hostname is None and meant[0].xnode is not None
    if config is None and not by_name:
        refuse_ambiguity(run)

    def find(one: "Meant", progress: "Progress") -> "HostSource":
        sources = run.wiring.find_source()
        if by_name and one.xnode is not None:
            return sources.of_xnode(one.xnode, nixpkgs, progress)
        host = hostname or (one.xnode.name if many and one.xnode else None)
        return sources.named(config, host, nixpkgs, progress)

    Applying(run, meant, wish, find, many=many, at_once=jobs).to_the_end()


def rollback(
    ctx: typer.Context,
    *,
    generation: Annotated[
        str | None,
        typer.Option(
            "--generation",
            metavar="N",
            help="Which one: its number, or previous, the highest below the profile's [previous].",
        ),
    ] = None,
    target: which.OnTarget = None,
    port: which.OnPort = None,
    xnode: which.OnXNode = None,
    via_reboot: meaning.ViaReboot = False,
    confirm_seconds: meaning.Confirming = 90,
    activation_seconds: meaning.Activating = 600,
    allow_failed_units: meaning.FailedUnits = False,
) -> None:
    """Make an earlier generation of a machine its system again, by the same trial."""
    from capsule_cli.going_back import generation_number, go_back
    from capsule_domain.models.switch import SwitchMode
    from capsule_domain.services.go_back import BackWish

    run = session(ctx)
    wish = BackWish(
        generation=generation_number(generation),
        mode=SwitchMode.REBOOT if via_reboot else SwitchMode.TRIAL,
        confirm_seconds=confirm_seconds,
        activation_seconds=activation_seconds,
        allow_failed_units=allow_failed_units,
    )
    meant = meaning.one_machine(run, target, port, xnode)
    go_back(run, meant, wish)
