"""`capsule` alone: where you are, and what to do next."""

from typing import TYPE_CHECKING

import typer

from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.profile import Environment

BANNER = """\
 ██████╗ █████╗ ██████╗ ███████╗██╗   ██╗██╗     ███████╗
██╔════╝██╔══██╗██╔══██╗██╔════╝██║   ██║██║     ██╔════╝
██║     ███████║██████╔╝███████╗██║   ██║██║     █████╗
██║     ██╔══██║██╔═══╝ ╚════██║██║   ██║██║     ██╔══╝
╚██████╗██║  ██║██║     ███████║╚██████╔╝███████╗███████╗
 ╚═════╝╚═╝  ╚═╝╚═╝     ╚══════╝ ╚═════╝ ╚══════╝╚══════╝"""
TAGLINE = "Nix-Powered Configuration"
_BANNER_WIDTH = 58

NEXT: tuple[tuple[str, str], ...] = (
    ("capsule stacks", "what there is to add"),
    ("capsule add docker", "put it into your profile"),
    ("capsule preview", "see the Nix it comes to"),
    ("capsule nixos generate", "write a whole NixOS configuration"),
    ("capsule openmesh templates", "compare servers by price"),
    ("capsule demo", "see the whole journey, free of charge"),
)


def home(ctx: typer.Context) -> None:
    """From what you want on a machine to a fleet of NixOS servers."""
    if ctx.invoked_subcommand is not None:
        return
    run = session(ctx)
    environment = run.wiring.manage_profile().show(None)
    xnodes = run.wiring.inventory().count()
    body = {
        "profile": environment.profile.name,
        "stacks": [resolved.stack.name for resolved in environment.stacks],
        "xnodes": xnodes,
        "next": [command for command, _ in NEXT],
    }
    run.out.show(body, lambda screen: _paint(screen, environment, xnodes))


def _paint(screen: "Screen", environment: "Environment", xnodes: int) -> None:
    if screen.fancy and screen.console.width >= _BANNER_WIDTH:
        for line in BANNER.splitlines():
            screen.line(line, style="title")
        screen.line(TAGLINE.center(_BANNER_WIDTH), style="advice")
    screen.section("Here")
    names = ", ".join(resolved.stack.name for resolved in environment.stacks)
    screen.fields(
        [
            ("profile", environment.profile.name),
            ("stacks", names),
            ("xNodes", f"{xnodes:,}"),
        ]
    )
    screen.section("Next")
    width = max(len(command) for command, _ in NEXT)
    for command, why in NEXT:
        wide = screen.console.width >= _BANNER_WIDTH + 12
        screen.hint(f"{command:<{width}}  {why}" if wide else command)
