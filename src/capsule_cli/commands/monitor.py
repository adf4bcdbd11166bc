"""One xNode: how it is, and its figures."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.ages import age, span
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.course import Past
    from capsule_domain.models.guess import Guess
    from capsule_domain.models.health import Health
    from capsule_domain.models.metric import Metrics
    from capsule_domain.services.watch import Kept

Which = Annotated[
    str, typer.Argument(metavar="ID", help="An xNode's name or id.", autocompletion=complete.xnodes)
]
_DAY = timedelta(hours=24)
_BESIDE = ("cpu_percent", "memory_percent")
"""The figures beside which a line is drawn."""


def health(
    ctx: typer.Context,
    which: Which,
    *,
    run_check: Annotated[bool, typer.Option("--run-check", help="Look now.")] = False,
) -> None:
    """Last known health of an xNode, or a fresh check."""
    run = session(ctx)
    watch = run.wiring.watch()
    found = watch.health(which, fresh=run_check)
    now = run.wiring.clock().now()
    old = not run_check and _is_old(run, found.checked_at, now)

    def paint(screen: "Screen") -> None:
        _paint_health(screen, found, watch.kept(which), now)
        if old:
            screen.warning("nobody has looked since: how it is now is unknown")

    run.out.show(found, paint)


def _is_old(run: Session, seen_at: datetime, now: datetime) -> bool:
    """Whether it tells nothing of now any more."""
    return (now - seen_at).total_seconds() > run.wiring.watch_plan().stale_seconds


def _paint_health(screen: "Screen", found: "Health", kept: "Kept", now: datetime) -> None:
    from capsule_cli.fleet_words import check_words
    from capsule_cli.theme import status_dot

    screen.header(f"Health of {found.xnode}")
    dot = status_dot(found.status, active=found.status == "healthy")
    pairs: list[tuple[str, Cell]] = [("status", dot), ("checked", age(found.checked_at, now))]
    if kept.looks > 1:
        share = f"{kept.healthy_percent:.1f} % of {kept.looks:,} looks were healthy"
        pairs.append(("last 24 h", share))
    screen.fields(pairs)
    for check in found.checks:
        (screen.success if check.ok else screen.failure)(check_words(check))


def metrics(
    ctx: typer.Context,
    which: Which,
    *,
    collect: Annotated[bool, typer.Option("--collect", help="Look now.")] = False,
    since: Annotated[
        str | None,
        typer.Option(help="How it went from then on: 30m, 24h, 7d, 2w or 2026-11-01."),
    ] = None,
) -> None:
    """Last known metrics of an xNode, or fresh ones."""
    from capsule_domain.models.time_past import ago

    run = session(ctx)
    now = run.wiring.clock().now()
    start = ago(since, now) if since else None
    found = run.wiring.watch().metrics(which, fresh=collect)
    past = _past(run, which, start) if start else None
    guesses = run.wiring.foresee().of(run.wiring.inventory().get(which))
    data = found.model_dump(mode="json")
    data["outlook"] = [guess.model_dump(mode="json") for guess in guesses]
    if past is not None:
        data["history"] = past.model_dump(mode="json", exclude={"xnode"})
    elif not run.out.json and run.out.screen.fancy:
        past = _past(run, which, now - _DAY, only=_BESIDE)
    shown = run.wiring.clock().now()
    old = not collect and _is_old(run, found.collected_at, now)

    def paint(screen: "Screen") -> None:
        _paint_metrics(screen, found, past, shown, charts=start is not None)
        _paint_guesses(screen, guesses)
        if old:
            screen.warning("nothing was read since: how it is now is unknown")

    run.out.show(data, paint)


def _past(run: Session, which: str, since: datetime, only: Sequence[str] = ()) -> "Past":
    from capsule_domain.services.look_back import ALL

    xnode = run.wiring.inventory().get(which)
    return run.wiring.look_back().run(xnode.id, xnode.name, since, only or ALL)


def _paint_metrics(
    screen: "Screen", found: "Metrics", past: "Past | None", now: datetime, *, charts: bool
) -> None:
    from capsule_cli.courses import beside, paint_past

    screen.header(f"Metrics of {found.xnode}")
    loads = (found.load_1, found.load_5, found.load_15)
    width = screen.console.width
    drawn = past if screen.fancy else None
    screen.fields(
        [
            ("CPU", beside(_percent(found.cpu_percent), "cpu_percent", drawn, width)),
            ("memory", beside(_percent(found.memory_percent), "memory_percent", drawn, width)),
            ("load", "  ".join("?" if load is None else f"{load:.2f}" for load in loads)),
            ("uptime", "?" if found.uptime_seconds is None else span(found.uptime_seconds)),
            *_more(found),
            ("collected", age(found.collected_at, now)),
        ]
    )
    if found.disks:
        screen.section("Disks")
        screen.table(
            ["mount", "used", "inodes"],
            [(d.mount, _percent(d.used_percent), _percent(d.inodes_percent)) for d in found.disks],
            right=["used", "inodes"],
        )
    if past is not None and charts:
        paint_past(screen, past)


def _paint_guesses(screen: "Screen", guesses: "Sequence[Guess]") -> None:
    """Nothing where there is none: no guess is no promise."""
    if not guesses:
        return
    screen.section("Outlook")
    for guess in guesses:
        (screen.warning if guess.severity == "warning" else screen.bullet)(guess.message)


def _more(found: "Metrics") -> list[tuple[str, str]]:
    """What not every machine tells, where it was told."""
    from capsule_cli.fleet_words import flows

    rows: list[tuple[str, str]] = []
    if found.received_bytes_per_second is not None or found.read_bytes_per_second is not None:
        rows.append(("flow", flows(found)))
    if found.generation is not None:
        rows.append(("generation", str(found.generation)))
    if found.failed_units:
        rows.append(("failed", ", ".join(found.failed_units)))
    rows += [
        ("GPU", f"{gpu.name}  {_percent(gpu.used_percent)}  memory {_percent(gpu.memory_percent)}")
        for gpu in found.gpus or ()
    ]
    return rows


def _percent(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f} %"
