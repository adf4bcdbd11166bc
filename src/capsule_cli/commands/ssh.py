"""Logging in to an xNode."""

from typing import Annotated

import typer

from capsule_cli import fleet
from capsule_cli.session import session


def ssh(
    ctx: typer.Context,
    name: fleet.Name,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND...]", help="What to run there; none opens a shell."),
    ] = None,
) -> None:
    """Log in to an xNode with your own ssh, or run a command there."""
    import shlex

    from capsule_domain.errors import UsageError
    from capsule_domain.services.living import refuse_gone
    from capsule_domain.services.ready import target_of

    run = session(ctx)
    if run.options.json:
        raise UsageError("ssh is for a person, so it has no --json", hint="leave --json out")
    xnode = run.wiring.inventory().get(name)
    refuse_gone(xnode)
    program = run.wiring.ssh_program()
    words = program.command(target_of(xnode), command or ())
    if run.options.dry_run:
        run.out.text(f"{shlex.join(words)}\n")
        return
    run.wiring.close()
    program.become(words)
