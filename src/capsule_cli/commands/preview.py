"""What the active profile comes to as Nix, and how that differs from what is installed."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen

FORMATS = ("env", "nixos", "home", "flake", "shell")


def preview(
    ctx: typer.Context,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="env, nixos, home, flake or shell [env].",
            autocompletion=complete.words(*FORMATS),
        ),
    ] = None,
    *,
    diff: Annotated[
        bool, typer.Option("--diff", help="The flake against the one that is installed.")
    ] = False,
) -> None:
    """The Nix that the active profile comes to."""
    from capsule_domain.errors import UsageError
    from capsule_domain.models.nixos import PreviewFormat
    from capsule_domain.services.installed import flake_difference

    run = session(ctx)
    if form not in (None, *FORMATS):
        raise UsageError(f"no format named '{form}'", hint="--format env|nixos|home|flake|shell")
    if diff and form not in (None, "flake"):
        raise UsageError(f"--diff is of flakes, not of {form}", hint="capsule preview --diff")
    chosen = PreviewFormat.FLAKE if diff else PreviewFormat(form or "env")
    environment = run.wiring.manage_profile().show(None)
    text = run.wiring.renderer().preview(environment, chosen)
    body = {"format": chosen.value, "profile": environment.profile.name, "text": text}
    if not diff:
        run.out.show(body, lambda _screen: run.out.text(text))
        return
    difference = flake_difference(text, run.wiring.nix_environment())
    run.out.show(body | {"diff": difference}, lambda screen: _paint_difference(screen, difference))


def _paint_difference(screen: "Screen", difference: str) -> None:
    if not difference and screen.fancy:
        screen.success("the flake is as it is installed")
    for line in difference.splitlines():
        screen.line(line, style={"+": "good", "-": "bad", "@": "title"}.get(line[:1]))
