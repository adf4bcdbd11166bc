"""Whole NixOS configurations."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.finding import Validation
    from capsule_domain.models.nixos import GeneratedConfiguration, NixosPart


def generate(
    ctx: typer.Context,
    *,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Folder [<home>/nixos/<hostname>].")
    ] = None,
    hostname: Annotated[str, typer.Option(help="The machine's name.")] = "nixos",
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
    home_manager: Annotated[bool, typer.Option("--home-manager", help="Only home.nix.")] = False,
    flake: Annotated[bool, typer.Option("--flake", help="Only flake.nix.")] = False,
    hardware: Annotated[
        bool, typer.Option("--hardware", help="Only hardware-configuration.nix.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All files (the default).")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace edited files.")] = False,
) -> None:
    """Write a NixOS configuration from a profile."""
    run = session(ctx)
    keys = [_public_key(text) for text in authorized_key or ()]
    done = run.wiring.generate().run(
        profile=profile,
        hostname=hostname,
        username=username or run.wiring.username,
        release=release,
        timezone=timezone,
        authorized_keys=keys,
        part=_part(home_manager=home_manager, flake=flake, hardware=hardware, all=everything),
        output=output,
        force=force,
        dry_run=run.options.dry_run,
    )
    run.out.show(done, lambda screen: _paint_generated(screen, done, would=run.options.dry_run))
    if not keys and "access.nix" in done.files:
        run.out.talk(
            "no authorized key was given: nobody can log in over SSH until one stands in access.nix"
        )


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
            ("folder", done.folder),
        ]
    )
    for name in done.files:
        screen.success(f"would write {name}" if would else name)
    for name in done.kept:
        screen.line(f"  {name} stays as it is", style="advice")
    if screen.fancy and not would:
        screen.hint("capsule nixos validate")


def validate(
    ctx: typer.Context,
    config: Annotated[
        str | None,
        typer.Option("--config", "-c", help="A folder or file [the host generated last]."),
    ] = None,
) -> None:
    """Check a NixOS configuration as far as this machine can."""
    run = session(ctx)
    result = run.wiring.validate().run(config)
    run.out.show(result, lambda screen: _paint_validation(screen, result))
    if not result.ok:
        raise typer.Exit(10)


def _paint_validation(screen: "Screen", result: "Validation") -> None:
    screen.header("Validation")
    for finding in result.findings:
        place = f"{finding.file}:{finding.line}: " if finding.line else f"{finding.file}: "
        paint = screen.failure if finding.severity == "error" else screen.warning
        paint((place if finding.file else "") + finding.message)
        if finding.hint:
            screen.hint(finding.hint)
    if result.level and result.ok:
        screen.success(f"{len(result.files)} files hold at level {result.level}")
    elif not result.level:
        screen.warning("nothing was validated")
    screen.line(result.why, style="advice")
