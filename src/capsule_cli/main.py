"""One run of the command line, from its words to its exit code."""

import gc
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from functools import partial
from types import FrameType
from typing import Any, NoReturn

import typer

from capsule_cli import report
from capsule_cli.ask import Ask
from capsule_cli.nodes import Mistake, build
from capsule_cli.options import GlobalOptions, split
from capsule_cli.output import Output
from capsule_cli.session import Session, Wire
from capsule_cli.tree import ROOT
from capsule_domain.errors import CapsuleError, UsageError

PROGRAM = "capsule"


def run_process(arguments: Sequence[str]) -> int:
    """Run as a process of its own: signals, streams and pipes are ours."""
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        code = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        return _abandon_stdout()
    except KeyboardInterrupt:  # a second Ctrl-C, while what the first one broke off is tidied up
        _abandon_stdout()
        return report.INTERRUPTED
    finally:
        # How it ends is decided: whoever presses again does not change the exit code.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        gc.freeze()  # the process ends: going through all it holds once more frees nothing
    return code


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(report.TERMINATED)


def _abandon_stdout() -> int:
    """Nobody reads any more: end silently, and keep Python from trying once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return report.CLOSED_PIPE


def run(
    arguments: Sequence[str],
    *,
    wire: Wire | None = None,
    ask: Ask | None = None,
) -> int:
    """Run one command line; returns its exit code and raises nothing.

    `wire` fills the ports: the real ones unless a test gives its own.
    """
    out = Output(sys.stdout, sys.stderr)
    try:
        options, rest = split(arguments, os.environ)
    except UsageError as error:
        out.json = "--json" in arguments
        return report.report(error, out)
    out.json, out.quiet, out.program = options.json, options.quiet, options.program
    asking = ask or Ask.at_terminal(out, yes=options.yes, no_input=options.no_input)
    session = Session(options, out, asking, wire or partial(_real_wire, arguments))
    try:
        return _guarded(rest, session)
    finally:
        if "wiring" in session.__dict__:
            session.wiring.close()


def _real_wire(arguments: Sequence[str], options: GlobalOptions) -> Any:
    import logging

    from capsule_cli import log
    from capsule_cli.wiring import recover, wire

    log.start(options.home, os.environ, verbose=options.verbose, debug=options.debug)
    logging.getLogger("capsule").info("%s", shlex.join([PROGRAM, *arguments]))
    if recover(options):
        logging.getLogger("capsule").warning("a restore was interrupted, and is undone")
    return wire(options, os.environ)


def _guarded(rest: list[str], session: Session) -> int:
    out = session.out
    try:
        return _invoke(rest, session)
    except CapsuleError as error:
        _note(error)
        return report.report(error, out)
    except Mistake as error:
        # Newer Typer lets pydantic judge a choice, which begins with a word of its own.
        line = error.format_message().rstrip(".").replace(": Value error, ", ": ")
        message = line[:1].lower() + line[1:]
        report.show(
            out, word="usage_error", code=report.USAGE, message=message, hint=_usage_hint(error)
        )
        return report.USAGE
    except (KeyboardInterrupt, typer.Abort):
        report.show(
            out, word="interrupted", code=report.INTERRUPTED, message="interrupted", hint=None
        )
        return report.INTERRUPTED
    except BrokenPipeError:
        return _abandon_stdout()
    except Exception as error:
        return _bug(error, session)


def _invoke(rest: list[str], session: Session) -> int:
    if f"_{PROGRAM.upper()}_COMPLETE" in os.environ:
        build(PROGRAM, ROOT, completion=True).main(args=rest, prog_name=PROGRAM)
    # Every option costs time at each start, and these two stand only at the front of the line.
    root = build(PROGRAM, ROOT, completion=bool(rest) and rest[0].startswith("-"))
    try:
        with root.make_context(PROGRAM, rest, obj=session) as ctx:
            root.invoke(ctx)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def _note(error: CapsuleError) -> None:
    """Into the log, with the cause that the one line on the screen leaves out."""
    import logging

    logging.getLogger("capsule").info("%s: %s", type(error).__name__, error)
    logging.getLogger("capsule").debug("because of", exc_info=error)


def _usage_hint(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else PROGRAM
    return f"{path} --help"


def _bug(error: Exception, session: Session) -> int:
    import logging

    from capsule_cli import log

    home = session.options.home
    if not log.started():
        log.start(home, os.environ, verbose=False, debug=session.options.debug)
    logging.getLogger("capsule").error("a bug", exc_info=error)
    report.show(
        session.out,
        word="bug",
        code=report.BUG,
        message=f"a bug in Capsule: {type(error).__name__}: {str(error).partition(chr(10))[0]}",
        hint=f"please report it with {home / 'logs' / 'capsule.log'}",
    )
    return report.BUG
