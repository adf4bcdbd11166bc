"""Why a NixOS configuration sets an option."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli.session import session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from capsule_cli.theme import Screen
    from capsule_domain.models.option import OptionRow


def why(
    ctx: typer.Context,
    option: Annotated[str, typer.Argument(help="Such as networking.firewall, or one inside.")],
    *,
    hostname: Annotated[str | None, typer.Option(help="A host [the one generated last].")] = None,
    config: Annotated[
        str | None, typer.Option("--config", "-c", help="A folder or file instead.")
    ] = None,
) -> None:
    """Which stack, profile or flag sets an option."""
    run = session(ctx)
    rows = run.wiring.why().run(option, hostname=hostname, config=config)
    run.out.show(rows, lambda screen: _paint(screen, option, rows))


def _paint(screen: "Screen", option: str, rows: "Sequence[OptionRow]") -> None:
    screen.header(f"Why {option}")
    if not rows:
        screen.line(f"nothing in this configuration sets {option}: what NixOS itself says holds")
    for row in rows:
        screen.success(f"{row.option} = {row.value}")
        screen.line(f"    {row.origin}  ({row.file}:{row.line})", style="advice")
