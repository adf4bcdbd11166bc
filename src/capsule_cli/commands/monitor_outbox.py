"""Messages on their way out, and those that were given up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from capsule_cli import complete
from capsule_cli.session import session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.book import Delivery

_FAR = timedelta(days=3650)
"""Whatever is to be tried again is by then."""


def outbox(
    ctx: typer.Context,
    *,
    retry: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Try that message again.", autocompletion=complete.given_up
        ),
    ] = None,
    retry_all: Annotated[
        bool, typer.Option("--retry-all", help="Try all that were given up again.")
    ] = False,
) -> None:
    """Messages that wait to be sent, and those that were given up."""
    from capsule_domain.errors import UsageError

    run = session(ctx)
    if retry is not None and retry_all:
        raise UsageError("--retry and --retry-all are two wishes", hint="leave one out")
    box = run.wiring.outbox()
    dead = box.dead()
    now = run.wiring.clock().now()
    ids = list(dict.fromkeys(one.notification.id for one in dead)) if retry_all else [retry]
    if run.options.dry_run and (retry_all or retry):
        run.out.talk("would try again: " + (", ".join(i for i in ids if i) or "nothing"))
        return
    tried = sum(box.retry(id_, now) for id_ in ids if id_)
    left = box.dead()
    late = [one for one in box.due(now + _FAR) if one.attempts]
    data = {
        "waiting": box.waiting(),
        "delayed": [_as_data(one) for one in late],
        "given_up": [_as_data(one) for one in left],
    }
    run.out.show(data, lambda screen: _paint(screen, left, late, data["waiting"], now))
    if retry_all or retry:
        plural = "delivery is" if tried == 1 else "deliveries are"
        run.out.success(f"{tried} {plural} tried again, by the collector")


def _as_data(one: "Delivery") -> dict[str, Any]:
    from capsule_cli.ages import as_json
    from capsule_domain.services.alert_words import title

    return {
        "id": one.notification.id,
        "channel": one.channel,
        "title": title(one.notification),
        "created_at": as_json(one.notification.created_at),
        "attempts": one.attempts,
        "next_at": None if one.next_at is None else as_json(one.next_at),
        "error": one.error,
    }


def _paint(
    screen: "Screen",
    dead: "Sequence[Delivery]",
    late: "Sequence[Delivery]",
    waiting: Any,
    now: datetime,
) -> None:
    screen.header("Outbox")
    screen.fields([("waiting", str(waiting)), ("given up", str(len(dead)))])
    if late:
        screen.section("Delayed")
        _paint_table(screen, late, now)
    if dead:
        screen.section("Given up")
        _paint_table(screen, dead, now)
        screen.hint("capsule openmesh monitor outbox --retry ID")
        screen.hint("capsule openmesh monitor outbox --retry-all")


def _paint_table(screen: "Screen", some: "Sequence[Delivery]", now: datetime) -> None:
    from capsule_cli.ages import age
    from capsule_domain.services.alert_words import title

    screen.table(
        ["id", "channel", "what", "since", "why"],
        [
            (
                one.notification.id,
                one.channel,
                title(one.notification),
                age(one.notification.created_at, now).removesuffix(" ago"),
                f"{one.error} ({one.attempts} {'try' if one.attempts == 1 else 'tries'})",
            )
            for one in some
        ],
        whole=["id", "channel", "since"],
    )
