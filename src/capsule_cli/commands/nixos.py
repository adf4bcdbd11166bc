"""Whole NixOS configurations."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from capsule_cli.session import Session
    from capsule_cli.theme import Screen
    from capsule_domain.models.nixos import GeneratedConfiguration, GeneratedFleet, NixosPart
    from capsule_domain.services.nixos_wish import Wish


def generate(
    ctx: typer.Context,
    *,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Folder [<home>/nixos/<hostname>].")
    ] = None,
    hostname: Annotated[str | None, typer.Option(help="The machine's name [nixos].")] = None,
    username: Annotated[str | None, typer.Option(help="Its first user [you].")] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="A profile [the active one].", autocompletion=complete.profiles),
    ] = None,
    release: Annotated[
        str,
        typer.Option(
            help="NixOS 25.11, 26.05 or 26.11.",
            autocompletion=complete.words("25.11", "26.05", "26.11"),
        ),
    ] = "26.05",
    timezone: Annotated[str, typer.Option(help="Such as Europe/Berlin.")] = "UTC",
    authorized_key: Annotated[
        list[str] | None, typer.Option(help="A public key line, or a file with one; repeatable.")
    ] = None,
    set_options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Any option of NixOS; repeatable."),
    ] = None,
    domain: Annotated[
        str | None, typer.Option(help="The web server's name, with TLS; needs --email.")
    ] = None,
    email: Annotated[
        str | None, typer.Option(help="To whom the certificate is issued: accepts its terms.")
    ] = None,
    disk: Annotated[
        str | None, typer.Option(help="The disk from which a machine with BIOS starts.")
    ] = None,
    secrets: Annotated[
        str | None,
        typer.Option(
            help="Secrets encrypted beside it: sops or agenix.",
            autocompletion=complete.words("sops", "agenix"),
        ),
    ] = None,
    xnode: Annotated[
        str | None,
        typer.Option(
            help="For this xNode: its name, profile, key and hardware.",
            autocompletion=complete.xnodes,
        ),
    ] = None,
    multi: Annotated[
        bool, typer.Option("--multi", help="One flake with every living xNode.")
    ] = False,
    home_manager: Annotated[bool, typer.Option("--home-manager", help="Only home.nix.")] = False,
    flake: Annotated[bool, typer.Option("--flake", help="Only flake.nix.")] = False,
    hardware: Annotated[
        bool, typer.Option("--hardware", help="Only hardware-configuration.nix.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All files (the default).")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace edited files.")] = False,
) -> None:
    """Write a NixOS configuration from a profile."""
    from capsule_domain.services.nixos_wish import Wish

    run = session(ctx)
    part = _part(home_manager=home_manager, flake=flake, hardware=hardware, all=everything)
    _refuse_together(
        {"--multi": multi, "--xnode": xnode},
        {"--hostname": hostname},
    )
    if multi:
        alone = {f"--{part.value}": part != "all", "--domain": domain, "--disk": disk}
        _refuse_together({"--multi": multi}, {"--xnode": xnode, **alone})
    wish = Wish(
        profile=profile,
        hostname=hostname or Wish.hostname,
        username=username or run.wiring.username,
        release=release,
        timezone=timezone,
        authorized_keys=[_public_key(text) for text in authorized_key or ()],
        domain=domain,
        email=email,
        disk=disk,
        settings=set_options or (),
        secrets=secrets,
        part=part,
    )
    if multi:
        _generate_fleet(run, wish, output=output, force=force)
    else:
        _generate_one(run, wish, xnode=xnode, output=output, force=force)


def _generate_one(
    run: "Session", wish: "Wish", *, xnode: str | None, output: str | None, force: bool
) -> None:
    would = run.options.dry_run
    done = run.wiring.generate().run(wish, xnode=xnode, output=output, force=force, dry_run=would)
    run.out.show(done, lambda screen: _paint_generated(screen, done, would=would))
    _tell(run, done.remarks)
    if not wish.authorized_keys and xnode is None and "access.nix" in done.files:
        run.out.talk(
            "no authorized key was given: nobody can log in over SSH until one stands in access.nix"
        )


def _generate_fleet(run: "Session", wish: "Wish", *, output: str | None, force: bool) -> None:
    from capsule_cli.ticking import ticking

    would = run.options.dry_run
    with ticking(run.out) as ticks:
        done = run.wiring.generate_fleet().run(
            wish, output=output, force=force, dry_run=would, progress=ticks.heard
        )
    run.out.show(done, lambda screen: _paint_fleet(screen, done, would=would))
    _tell(run, done.remarks)


def _tell(run: "Session", remarks: tuple[str, ...]) -> None:
    for remark in remarks:
        run.out.talk(f"⚠ {remark}")


def _refuse_together(given: dict[str, object], others: dict[str, object]) -> None:
    """Two options of which only one can be."""
    from capsule_domain.errors import UsageError

    first = next((name for name, value in given.items() if value), None)
    other = next((name for name, value in others.items() if value), None)
    if first and other:
        raise UsageError(f"{other} and {first} exclude one another")


def _part(**chosen: bool) -> "NixosPart":
    from capsule_domain.errors import UsageError
    from capsule_domain.models.nixos import NixosPart

    names = [name.replace("_", "-") for name, yes in chosen.items() if yes]
    if len(names) > 1:
        raise UsageError(f"--{names[0]} and --{names[1]} exclude one another")
    return NixosPart(names[0]) if names else NixosPart.ALL


def _public_key(text: str) -> str:
    """A key line as it is; a file's first line otherwise."""
    from capsule_domain.errors import NotFound, UsageError

    if text.startswith(("ssh-", "ecdsa-", "sk-")):
        return text
    path = Path(text).expanduser()
    if not path.is_file():
        raise NotFound("public key file", text)
    line = path.read_bytes()[:65_536].decode("utf-8", "replace").strip().partition("\n")[0]
    if "PRIVATE KEY" in line:
        raise UsageError(f"{text} is a private key", hint=f"--authorized-key {text}.pub")
    return line


def _paint_generated(screen: "Screen", done: "GeneratedConfiguration", *, would: bool) -> None:
    screen.header(f"NixOS for {done.hostname}")
    screen.fields(
        [
            ("profile", done.profile),
            ("release", done.release),
            ("stateVersion", done.state_version),
            ("hardware", done.hardware or "not known yet"),
            ("folder", done.folder),
        ]
    )
    _paint_files(screen, done.files, done.kept, would=would)
    if screen.fancy and not would:
        screen.hint("capsule nixos validate")


def _paint_fleet(screen: "Screen", done: "GeneratedFleet", *, would: bool) -> None:
    screen.header("NixOS for the fleet")
    screen.fields([("release", done.release), ("folder", done.folder)])
    screen.table(
        ("host", "profile", "stateVersion", "hardware"),
        [
            (host.hostname, host.profile, host.state_version, host.hardware or "not known yet")
            for host in done.hosts
        ],
    )
    shared = [name for name in done.files if not name.startswith("hosts/")]
    _paint_files(screen, shared, done.kept, would=would)
    if screen.fancy and not would:
        screen.hint("capsule nixos validate")


def _paint_files(
    screen: "Screen", files: "Sequence[str]", kept: "Sequence[str]", *, would: bool
) -> None:
    for name in files:
        screen.success(f"would write {name}" if would else name)
    for name in kept:
        screen.line(f"  {name} stays as it is", style="advice")
