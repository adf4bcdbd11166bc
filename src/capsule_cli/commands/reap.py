"""Ending what has expired."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from capsule_cli.session import Session, session

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.services.reap import Expired, Reaped


def reap(ctx: typer.Context) -> None:
    """End what has expired, whichever Capsule rented it."""
    from capsule_cli.report import end_with_the_worst

    run = session(ctx)
    service = run.wiring.reap()
    expired, asked = service.look()
    for silent in asked.silent:
        run.out.warn(f"{silent.reason}; what has expired there stays")
    if run.options.dry_run:
        run.out.show(expired, lambda screen: _paint_expired(screen, expired))
        return
    for one in expired:
        if one.protected:
            run.out.warn(f"{one.name} expired {_since(one)}, and stays: it is protected")
    ending = [one for one in expired if not one.protected]
    if ending:
        lines = [f"{one.name}: {_what(one)}, expired {_since(one)}" for one in ending]
        count = len(ending)
        which = ending[0].name if count == 1 else f"these {count} servers"
        run.ask.confirm("\n".join([*lines, f"End {which}, for good?"]))
    reaped = service.run(ending)
    run.out.show([_data(run, one) for one in reaped], lambda screen: _paint(screen, reaped))
    end_with_the_worst(one.error for one in reaped)


def _data(run: Session, one: "Reaped") -> dict[str, Any]:
    from capsule_cli.output import plain
    from capsule_cli.report import body

    return {
        "expired": plain(one.expired),
        "ok": one.error is None,
        "error": body(one.error, run.out) if one.error else None,
    }


def _what(one: "Expired") -> str:
    whose = "" if one.xnode else ", of another Capsule"
    return f"server {one.server_id} at {one.provider}{whose}"


def _since(one: "Expired") -> str:
    return f"{one.expired_at:%Y-%m-%d %H:%M} UTC"


def _paint_expired(screen: "Screen", expired: "Sequence[Expired]") -> None:
    for one in expired:
        verb = "would leave" if one.protected else "would end"
        why = ": it is protected" if one.protected else f": it expired {_since(one)}"
        screen.line(f"{verb} {one.name}, {_what(one)}{why}")
    if not expired:
        screen.line("nothing has expired")


def _paint(screen: "Screen", reaped: "Sequence[Reaped]") -> None:
    for one in reaped:
        if one.error:
            screen.failure(f"{one.expired.name}: {one.error.message}")
        else:
            screen.success(f"{one.expired.name} is gone")
    if not reaped:
        screen.line("nothing has expired that may be ended")
