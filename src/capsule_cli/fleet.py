"""Commands on one xNode or on many: which are meant, a question, and a result for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from capsule_cli import complete
from capsule_cli.session import Session
from capsule_domain.errors import CapsuleError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from capsule_cli.theme import Screen
    from capsule_domain.models.xnode import XNode

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Names or ids.", autocompletion=complete.xnodes),
]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Its name or id.", autocompletion=complete.xnodes)
]
Tagged = Annotated[
    str | None,
    typer.Option("--tags", help="All that have all of these, a,b.", autocompletion=complete.tags),
]
Everyone = Annotated[bool, typer.Option("--all", help="Every living xNode.")]


@dataclass(frozen=True)
class Targets:
    """The xNodes that are meant. `many`: asked as such, so results are a list, even of one."""

    xnodes: "Sequence[XNode]"
    many: bool


class Done(NamedTuple):
    """What was done to an xNode: how it is now, in one sentence, and what there is to know."""

    xnode: "XNode"
    sentence: str
    warning: str | None = None


Work = Callable[["XNode"], Done]


def targets(
    run: Session,
    names: Sequence[str] | None,
    tags: str | None,
    *,
    everyone: bool,
    exact: bool = False,
) -> Targets:
    """Raises UsageError unless they are said in exactly one way; NotFound, Conflict."""
    from capsule_cli.values import listed
    from capsule_domain.services.living import meant

    given, wanted = list(names or ()), listed(tags)
    found = meant(run.wiring.inventory(), given, tags=wanted, everyone=everyone, exact=exact)
    return Targets(found, many=len(given) != 1)


def confirm(run: Session, meant: Targets, verb: str, detail: "Callable[[XNode], str]") -> None:
    """Ask once for all of them, with a line for each. Nobody is asked about none."""
    if not meant.xnodes:
        return
    lines = [f"{xnode.name}: {detail(xnode)}" for xnode in meant.xnodes]
    one = len(lines) == 1
    which = meant.xnodes[0].name if one else f"these {len(lines)} xNodes"
    run.ask.confirm("\n".join([*lines, f"{verb} {which}?"]))


def would(run: Session, meant: Targets, what: "Callable[[XNode], str]") -> None:
    """For --dry-run: what would be done to each."""

    def paint(screen: "Screen") -> None:
        for xnode in meant.xnodes:
            screen.line(f"would {what(xnode)}")
        if not meant.xnodes:
            screen.line("none")

    run.out.show(list(meant.xnodes) if meant.many else meant.xnodes[0], paint)


def on_each(run: Session, meant: Targets, work: Work) -> None:
    """Do it to each, a few at once, and show how it went.

    One that was named alone raises its error; of many each has its result, and the worst of
    their exit codes ends the command.
    """
    if not meant.many:
        done = work(meant.xnodes[0])
        run.out.show(done.xnode, lambda screen: _paint(screen, done))
        return
    from capsule_cli.report import end_with_the_worst

    results = _all(run, meant.xnodes, work)
    run.out.show([_row(run, result) for result in results], lambda s: _paint_all(s, results))
    end_with_the_worst(result.error for result in results)


class _Result(NamedTuple):
    xnode: "XNode"
    done: Done | None
    error: CapsuleError | None


def _all(run: Session, xnodes: "Sequence[XNode]", work: Work) -> list[_Result]:
    """Each is told of when it is done, in whatever order that is."""
    from capsule_domain.services.side_by_side import few_at_once

    lock = Lock()

    def told(xnode: "XNode") -> Done:
        try:
            done = work(xnode)
        except CapsuleError as error:
            with lock:
                run.out.talk(f"  {_naming(xnode, error)}")
            raise
        with lock:
            run.out.talk(f"  {done.sentence}")
        return done

    futures = few_at_once([lambda xnode=xnode: told(xnode) for xnode in xnodes])  # type: ignore[misc]
    return [_result(xnode, future) for xnode, future in zip(xnodes, futures, strict=True)]


def _result(xnode: "XNode", future: "Future[Done]") -> _Result:
    """What is no error of ours is a bug, and is raised as one."""
    try:
        return _Result(xnode, future.result(), None)
    except CapsuleError as error:
        return _Result(xnode, None, error)


def _row(run: Session, result: _Result) -> dict[str, Any]:
    from capsule_cli.report import body

    return {
        "xnode": result.xnode.name,
        "id": result.xnode.id,
        "ok": result.done is not None,
        "result": result.done.xnode if result.done else None,
        "error": body(result.error, run.out) if result.error else None,
    }


def _paint(screen: "Screen", done: Done) -> None:
    screen.success(done.sentence)
    if done.warning:
        screen.warning(done.warning)


def _paint_all(screen: "Screen", results: Sequence[_Result]) -> None:
    for result in results:
        if result.done:
            _paint(screen, result.done)
        elif result.error:
            screen.failure(_naming(result.xnode, result.error))
            if result.error.hint:
                screen.hint(result.error.hint)
    if not results:
        screen.line("none")


def _naming(xnode: "XNode", error: CapsuleError) -> str:
    """Whose error it is, unless it says so itself."""
    said = error.message
    return said if xnode.name in said else f"{xnode.name}: {said}"
