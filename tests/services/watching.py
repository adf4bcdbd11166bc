"""A collector over fakes, in a time of the test's own."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

from capsule_domain.models.book import Entry
from capsule_domain.models.heard import Heard, HeardKind
from capsule_domain.models.notification import Notification
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.models.xnode import XNode
from capsule_domain.services.alert_rules import with_own
from capsule_domain.services.engine import Engine
from capsule_domain.services.isolation import Isolation
from capsule_domain.services.looker import Looker
from capsule_domain.services.rounds import Rounds
from capsule_domain.services.schedule import Schedule
from tests.fakes.alert_book import FakeAlertBook
from tests.fakes.inventory import FakeInventory
from tests.fakes.probes import FakeProbes, Scene
from tests.fakes.samples import FakeSamples
from tests.fakes.supervision import FakeAnchors, FakeSupervisor
from tests.xnodes import an_xnode

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
START = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLAN = WatchPlan(rules=with_own(()))


class StepClock:
    """Moves only when something sleeps; `at` has things happen on the way, by the steady clock."""

    def __init__(self) -> None:
        self.wall = START
        self.steady = 1000.0
        self.begun = self.steady
        self._to_come: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def sleep(self, seconds: float) -> None:
        # A clock that stood still while nothing is due would never end.
        self.pass_by(max(seconds, 0.001))
        while self._to_come and self._to_come[0][0] <= self.steady - self.begun:
            self._to_come.pop(0)[1]()

    def pass_by(self, seconds: float) -> None:
        """Both clocks go on."""
        self.steady += seconds
        self.wall += timedelta(seconds=seconds)

    def jump(self, seconds: float) -> None:
        """Only the clock on the wall moves: it was set, or the machine slept."""
        self.wall += timedelta(seconds=seconds)

    def at(self, seconds: float, happening: Callable[[], None]) -> None:
        """`happening` so many seconds after the start."""
        self._to_come.append((seconds, happening))
        self._to_come.sort(key=lambda pair: pair[0])


class LastOnly(FakeSamples):
    """Keeps nothing but the last of each: a day of a thousand fills no memory."""

    def append(self, observations: Mapping[str, object], at: datetime) -> None:
        self.ticks += 1
        self._last.update(observations)  # type: ignore[arg-type]


class Room:
    """A collector, its fleet, and what came of it."""

    def __init__(self, xnodes: Iterable[XNode] | int = 1, plan: WatchPlan = PLAN) -> None:
        if isinstance(xnodes, int):
            xnodes = [an_xnode(f"n{number}") for number in range(xnodes)]
        self.xnodes = list(xnodes)
        self.plan: Callable[[], WatchPlan] = lambda: plan
        self.clock = StepClock()
        self.inventory = FakeInventory(self.xnodes)
        self.probes = FakeProbes(self.clock)
        self.samples = LastOnly()
        self.book = FakeAlertBook()
        self.anchors = FakeAnchors()
        self.supervisor = FakeSupervisor()
        self.heard: list[Heard] = []
        self.heard_at: list[float] = []
        self.ids = (f"id{number:05}" for number in count(1))
        rounds = Rounds(
            samples=self.samples,
            book=self.book,
            isolation=Isolation(self.anchors),
            clock=self.clock,
            new_id=lambda: next(self.ids),
        )
        self.engine = Engine(
            inventory=self.inventory,
            plan=self._read_plan,
            looker=Looker(self.probes, run=lambda work: work()),
            rounds=rounds,
            clock=self.clock,
            supervisor=self.supervisor,
            heard=self._hear,
        )

    def play(self, name: str, scene: Scene, *, after: float) -> None:
        """From `after` seconds on by the steady clock, whatever the wall says, it is so."""
        since = LONG_AGO + timedelta(seconds=after)
        self.clock.at(after, lambda: self.probes.play(f"x-{name}", scene, since=since))

    def run(self, seconds: float) -> None:
        """Let it work so long, by the steady clock."""
        self.clock.at(seconds, self.engine.stop)
        self.engine.run()

    def said(self, *kinds: HeardKind) -> list[str]:
        """What was heard of alerts, or of these kinds: when, what, of whom."""
        return [_line(one) for one in self.heard if one.kind in (kinds or _OF_ALERTS)]

    def slot(self, name: str) -> int:
        """Where in the interval the xNode is looked at."""
        return Schedule(self.plan().interval_seconds, 0).slot_of(f"x-{name}")

    def _hear(self, heard: Heard) -> None:
        self.heard.append(heard)
        self.heard_at.append(self.clock.steady - self.clock.begun)

    def _read_plan(self) -> WatchPlan:
        return self.plan()

    @property
    def entries(self) -> list[Entry]:
        return self.book.applied

    @property
    def messages(self) -> list[Notification]:
        return [message for entry in self.entries for message in entry.notifications]


_OF_ALERTS = (HeardKind.FIRED, HeardKind.ESCALATED, HeardKind.RESOLVED)


def _line(one: Heard) -> str:
    alert = one.alert
    if alert is None:
        return f"{one.kind} {one.message}"
    what = f"{alert.key.rule} {alert.key.instance}".strip()
    return f"{one.kind} {alert.xnode} {what} {alert.severity}"
