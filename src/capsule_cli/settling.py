"""What reconciling found, set right one after the other, each after a question."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from capsule_cli.session import Session

if TYPE_CHECKING:
    from capsule_domain.errors import CapsuleError
    from capsule_domain.models.leftover import Leftover
    from capsule_domain.models.reconciliation import ReconcileRow, Reconciliation
    from capsule_domain.services.settle_accounts import SettleAccounts


@dataclass(frozen=True)
class Task:
    """Something to do about `name`. `work` says afterwards what was done."""

    name: str
    question: str
    work: Callable[[], str]
    typed: bool = False
    """Whether its name must be typed, and no yes will do."""


@dataclass(frozen=True)
class Done:
    """What came of a task."""

    name: str
    sentence: str = ""
    error: "CapsuleError | None" = None

    def data(self, run: Session) -> dict[str, Any]:
        """For scripts."""
        from capsule_cli.report import body

        return {
            "name": self.name,
            "ok": self.error is None,
            "result": self.sentence or None,
            "error": body(self.error, run.out) if self.error else None,
        }


def carry_out(run: Session, tasks: Iterable[Task]) -> Sequence[Done]:
    """A no leaves one as it is, an error is a result, and the next one follows.

    Raises UsageError where nobody is there to answer.
    """
    return [_done(run, task) for task in tasks]


def _done(run: Session, task: Task) -> Done:
    from capsule_domain.errors import CapsuleError, Declined

    if run.options.dry_run:
        return Done(task.name, f"would ask: {task.question}")
    try:
        if task.typed:
            run.ask.confirm_by_name(task.name, task.question)
        else:
            run.ask.confirm(task.question)
    except Declined:
        return Done(task.name, f"{task.name} is left as it is")
    try:
        return Done(task.name, task.work())
    except CapsuleError as error:
        return Done(task.name, error=error)


def to_adopt(run: Session, found: "Reconciliation") -> list[Task]:
    """Orphans into the inventory."""
    from capsule_domain.models.reconciliation import Standing

    service = run.wiring.settle_accounts()
    return [
        Task(
            row.name,
            f"Take {_what(row)} into the inventory?",
            partial(_adopt, run, service, row),
        )
        for row in found.of(Standing.ORPHAN)
    ]


def _adopt(run: Session, service: "SettleAccounts", row: "ReconcileRow") -> str:
    from capsule_domain.errors import HostError

    xnode = service.adopt(row)
    kept = f"{xnode.name} is in the inventory"
    try:
        run.wiring.meet_machine().learn(xnode, lambda step, what: run.out.talk(f"  {step}  {what}"))
    except HostError as error:
        return f"{kept}; its host key is not known: {error.message}"
    return f"{kept}; its host key was learnt, and nobody vouched for it"


def to_forget(run: Session, found: "Reconciliation") -> list[Task]:
    """Ghosts out of what is living."""
    from capsule_domain.models.reconciliation import Standing

    service = run.wiring.settle_accounts()
    return [
        Task(row.name, f"Write off {_what(row)}? {row.detail}.", partial(_forget, service, row))
        for row in found.of(Standing.GHOST)
    ]


def _forget(service: "SettleAccounts", row: "ReconcileRow") -> str:
    return f"{service.forget(row).name} is written off"


def to_destroy(run: Session, found: "Reconciliation") -> list[Task]:
    """Orphans, and then what is left beside servers."""
    from capsule_domain.models.reconciliation import Standing

    service = run.wiring.settle_accounts()
    orphans = [
        Task(
            row.name,
            f"This ends {_what(row)}, for good: {row.detail}.",
            partial(_destroy, service, row),
            typed=True,
        )
        for row in found.of(Standing.ORPHAN)
    ]
    leftovers = [
        Task(
            leftover.name,
            f"This deletes {leftover.title} at {leftover.provider}, for good.",
            partial(_remove, service, leftover),
            typed=True,
        )
        for leftover in found.leftovers
    ]
    return [*orphans, *leftovers]


def _destroy(service: "SettleAccounts", row: "ReconcileRow") -> str:
    service.destroy(row)
    return f"{row.name} is gone"


def _remove(service: "SettleAccounts", leftover: "Leftover") -> str:
    service.remove(leftover)
    return f"{leftover.title} is gone"


def _what(row: "ReconcileRow") -> str:
    return f"{row.name}: server {row.server_id} at {row.provider}"
