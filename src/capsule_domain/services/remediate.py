"""Remedies, carried out beside the collector's work: never twice, and never unnoticed."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Lock
from typing import NamedTuple

from capsule_domain.errors import CapsuleError, NotFound, OutcomeUnknown, ProviderUnavailable
from capsule_domain.models.alert import StepKind
from capsule_domain.models.remediation import (
    Remediation,
    RemediationFilter,
    RemediationState,
    Remedy,
)
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.alert_book import AlertBook
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.first_aid import FirstAid
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.remediation_log import RemediationLog
from capsule_domain.services.engine import WATCHED
from capsule_domain.services.judge import Round
from capsule_domain.services.looker import Run, beside
from capsule_domain.services.triage import HOUR, Situation, breaker, decide, unfit

_KEPT = timedelta(days=90)
_GLANCE_SECONDS = 0.05
_LOST = "the collector ended while it was under way"
_UNTOUCHED = "the collector ended before its turn"


class _Order(NamedTuple):
    decision: Remediation
    remedy: Remedy
    plan: WatchPlan


@dataclass
class Remediate:
    """Decides what is done about alerts that begin to fire, and does it, a few at once.

    A decision is kept before anything is done, and once more when it is begun, so that a
    collector that was killed begins nothing twice. Only who holds the engine's lock may use it.
    `told` hears of every decision and its end, `troubled` of what could not be kept.
    """

    inventory: Inventory
    book: AlertBook
    log: RemediationLog
    aid: FirstAid
    reboot: Callable[[XNode], object]
    clouds: Callable[[], Collection[str]]
    cut_off: Callable[[], bool]
    clock: Clock
    new_id: Callable[[], str]
    told: Callable[[Remediation], None]
    troubled: Callable[[str], None]
    run: Run = beside
    at_once: int = 4

    def __post_init__(self) -> None:
        self._turn = Lock()
        self._orders: deque[_Order] = deque()
        self._workers = 0
        self._unnoted: deque[Remediation] = deque()
        self._stopping = Event()

    def recover(self) -> None:
        """End what a collector before this one left open. Raises StoreError."""
        for left in self.log.open():
            begun = left.state is RemediationState.BEGUN
            state = RemediationState.UNKNOWN if begun else RemediationState.REFUSED
            self._end(left, state, _LOST if begun else _UNTOUCHED)
            if begun:
                self._tell_with_the_alert(left, f"{state}, {_LOST}")

    def consider(self, made: Round, plan: WatchPlan) -> None:
        """Decide about what began to fire in a round, and begin beside it. Never raises."""
        chosen = plan.remediation
        fired = [
            step.alert
            for step in made.steps
            if step.kind is StepKind.FIRED
            and chosen.remedy_for(step.alert.key.rule, step.alert.key.instance)
        ]
        if not fired or self._stopping.is_set():
            return
        try:
            self._note_what_was_not()
            decisions = decide(self._situation(plan), fired, self.new_id)
            self.log.keep(decisions)
            self.log.prune(self.clock.now() - _KEPT)
        except CapsuleError as error:
            self.troubled(f"nothing is done about alerts: {error.message}")
            return
        for decision in decisions:
            self.told(decision)
            remedy = chosen.remedy_for(decision.rule, decision.instance)
            if remedy is not None and decision.state is RemediationState.PLANNED:
                self._orders.append(_Order(decision, remedy, plan))
        self._set_to_work()

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way."""
        with self._turn:
            return self._workers > 0

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()

    def _situation(self, plan: WatchPlan) -> Situation:
        now = self.clock.now()
        back = max(HOUR, timedelta(seconds=plan.remediation.cooldown_seconds))
        return Situation(
            settings=plan.remediation,
            page=self.book.page(now),
            quantities={rule.name: rule.quantity for rule in plan.rules},
            fleet={x.id: x for x in self.inventory.list() if x.status in WATCHED},
            past=self.log.list(RemediationFilter(since=now - back)),
            clouds=self.clouds(),
            cut_off=self.cut_off(),
            now=now,
        )

    def _set_to_work(self) -> None:
        while True:
            with self._turn:
                if self._workers >= min(self.at_once, len(self._orders) + self._workers):
                    return
                self._workers += 1
            self.run(self._work)

    def _work(self) -> None:
        """Carry out orders as long as there are any."""
        while True:
            with self._turn:
                if not self._orders:
                    self._workers -= 1
                    return
                order = self._orders.popleft()
            self._carry_out(order)

    def _carry_out(self, order: _Order) -> None:
        """What cannot be noted as begun is not begun."""
        decision = order.decision
        try:
            reason = self._unfit_by_now(order)
            if reason is None:
                begun = {"state": RemediationState.BEGUN, "begun_at": self.clock.now()}
                decision = decision.model_copy(update=begun)
                self.log.change(decision)
        except CapsuleError as error:
            reason, decision = error.message, order.decision
        if reason is not None:
            self._end(decision, RemediationState.REFUSED, reason)
            return
        state, detail = self._act(order)
        self._end(decision, state, detail)
        self._tell_with_the_alert(decision, f"{state}{f', {detail}' if detail else ''}")

    def _unfit_by_now(self, order: _Order) -> str | None:
        """Much may have happened since it was decided."""
        if self._stopping.is_set():
            return _UNTOUCHED
        now = self._situation(order.plan)
        return breaker(now, order.decision.rule) or unfit(
            now, order.decision.alert_id or "", order.remedy
        )

    def _act(self, order: _Order) -> tuple[RemediationState, str]:
        """How it ended. A fault of ours must not end the work, and leaves all open."""
        try:
            self._do(order.remedy, self.inventory.get(order.decision.xnode_id, exact=True))
        except (OutcomeUnknown, ProviderUnavailable) as error:
            sent = not isinstance(error, ProviderUnavailable) or error.sent
            return RemediationState.UNKNOWN if sent else RemediationState.FAILED, error.message
        except CapsuleError as error:
            return RemediationState.FAILED, error.message
        except Exception as error:
            # What it used is closed under it when its time was up at the end.
            ended = self._stopping.is_set()
            return (
                RemediationState.UNKNOWN,
                _LOST if ended else f"unforeseen {type(error).__name__}",
            )
        return RemediationState.DONE, ""

    def _do(self, remedy: Remedy, xnode: XNode) -> None:
        if remedy.reboot:
            self.reboot(xnode)
        elif remedy.restart_unit is not None:
            self.aid.restart_unit(
                xnode, remedy.restart_unit, deadline_seconds=remedy.deadline_seconds
            )
        else:
            self.aid.run(xnode, remedy.run, deadline_seconds=remedy.deadline_seconds)

    def _end(self, decision: Remediation, state: RemediationState, detail: str) -> None:
        ended = {"state": state, "detail": detail, "ended_at": self.clock.now()}
        over = decision.model_copy(update=ended)
        try:
            self.log.change(over)
        except CapsuleError as error:
            self._unnoted.append(over)
            self.troubled(f"{over.words}; that is not kept: {error.message}")
        else:
            self.told(over)

    def _tell_with_the_alert(self, decision: Remediation, how: str) -> None:
        """Whoever is told of the alert from now on is told that as well."""
        try:
            self.book.remedied(decision.alert_id or "", f"{decision.remedy}: {how}")
        except NotFound:
            return
        except CapsuleError as error:
            self.troubled(error.message)

    def _note_what_was_not(self) -> None:
        """The ends that could not be kept when they came. Workers may add some meanwhile."""
        while self._unnoted:
            self.log.change(self._unnoted[0])
            self._unnoted.popleft()


class Remedying:
    """Has `remediate` at work for the length of a block."""

    def __init__(self, remediate: Remediate, *, grace_seconds: float = 10.0) -> None:
        self._remediate = remediate
        self._grace_seconds = grace_seconds

    def __enter__(self) -> Remediate:
        self._remediate.recover()
        return self._remediate

    def __exit__(self, *_error: object) -> None:
        """What is under way may come to its end; else the next collector tells it as unknown."""
        self._remediate.stop()
        clock = self._remediate.clock
        until = clock.monotonic() + self._grace_seconds
        while self._remediate.is_busy and clock.monotonic() < until:
            clock.sleep(_GLANCE_SECONDS)
