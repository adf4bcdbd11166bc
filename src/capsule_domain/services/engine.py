"""The collector: looks at the fleet again and again, and judges what it sees."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from capsule_domain.errors import CapsuleError, StoreError
from capsule_domain.models.heard import Heard, HeardKind
from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Observation
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.supervisor import Supervisor
from capsule_domain.services.isolation import answered
from capsule_domain.services.judge import Round
from capsule_domain.services.looker import Looker
from capsule_domain.services.rounds import Rounds
from capsule_domain.services.schedule import Schedule, Turn

WATCHED = frozenset({ServerStatus.RUNNING, ServerStatus.RESTARTING, ServerStatus.UNKNOWN})
"""One that is stopped, or not there yet, is not expected to answer."""

_NAP_SECONDS = 1.0
"""How long a signal may wait to be noticed."""
_STEP_SECONDS = 5.0
"""How far the clock on the wall may run away from the steady one before that is a step."""
_TIDY_SECONDS = 3600.0
_BOOK_KEPT = timedelta(days=90)


@dataclass
class _Tally:
    """What happened since the last sweep was told."""

    looked: int = 0
    silent: int = 0
    skipped: int = 0


@dataclass
class Engine:
    """Looks at every watched xNode once an interval, until it is told to stop.

    `plan` is read at the start and at each reload. Schedules by the monotonic clock; what is
    kept is timed by the wall's. What fails on this side is told, and the work goes on: only
    a first plan that does not hold ends it (ConfigurationError).
    """

    inventory: Inventory
    plan: Callable[[], WatchPlan]
    looker: Looker
    rounds: Rounds
    clock: Clock
    supervisor: Supervisor
    heard: Callable[[Heard], None]
    after: Callable[[Round, WatchPlan], None] = field(default=lambda _made, _plan: None)
    """Called after each round in which something happened to an alert, once that is kept."""
    round_over: Callable[[WatchPlan, bool], None] = field(default=lambda _plan, _good: None)
    """Called after every round, with whether it went well. Neither may take long, or raise."""

    def __post_init__(self) -> None:
        self._stop = self._reload = False
        self._fleet: Mapping[str, XNode] = {}
        self._members: Mapping[int, Sequence[str]] = {}
        self._tally = _Tally()

    def stop(self) -> None:
        """End soon. Safe in a signal handler."""
        self._stop = True

    def reload(self) -> None:
        """Read the plan anew soon. Safe in a signal handler."""
        self._reload = True

    def run(self) -> None:
        """Work until `stop`."""
        self._begin(self.plan())
        self.supervisor.ready(self._status())
        self._tell(HeardKind.STARTED, self._status())
        while not self._stop:
            if self._reload:
                self._read_plan()
            self._pass()
            self.clock.sleep(self._nap())
        self.supervisor.stopping()
        self._judge(self._gathered())
        self._tell(HeardKind.STOPPED, "stopped")

    def _begin(self, plan: WatchPlan) -> None:
        self._watch_plan = plan
        now = self.clock.monotonic()
        self._schedule = Schedule(plan.interval_seconds, now)
        self._passed_at, self._passed_on = now, self.clock.now()
        self._swept_at = self._judged_at = self._tidied_at = self._found_at = now
        self._restart = False
        self._count_fleet()

    def _read_plan(self) -> None:
        self._reload = False
        self.supervisor.reloading()
        try:
            self._begin(self.plan())
        except CapsuleError as error:
            self._tell(HeardKind.TROUBLE, f"the old settings hold: {error.message}")
        else:
            self._tell(HeardKind.RELOADED, self._status())
        self.supervisor.ready(self._status())

    def _pass(self) -> None:
        """One look at the clock, and what it makes due."""
        now = self.clock.monotonic()
        self._notice_steps(now)
        due, missed = self._schedule.turns(now)
        if due or missed:
            self._take_turns(due, missed)
        found = self._gathered()
        if found or not self._fleet:
            self._found_at = now
        if found or now - self._judged_at >= self._schedule.step_seconds or self._restart:
            self._judged_at = now
            self._judge(found)
        if now - self._swept_at >= self._watch_plan.interval_seconds:
            self._swept_at = now
            self._tell_sweep()
            self._count_fleet()
        if now - self._tidied_at >= _TIDY_SECONDS:
            self._tidied_at = now
            self._tidy()
        self.supervisor.alive(self._status())

    def _nap(self) -> float:
        return max(0.0, min(_NAP_SECONDS, self._schedule.next_at() - self.clock.monotonic()))

    def _notice_steps(self, now: float) -> None:
        """After a suspend, a long stall or a clock that was set, waiting begins anew."""
        wall = self.clock.now()
        steady = now - self._passed_at
        stepped = (wall - self._passed_on).total_seconds() - steady
        self._passed_at, self._passed_on = now, wall
        if abs(stepped) > _STEP_SECONDS:
            self._restart = True
            way = "not observed for" if stepped > 0 else "the clock was set back by"
            self._tell(
                HeardKind.CLOCK, f"{way} {abs(stepped):.0f} s: what was waited for begins anew"
            )
        elif steady > self._watch_plan.stale_seconds:
            self._restart = True
            self._tell(HeardKind.CLOCK, f"not observed for {steady:.0f} s: it begins anew")

    def _take_turns(self, due: Sequence[Turn], missed: Sequence[Turn]) -> None:
        members = self._members
        skipped = sum(len(members[turn.slot]) for turn in missed)
        for turn in due:
            xnodes = [self._fleet[id_] for id_ in members[turn.slot]]
            skipped += len(self.looker.start(xnodes, self._look_plan(turn)))
        if skipped:
            self._tally.skipped += skipped
            self._tell(HeardKind.SKIPPED, f"{skipped} looks were skipped: the turn before lasts")

    def _look_plan(self, turn: Turn) -> LookPlan:
        """df and units are asked now and then only, of each xNode in another turn."""
        plan = self._watch_plan

        def has_come(every_seconds: float) -> bool:
            turns = max(1, round(every_seconds / plan.interval_seconds))
            return turn.number == 0 or (turn.number + turn.slot) % turns == 0

        return plan.look.model_copy(
            update={
                "disks": has_come(plan.disks_every_seconds),
                "system": has_come(plan.system_every_seconds),
                "deadline_seconds": min(plan.look.deadline_seconds, plan.interval_seconds * 0.9),
            }
        )

    def _gathered(self) -> list[Observation]:
        try:
            found = self.looker.gather()
        except CapsuleError as error:
            self._tell(HeardKind.TROUBLE, error.message)
            return []
        self._tally.looked += len(found)
        self._tally.silent += sum(bool(o.health.checks) and not answered(o) for o in found)
        return found

    def _judge(self, found: Sequence[Observation]) -> None:
        try:
            made = self.rounds.run(found, self._fleet, self._watch_plan, restart=self._restart)
        except CapsuleError as error:
            self._tell(HeardKind.TROUBLE, error.message)
            self.round_over(self._watch_plan, False)  # noqa: FBT003 (a callback's)
            return
        self._restart = False
        for step in made.steps:
            if step.kind is not None:
                where = f"{step.alert.xnode}: {step.alert.message}"
                self._tell(HeardKind(step.kind.value), where, step.alert)
        if made.steps:
            self.after(made, self._watch_plan)
        self.round_over(self._watch_plan, self._sees())

    def _sees(self) -> bool:
        """Whether looks still come to their end: judging nothing goes well for ever."""
        unseen = self.clock.monotonic() - self._found_at
        return unseen <= self._watch_plan.stale_seconds

    def _count_fleet(self) -> None:
        try:
            found = self.inventory.list()
        except StoreError as error:
            self._tell(HeardKind.TROUBLE, error.message)
        else:
            self._fleet = {xnode.id: xnode for xnode in found if xnode.status in WATCHED}
        self._members = self._schedule.members(self._fleet)

    def _tidy(self) -> None:
        now: datetime = self.clock.now()
        try:
            self.rounds.samples.prune(now)
            self.rounds.book.prune(now - _BOOK_KEPT)
        except StoreError as error:
            self._tell(HeardKind.TROUBLE, error.message)

    def _tell_sweep(self) -> None:
        tally, self._tally = self._tally, _Tally()
        skipped = f", {tally.skipped} skipped" if tally.skipped else ""
        silent = f", {tally.silent} silent" if tally.silent else ""
        self._tell(HeardKind.SWEPT, f"{tally.looked} looked at{silent}{skipped}")

    def _status(self) -> str:
        every = f"{self._watch_plan.interval_seconds:g} s"
        return f"looking at {len(self._fleet)} xNodes every {every}"

    def _tell(self, kind: HeardKind, message: str, alert: object = None) -> None:
        heard = {"time": self.clock.now(), "kind": kind, "message": message, "alert": alert}
        self.heard(Heard.model_validate(heard))
