"""What a sweep saw, kept and judged: one round."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from capsule_domain.errors import Conflict, StoreError
from capsule_domain.models.metric import Observation
from capsule_domain.models.rule import Quantity
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.alert_book import AlertBook
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.samples import Samples
from capsule_domain.services.alert_rules import FLEET, RuleBook, Subject
from capsule_domain.services.isolation import Isolation
from capsule_domain.services.judge import Judge, Round, Watched
from capsule_domain.services.measure import Figures, Measured, measured, time_left
from capsule_domain.services.outlook import OfXNodes

_TRIES = 5
_CUT_OFF = "nothing answers this collector, neither the fleet nor anything else"

OfFleet = Callable[[datetime], Figures]
"""Figures of the fleet as a whole, such as what of the budget is spent."""


def nothing(_now: datetime) -> Figures:
    """No figures of the fleet."""
    return {}


def no_outlook(_ids: Iterable[str], _now: datetime) -> Mapping[str, Figures]:
    """No guesses."""
    return {}


@dataclass(frozen=True)
class Rounds:
    """Keeps what was seen, judges it by the rules, and writes what came of it at once.

    A history that cannot be written, on a full disk, keeps nobody from being alerted:
    `troubled` is told instead.
    """

    samples: Samples
    book: AlertBook
    isolation: Isolation
    clock: Clock
    new_id: Callable[[], str]
    of_fleet: OfFleet = nothing
    outlook: OfXNodes = no_outlook
    troubled: Callable[[StoreError], None] = field(default=lambda _error: None)

    def run(
        self,
        seen: Iterable[Observation],
        fleet: Mapping[str, XNode],
        plan: WatchPlan,
        *,
        at_once: bool = False,
        restart: bool = False,
    ) -> Round:
        """One round. `fleet` are all that are watched, by id.

        Raises StoreError when the book of alerts cannot be read or written, and Conflict when
        people change it without a pause.
        """
        now = self.clock.now()
        seen_here = {one.xnode_id: one for one in seen if one.xnode_id in fleet}
        found = self.isolation.believed(seen_here, fleet, plan)
        self._keep(found, now)

        def watched(id_: str) -> Subject | None:
            xnode = fleet.get(id_)
            if xnode is None:
                return FLEET if id_ == FLEET.id else None
            return _subject(xnode)

        guessed = self.outlook(found, now)
        figures: list[tuple[Subject, Figures]] = [
            (
                _subject(fleet[id_]),
                {**measured(one), **time_left(fleet[id_], now), **guessed.get(id_, {})},
            )
            for id_, one in found.items()
        ]
        figures.append((FLEET, self.of_fleet(now)))
        figures.append((FLEET, _of_collector(cut_off=self.isolation.is_cut_off)))
        judge = Judge(
            rules=RuleBook(plan.rules),
            grouping=plan.grouping,
            channels=plan.channels,
            stale_seconds=plan.stale_seconds_of,
            new_id=self.new_id,
            at_once=at_once,
        )
        return self._judged(judge, figures, watched, now, restart=restart)

    def _judged(
        self,
        judge: Judge,
        figures: Sequence[tuple[Subject, Figures]],
        watched: Watched,
        now: datetime,
        *,
        restart: bool,
    ) -> Round:
        """Judged by what the book holds at the very moment of writing."""
        for attempt in range(1, _TRIES + 1):
            page = self.book.page(now)
            made = judge.round(page, figures, watched, now, restart=restart)
            if made.entry.is_empty:
                return made
            try:
                self.book.apply(made.entry, page.revision)
            except Conflict:
                if attempt == _TRIES:
                    raise
            else:
                return made
        raise AssertionError("unreachable")

    def _keep(self, found: Mapping[str, Observation], now: datetime) -> None:
        try:
            self.samples.append(found, now)
        except StoreError as error:
            self.troubled(error)


def _subject(xnode: XNode) -> Subject:
    return Subject(xnode.id, xnode.name, frozenset(xnode.tags))


def _of_collector(*, cut_off: bool) -> Figures:
    figure = Measured(Quantity.COLLECTOR_FAULT, float(cut_off), detail=_CUT_OFF if cut_off else "")
    return {Quantity.COLLECTOR_FAULT: [figure]}
