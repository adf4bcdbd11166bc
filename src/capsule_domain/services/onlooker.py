"""Looks at the fleet for somebody who watches, where no collector does."""

from dataclasses import dataclass

from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Observation
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.engine_lock import EngineLock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.samples import Samples
from capsule_domain.services.engine import WATCHED
from capsule_domain.services.isolation import Isolation
from capsule_domain.services.looker import Looker

_TIDY_SECONDS = 3600.0


@dataclass
class Onlooker:
    """Looks, and keeps what it saw; judges nothing and tells nobody.

    It holds no lock, and leaves the looking to a collector as soon as one runs.
    `interval_seconds` lie between two looks.
    """

    inventory: Inventory
    samples: Samples
    looker: Looker
    isolation: Isolation
    lock: EngineLock
    clock: Clock
    plan: WatchPlan
    interval_seconds: float

    def __post_init__(self) -> None:
        self._fleet: dict[str, XNode] = {}
        self._turn = 0
        self._due = self._tidied = self.clock.monotonic()

    @property
    def is_cut_off(self) -> bool:
        """Whether nothing answers this machine, neither the fleet nor anything else."""
        return self.isolation.is_cut_off

    @property
    def is_looking(self) -> bool:
        """Whether a look is under way."""
        return self.looker.is_busy

    def look_now(self) -> None:
        """The next look is due, whenever the last one was."""
        self._due = self.clock.monotonic()

    def tick(self) -> None:
        """Keep what was found, and begin the next look when it is due. Raises StoreError."""
        self._keep(self.looker.gather())
        now = self.clock.monotonic()
        if now < self._due or self.lock.holder() is not None:
            return
        self._fleet = {x.id: x for x in self.inventory.list() if x.status in WATCHED}
        self.looker.start(list(self._fleet.values()), self._look_plan())
        self._turn += 1
        missed = (now - self._due) // self.interval_seconds
        self._due += (missed + 1) * self.interval_seconds
        if now - self._tidied >= _TIDY_SECONDS:
            self._tidied = now
            self.samples.prune(self.clock.now())

    def _keep(self, found: list[Observation]) -> None:
        seen = {one.xnode_id: one for one in found}
        if not seen:
            return
        believed = self.isolation.believed(seen, self._fleet, self.plan)
        self.samples.append(believed, self.clock.now())

    def _look_plan(self) -> LookPlan:
        """Everything at the first look, for whoever waits for it; df now and then after that."""

        def has_come(every_seconds: float) -> bool:
            return self._turn % max(1, round(every_seconds / self.interval_seconds)) == 0

        return self.plan.look.model_copy(
            update={
                "at_once": self._turn == 0,
                "disks": has_come(self.plan.disks_every_seconds),
                "system": has_come(self.plan.system_every_seconds),
            }
        )
