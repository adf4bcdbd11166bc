"""One xNode on a screen of its own."""

import typer

from capsule_cli import fleet
from capsule_cli.session import session
from capsule_domain.errors import UsageError

_SHOW = "capsule openmesh xnode show NAME"


def manage(ctx: typer.Context, name: fleet.Name) -> None:
    """One xNode on a screen of its own: its state, metrics, cost, and what to do with it."""
    from capsule_cli.keyboard import Keyboard
    from capsule_cli.managing import Managing
    from capsule_domain.services.living import refuse_gone

    run = session(ctx)
    if run.options.json:
        raise UsageError("manage is for a person, so it has no --json", hint=_SHOW)
    if not (run.ask.can_ask and run.out.screen.fancy):
        raise UsageError("manage needs a terminal", hint=_SHOW)
    xnode = run.wiring.inventory().get(name)
    refuse_gone(xnode)
    with Keyboard(run.out.stdout) as keyboard:
        last = Managing(run, keyboard, xnode).until_left()
    run.out.talk(last)
