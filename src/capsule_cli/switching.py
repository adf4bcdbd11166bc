"""Machines switched under a person's eyes: interrupted with care, and told how each ended."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from capsule_cli.session import Session
from capsule_cli.switch_meant import Meant, address_of
from capsule_cli.switch_screen import paint_result, paint_results
from capsule_domain.errors import (
    ActivationFailed,
    CapsuleError,
    Conflict,
    Declined,
    OutcomeUnknown,
    RollbackFailed,
)
from capsule_domain.models.switch_outcome import Outcome, Verdict
from capsule_domain.models.switch_plan import Result, SwitchPlan, SwitchResult
from capsule_domain.services.switch_fleet import Ended
from capsule_domain.services.switch_job import Agreed, Interruption, SwitchJob
from capsule_domain.services.switch_trial import SPARE_SECONDS

if TYPE_CHECKING:
    from capsule_domain.models.switch import SwitchReport

Answer = TypeVar("Answer")
_ANSWER_SECONDS = 60.0
_SLICE_SECONDS = 0.2


class Ready(NamedTuple):
    """A machine that only waits for the word. `job` is None where nothing is to be done."""

    meant: Meant
    plan: SwitchPlan
    job: SwitchJob | None


def switch_all(run: Session, ready: Sequence[Ready], *, many: bool, at_once: int) -> None:
    """Switch them, the first alone; show how each ended, and end with the worst.

    One that was named alone raises its error.
    """
    stop = Interruption()
    begun = [one for one in ready if one.job is not None]
    jobs = [one.job for one in ready if one.job is not None]
    fleet = run.wiring.switch_fleet(at_once)
    lock = Lock()

    def heard(name: str, text: str) -> None:
        with lock:
            run.out.talk(f"  {name}: {text}" if many else f"  {text}")

    def work() -> Sequence[Ended]:
        return fleet.run(jobs, heard=heard, stop=stop, agreed=_agreement(run, jobs, stop))

    ended = _waited(run, work, stop, ready) if jobs else []
    by_name = {one.meant.name: how for one, how in zip(begun, ended, strict=True)}
    rows = [_row(one, by_name.get(one.meant.name), stop) for one in ready]
    _keep_places(run, rows)
    _show(run, rows, many=many)


class _Row(NamedTuple):
    ready: Ready
    result: SwitchResult
    error: CapsuleError | None


def _waited(
    run: Session, work: Callable[[], Answer], stop: Interruption, ready: Sequence[Ready]
) -> Answer:
    """Beside the main thread: who interrupts has it undone, who does so twice leaves."""
    from concurrent.futures import wait

    from capsule_domain.services.side_by_side import side_by_side

    with _presses(run, stop) as pressed:
        (future,) = side_by_side([work], deadline_seconds=0)
        while not wait([future], timeout=_SLICE_SECONDS).done:
            if len(pressed) > 1:
                name = ready[0].meant.name if len(ready) == 1 else "what was on its way"
                raise OutcomeUnknown(
                    f"left in the middle: {name} goes back by itself, unless it was confirmed",
                    hint=_how_to_look(ready[0].meant),
                )
    return future.result()


@contextmanager
def _presses(run: Session, stop: Interruption) -> Iterator[list[int]]:
    """Those of Ctrl-C in the block, where they break nothing off: a switch comes to its end."""
    pressed: list[int] = []

    def press(number: int, _frame: FrameType | None) -> None:
        pressed.append(number)
        if not stop.asked:
            run.out.warn("interrupted: it goes back now; interrupt again to leave it to itself")
        stop.asked = True

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _agreement(run: Session, jobs: Sequence[SwitchJob], stop: Interruption) -> Agreed:
    """On the machine that we are on a person looks; elsewhere a new connection proves it."""
    is_here = any(job.machine is None for job in jobs)

    def agreed(report: "SwitchReport") -> bool:
        left = _ANSWER_SECONDS if report.seconds_left is None else report.seconds_left
        question = f"Keep it? Without an answer it goes back in {left:.0f} s. [y/N] "
        return not is_here or run.ask.yes_within(
            question, left - SPARE_SECONDS, go_on=lambda: not stop.asked
        )

    return agreed


def _row(one: Ready, ended: Ended, stop: Interruption) -> _Row:
    plan = one.plan
    base = SwitchResult(
        machine=one.meant.name,
        result=Result.NOT_BEGUN,
        old=plan.running,
        new=plan.new or "",
        mode=plan.mode,
    )
    if one.job is None:
        done = {"result": Result.NOTHING, "generation": plan.generation, "detail": "nothing to do"}
        return _Row(one, base.model_copy(update=done), None)
    if ended is None and stop.asked:
        why = f"{one.meant.name} was not switched: interrupted before it began"
        return _Row(one, base.model_copy(update={"detail": why}), Declined(why))
    if ended is None:
        return _Row(one, base.model_copy(update={"detail": "another one went wrong before"}), None)
    if isinstance(ended, CapsuleError):
        failed = {"result": Result.FAILED, "detail": ended.message}
        return _Row(one, base.model_copy(update=failed), ended)
    told = {
        "result": Result(ended.verdict.value),
        "generation": ended.generation,
        "detail": ended.detail,
        "outcome": ended,
    }
    return _Row(one, base.model_copy(update=told), error_of(one.meant, ended, stop))


def error_of(meant: Meant, ended: Outcome, stop: Interruption) -> CapsuleError | None:
    """None when it was committed. `stop`: whether a person wanted it undone."""
    name, look = meant.name, _how_to_look(meant)
    if ended.verdict is Verdict.COMMITTED:
        return None
    if ended.verdict is Verdict.REVERTED:
        message = f"{name} was rolled back, and runs the old system: {ended.detail}"
        if stop.asked:
            return Declined(message)
        return ActivationFailed(message, hint=look)
    if ended.verdict is Verdict.REFUSED:
        return Conflict(f"{name} was not switched: {ended.detail}", hint=look)
    if ended.verdict is Verdict.REVERT_FAILED:
        return RollbackFailed(f"{name} did not go back as it should: {ended.detail}", hint=look)
    return OutcomeUnknown(f"nobody can say what {name} runs: {ended.detail}", hint=look)


def _how_to_look(meant: Meant) -> str:
    return f"capsule nixos list-generations{address_of(meant)}"


def _keep_places(run: Session, rows: Sequence[_Row]) -> None:
    """An xNode that has moved is found at its new place from now on."""
    from capsule_domain.services.endpoint_machines import moved_to

    for row in rows:
        place = moved_to(row.ready.plan.endpoints)
        if row.result.result is not Result.COMMITTED or place is None:
            continue
        at = f"{place.address}, port {place.port}"
        if row.ready.meant.xnode is None:
            run.out.warn(f"{row.ready.meant.name} is now at {at}: known_hosts has it elsewhere")
            continue
        inventory = run.wiring.inventory()
        xnode = inventory.get(row.ready.meant.xnode.id, exact=True)
        moved = {"address": place.address, "ssh_port": place.port}
        inventory.update(xnode.model_copy(update=moved))
        run.out.talk(f"{xnode.name} is now at {at}: the inventory has it")


def _show(run: Session, rows: Sequence[_Row], *, many: bool) -> None:
    from capsule_cli.report import end_with_the_worst

    if not many:
        (row,) = rows
        if row.error is not None:
            _last_words(run, row)
            raise row.error
        run.out.show(row.result, lambda screen: paint_result(screen, row.result))
        return
    results = [row.result for row in rows]
    run.out.show([_body(run, row) for row in rows], lambda screen: paint_results(screen, results))
    end_with_the_worst(row.error for row in rows)


def _body(run: Session, row: _Row) -> dict[str, Any]:
    from capsule_cli.report import body

    error = body(row.error, run.out) if row.error else None
    return {**row.result.model_dump(mode="json"), "ok": row.error is None, "error": error}


def _last_words(run: Session, row: _Row) -> None:
    """What the machine said while it was activated."""
    outcome = row.result.outcome
    if outcome is None:
        return
    for line in outcome.log:
        run.out.talk(f"  {line}")
    if outcome.failed_units:
        run.out.warn(f"units that failed: {', '.join(outcome.failed_units)}")
