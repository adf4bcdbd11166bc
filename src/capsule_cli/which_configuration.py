"""Which configuration is meant, and what is let pass of it."""

from typing import Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import Session

OfConfig = Annotated[
    str | None,
    typer.Option("--config", "-c", help="A folder or file [the host generated last]."),
]
OfHost = Annotated[
    str | None, typer.Option("--hostname", help="Which host, in a folder with several.")
]
ByNixpkgs = Annotated[
    str | None,
    typer.Option("--nixpkgs", help="A folder with a nixpkgs to evaluate with [<nixpkgs>]."),
]
Allowing = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="RULE",
        help="What a rule against lock-out forbids; repeatable.",
        autocompletion=complete.lockout_rules,
    ),
]


def refuse_ambiguity(run: Session) -> None:
    """Raises UsageError where there are several configurations and nobody sees which is taken."""
    from capsule_domain.errors import UsageError

    if run.ask.can_ask or run.ask.yes:
        return
    folders = run.wiring.configurations().generated()
    if len(folders) > 1:
        names = ", ".join(folder.name for folder in folders[:5])
        raise UsageError(
            f"there are {len(folders)} configurations: {names}{', …' if len(folders) > 5 else ''}",
            hint=f"--config {folders[0]}",
        )
