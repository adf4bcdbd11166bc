"""The fleet on a screen of its own."""

import json
from math import isnan
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.fleet_feed import Feed

_STATUS = "capsule openmesh monitor status"


def watch(
    ctx: typer.Context,
    *,
    interval: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=86_400,
            help="Seconds between two looks where no collector runs, and two lines with --json.",
            show_default="the collector's",
        ),
    ] = None,
) -> None:
    """The fleet live: the worst first, filters, one xNode in detail."""
    from capsule_cli.fleet_feed import Feed
    from capsule_domain.errors import UsageError

    run = session(ctx)
    if interval is not None and isnan(interval):
        raise UsageError("--interval is a number of seconds", hint="--interval 10")
    if not run.options.json and not _is_at_screen(run):
        raise UsageError("watch needs a terminal, or --json", hint=_STATUS)
    every = interval or run.wiring.watch_plan().interval_seconds
    feed = Feed(run, every)
    if run.options.json:
        _tell(run, feed, every)
    else:
        _show(run, feed)


def _is_at_screen(run: Session) -> bool:
    """Colours may be forced onto what is no terminal, and some terminals move no cursor."""
    dumb = run.out.screen.console.is_dumb_terminal
    return run.ask.can_ask and run.out.stdout.isatty() and not dumb


def _show(run: Session, feed: "Feed") -> None:
    from capsule_cli.keyboard import Keyboard
    from capsule_cli.watching import Watching

    with Keyboard(run.out.stdout) as keyboard:
        Watching(run, keyboard, feed).until_left()


def _tell(run: Session, feed: "Feed", every_seconds: float) -> None:
    """A line when the first look is over, and one each interval after that, until it is ended."""
    from capsule_cli.fleet_data import fleet_data
    from capsule_cli.fleet_feed import READ_SECONDS

    clock = run.wiring.clock()
    due = clock.monotonic()
    while True:
        feed.read(None)
        if feed.view is not None and not feed.is_looking and clock.monotonic() >= due:
            line = fleet_data(feed.view, detailed=False)
            run.out.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
            run.out.stdout.flush()
            missed = (clock.monotonic() - due) // every_seconds
            due += (missed + 1) * every_seconds
        clock.sleep(min(READ_SECONDS, every_seconds) / 2)
