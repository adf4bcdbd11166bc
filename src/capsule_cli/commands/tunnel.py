"""Ports of this machine that lead to ports of an xNode."""

import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete
from capsule_cli.session import Session, session
from capsule_domain.errors import UsageError

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.tunnel import Tunnel
    from capsule_domain.models.xnode import XNode

_LOG = logging.getLogger("capsule.tunnel")
_HINT = "NAME --remote-port R, or --list, or --close NAME"


def tunnel(
    ctx: typer.Context,
    which: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="An xNode; with --close also a tunnel's id.",
            autocompletion=complete.xnodes,
        ),
    ] = None,
    *,
    remote_port: Annotated[
        int | None, typer.Option("--remote-port", help="The port there.", min=1, max=65535)
    ] = None,
    local_port: Annotated[
        str | None, typer.Option("--local-port", help="The port here [auto: a free one, told].")
    ] = None,
    background: Annotated[
        bool, typer.Option("--background", help="Go on when this command, or the login, ends.")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="The tunnels that are open.")] = False,
    close: Annotated[bool, typer.Option("--close", help="End NAME's tunnels, or one.")] = False,
    everyone: Annotated[bool, typer.Option("--all", help="With --close: all of them.")] = False,
) -> None:
    """Lead a port of this machine to a port of an xNode, through SSH."""
    run = session(ctx)
    opening = remote_port is not None or local_port is not None or background
    if [listing, close, opening].count(True) != 1 or (everyone and not close):
        raise UsageError("open a tunnel, list them, or close some", hint=_HINT)
    if listing:
        return _list(run, which)
    if close:
        return _close(run, which, everyone=everyone)
    if which is None or remote_port is None:
        raise UsageError("a tunnel needs the xNode and --remote-port", hint=_HINT)
    port = _port(local_port or "auto")
    xnode = _reachable(run, which)
    if run.options.dry_run:
        here = f"port {port}" if port else "a free port"
        what = f"would lead {here} of 127.0.0.1 to port {remote_port} of {xnode.name}"
        return run.out.show(xnode, lambda screen: screen.line(what))
    if background:
        return _go_behind(run, xnode, remote_port, port)
    return _hold(run, xnode, remote_port, port)


def _port(text: str) -> int:
    if text == "auto":
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= 65535):
        raise UsageError(f"'{text[:40]}' is no port", hint="--local-port 8080, or auto")
    return int(text)


def _reachable(run: Session, which: str) -> "XNode":
    from capsule_domain.services.living import refuse_gone
    from capsule_domain.services.ready import target_of

    xnode = run.wiring.inventory().get(which)
    refuse_gone(xnode)
    target_of(xnode)
    return xnode


def _hold(run: Session, xnode: "XNode", remote_port: int, port: int) -> None:
    """Until Ctrl-C, or a SIGTERM."""
    with run.wiring.tunnelling().opened(xnode, remote_port, port, _heard(run, xnode)) as opened:
        made, forward = opened
        if run.out.json:
            _tell_line(run, made)
        else:
            _paint_open(run.out.screen, made)
            run.out.talk("Ctrl-C ends it")
        try:
            forward.hold()
        except KeyboardInterrupt:
            run.out.talk("the tunnel is closed")


def _tell_line(run: Session, made: "Tunnel") -> None:
    """One line, at once: who started this in the background waits for it."""
    run.out.stdout.write(json.dumps(made.model_dump(mode="json")) + "\n")
    run.out.stdout.flush()


def _heard(run: Session, xnode: "XNode") -> Callable[[str], None]:
    def heard(text: str) -> None:
        _LOG.warning("tunnel to %s: %s", xnode.name, text)
        run.out.talk(f"  {text}")

    return heard


def _go_behind(run: Session, xnode: "XNode", remote_port: int, port: int) -> None:
    """This very command once more, in a session of its own; its error is ours."""
    from capsule_domain.models.tunnel import Tunnel

    options = run.options
    begun = run.wiring.background().start(
        [
            *("--home", str(options.home), "--json"),
            *(["--sandbox"] if options.sandbox else []),
            *("openmesh", "xnode", "tunnel", xnode.id),
            *("--remote-port", str(remote_port), "--local-port", str(port)),
        ]
    )
    if begun.said is None:
        _pass_on(run, begun.complaint, begun.exit_code)
    made = Tunnel.model_validate_json(begun.said or "")

    def paint(screen: "Screen") -> None:
        _paint_open(screen, made)
        if screen.fancy:
            screen.hint(f"capsule openmesh xnode tunnel --close {made.xnode}")

    run.out.show(made, paint)


def _pass_on(run: Session, complaint: str, code: int) -> None:
    """What it complained about as JSON, told as everything here is told."""
    from capsule_cli import report

    try:
        error = json.loads(complaint.splitlines()[-1])["error"]
        report.show(
            run.out,
            word=error["code"],
            code=error["exit"],
            message=error["message"],
            hint=error["hint"],
        )
    except (ValueError, LookupError, TypeError):
        run.out.complain("the tunnel ended before it was open", "the same without --background")
    raise typer.Exit(code or report.BUG)


def _list(run: Session, which: str | None) -> None:
    service = run.wiring.tunnelling()
    rows = service.running() if which is None else service.meant(which)
    now = run.wiring.clock().now()
    run.out.show(rows, lambda screen: _paint_list(screen, rows, now))


def _close(run: Session, which: str | None, *, everyone: bool) -> None:
    if (which is None) != everyone:
        raise UsageError("say whose tunnels end", hint="--close NAME, --close ID, or --close --all")
    service = run.wiring.tunnelling()
    ending = service.meant(which)
    if not run.options.dry_run:
        for one in ending:
            service.end(one)
    word = "would be closed" if run.options.dry_run else "is closed"

    def paint(screen: "Screen") -> None:
        for one in ending:
            screen.success(f"{_way(one)} {word}")
        if not ending:
            screen.line("none is open")

    run.out.show(ending, paint)


def _way(one: "Tunnel") -> str:
    return f"127.0.0.1:{one.local_port} → port {one.remote_port} of {one.xnode}"


def _paint_open(screen: "Screen", made: "Tunnel") -> None:
    screen.success(f"{_way(made)}  (tunnel {made.id})")


def _paint_list(screen: "Screen", rows: "Sequence[Tunnel]", now: datetime) -> None:
    from capsule_cli.ages import age

    screen.header("Tunnels")
    if not rows:
        screen.line("none is open")
        return
    screen.table(
        ["tunnel", "xNode", "here", "there", "process", "opened"],
        [
            (
                row.id,
                row.xnode,
                f"127.0.0.1:{row.local_port}",
                str(row.remote_port),
                str(row.pid),
                age(row.since, now),
            )
            for row in rows
        ],
        right=["there", "process"],
        whole=["tunnel", "here"],
    )
    if screen.fancy:
        screen.hint("capsule openmesh xnode tunnel --close NAME")
