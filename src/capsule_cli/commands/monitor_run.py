"""Looking at the fleet: once, or again and again."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.originals import tell_taken_over
from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.heard import Heard
    from capsule_domain.models.xnode import XNode
    from capsule_domain.services.engine import Engine
    from capsule_domain.services.sweep import Swept

_DELIVER_SECONDS = 30.0


def run(ctx: typer.Context) -> None:
    """Collect in the foreground, until it is stopped; SIGHUP reads the settings anew."""
    from capsule_domain.services.deliver import Delivering

    now = session(ctx)
    tell_taken_over(now)
    plan = now.wiring.watch_plan()
    if now.options.dry_run:
        count = now.wiring.inventory().count()
        now.out.talk(f"would look at {count} xNodes every {plan.interval_seconds:g} s")
        return
    with now.wiring.engine_lock().hold():
        tell = _teller(now)
        engine = now.wiring.engine(tell)
        delivering = Delivering(now.wiring.deliver(now.wiring.troubled(tell)))
        with _signals(engine), delivering, now.wiring.remedying(engine, tell):
            engine.run()


def _deliver(now: Session) -> None:
    """Send what is due, unless a collector runs, which does that."""
    from capsule_domain.errors import Conflict

    with suppress(Conflict), now.wiring.engine_lock().hold():
        now.wiring.deliver(now.out.warn).drain(_DELIVER_SECONDS)


def _teller(now: Session) -> "Callable[[Heard], None]":
    def tell(heard: "Heard") -> None:
        if now.out.json:
            now.out.stdout.write(json.dumps(_line(heard), ensure_ascii=False) + "\n")
        else:
            now.out.screen.line(f"{heard.time:%Y-%m-%d %H:%M:%S}  {heard.kind:9}  {_said(heard)}")
        now.out.stdout.flush()

    return tell


def _line(heard: "Heard") -> dict[str, object]:
    from capsule_cli.alerts import as_data

    fields = heard.model_dump(mode="json", exclude={"alert", "remediation"})
    if heard.alert is not None:
        fields["alert"] = as_data(heard.alert)
    if heard.remediation is not None:
        fields["remediation"] = heard.remediation.model_dump(mode="json")
    return fields


def _said(heard: "Heard") -> str:
    alert = heard.alert
    return heard.message if alert is None else f"{alert.severity}  {alert.id}  {heard.message}"


@contextmanager
def _signals(engine: "Engine") -> Iterator[None]:
    """Signals end it, or have it read the settings anew, between two passes."""
    handlers = {
        signal.SIGTERM: lambda *_: engine.stop(),
        signal.SIGINT: lambda *_: engine.stop(),
        signal.SIGHUP: lambda *_: engine.reload(),
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]…", help="All, unless named.", autocompletion=complete.xnodes
        ),
    ] = None,
    *,
    everyone: Annotated[bool, typer.Option("--all", help="All xNodes.")] = False,
    tags: Annotated[
        str | None, typer.Option(help="All of these, a,b.", autocompletion=complete.tags)
    ] = None,
) -> None:
    """Look at the fleet once; 10 when an alert is firing afterwards."""
    from capsule_cli.alerts import as_data
    from capsule_cli.values import listed
    from capsule_domain.errors import CheckFailed
    from capsule_domain.services.living import meant

    now = session(ctx)
    wanted = listed(tags)
    everyone = everyone or not (names or wanted)
    chosen = meant(now.wiring.inventory(), names or (), tags=wanted, everyone=everyone)
    if now.options.dry_run:
        _show_chosen(now, chosen)
        return
    swept = now.wiring.sweep(lambda error: now.out.warn(error.message)).run(
        chosen, now.wiring.watch_plan()
    )
    data = {**swept.model_dump(mode="json"), "alerts": [as_data(each) for each in swept.alerts]}
    now.out.show(data, lambda screen: _paint(screen, swept, now))
    _deliver(now)
    if swept.firing:
        plural = "alert fires" if swept.firing == 1 else "alerts fire"
        raise CheckFailed(
            f"{swept.firing} {plural}", hint="capsule openmesh monitor ack ID takes one on"
        )


def _show_chosen(now: Session, chosen: "list[XNode]") -> None:
    names = [xnode.name for xnode in chosen]
    text = f"would look at {', '.join(names) or 'nothing'}"
    now.out.show(names, lambda screen: screen.line(text))


def _paint(screen: "Screen", swept: "Swept", now: Session) -> None:
    from capsule_cli.alerts import paint_alerts
    from capsule_cli.theme import status_dot

    screen.header("Health")
    if not swept.health:
        screen.line("no xNode is expected to answer")
    else:
        screen.table(
            ["xNode", "status", "what is wrong"],
            [
                (
                    status_dot(one.xnode, active=one.status == "healthy"),
                    one.status,
                    "; ".join(f"{c.kind}: {c.error}" for c in one.checks if not c.ok),
                )
                for one in swept.health
            ],
            whole=["xNode"],
        )
    if swept.alerts:
        screen.section("Alerts")
        paint_alerts(screen, swept.alerts, now.wiring.clock().now())
