"""Silences: what nobody is told of for a while."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import session

if TYPE_CHECKING:
    from datetime import datetime

    from capsule_cli.theme import Screen
    from capsule_domain.models.silence import Silence


def add(
    ctx: typer.Context,
    *,
    duration: Annotated[str, typer.Option("--for", help="How long, such as 30m, 8h or 2d.")],
    xnode: Annotated[
        str | None, typer.Option(help="Only of this xNode.", autocompletion=complete.xnodes)
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="Only of this rule.", autocompletion=complete.rules)
    ] = None,
    tag: Annotated[
        str | None, typer.Option(help="Only of xNodes with it.", autocompletion=complete.tags)
    ] = None,
    severity: Annotated[
        str | None,
        typer.Option(
            help="Only of this severity.",
            autocompletion=complete.words("info", "warning", "critical"),
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All alerts.")] = False,
    comment: Annotated[str, typer.Option(help="Why, for those who look later.")] = "",
) -> None:
    """Tell nobody of some alerts for a while; they are kept and shown all the same."""
    from capsule_cli.values import made
    from capsule_domain.errors import UsageError
    from capsule_domain.models.silence import Silence
    from capsule_domain.services.one_of import one_of

    run = session(ctx)
    wiring = run.wiring
    if not (xnode or rule or tag or severity) and not everything:
        raise UsageError("say what is silenced", hint="--xnode, --rule, --tag, --severity or --all")
    now = wiring.clock().now()
    rules = [each.name for each in wiring.watch_plan().rules]
    silence = made(
        Silence,
        id=wiring.new_id(),
        xnode=xnode and wiring.inventory().get(xnode).name,
        rule=rule and one_of("rule", rule, rules),
        tag=tag,
        severity=severity,
        starts_at=now,
        ends_at=_end(duration, now),
        created_by=wiring.actor,
        comment=comment,
    )
    if not run.options.dry_run:
        wiring.alert_book().silence(silence)
    word = "would be silent" if run.options.dry_run else "is silent"
    text = f"{_matched(silence)} {word} until {_moment(silence)}"
    run.out.show(silence, lambda screen: screen.success(text))


def _end(duration: str, now: "datetime") -> "datetime":
    from capsule_domain.errors import UsageError
    from capsule_domain.models.time_to_live import expiry

    try:
        return expiry(duration, now)
    except UsageError as error:
        raise UsageError(
            f"'{duration[:40]}' is no length of a silence: write 30m, 8h, 2d or a moment to come",
            hint="--for 8h",
        ) from error


def rows(ctx: typer.Context) -> None:
    """The silences that go on."""
    run = session(ctx)
    found = run.wiring.alert_book().silences(run.wiring.clock().now())
    run.out.show(found, lambda screen: _paint(screen, found))


def remove(
    ctx: typer.Context,
    which: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="Its id, or its beginning.", autocompletion=complete.silences
        ),
    ],
) -> None:
    """End a silence now."""
    from capsule_domain.services.one_of import one_of

    run = session(ctx)
    book, now = run.wiring.alert_book(), run.wiring.clock().now()
    if run.options.dry_run:
        known = {each.id: each for each in book.silences(now)}
        hint = "capsule openmesh monitor silence list"
        ended = known[one_of("silence", which, known, hint=hint)]
    else:
        ended = book.unsilence(which, now)
    word = "would end" if run.options.dry_run else "has ended"
    run.out.show(ended, lambda screen: screen.success(f"the silence of {_matched(ended)} {word}"))


def _paint(screen: "Screen", found: Sequence["Silence"]) -> None:
    screen.header("Silences")
    if not found:
        screen.line("none")
        return
    screen.table(
        ["id", "of", "until", "by", "why"],
        [(one.id, _matched(one), _moment(one), one.created_by, one.comment) for one in found],
        whole=["id"],
    )


def _matched(silence: "Silence") -> str:
    pairs = (
        ("xnode", silence.xnode),
        ("rule", silence.rule),
        ("tag", silence.tag),
        ("severity", silence.severity),
    )
    return ", ".join(f"{name} {value}" for name, value in pairs if value) or "everything"


def _moment(silence: "Silence") -> str:
    return f"{silence.ends_at:%Y-%m-%d %H:%M} UTC"
