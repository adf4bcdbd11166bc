"""One sweep of the fleet, by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from capsule_domain.models.alert import Alert, AlertState
from capsule_domain.models.base import Model
from capsule_domain.models.book import AlertFilter
from capsule_domain.models.health import Health
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.alert_book import AlertBook
from capsule_domain.ports.engine_lock import EngineLock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.probes import Probes
from capsule_domain.services.engine import WATCHED
from capsule_domain.services.rounds import Rounds

OPEN = (AlertState.PENDING, AlertState.FIRING)


class Swept(Model):
    """What a sweep saw, by name, and the alerts that are open afterwards, of all xNodes.

    `waited`: a collector runs here, so that conditions are waited for as it does; else
    nobody could, and what held at this one look fires.
    """

    health: tuple[Health, ...]
    alerts: tuple[Alert, ...]
    waited: bool

    @property
    def firing(self) -> int:
        """How many alerts are firing."""
        return sum(alert.state is AlertState.FIRING for alert in self.alerts)


@dataclass(frozen=True)
class Sweep:
    """Looks once, keeps what it saw, and judges it."""

    inventory: Inventory
    probes: Probes
    rounds: Rounds
    book: AlertBook
    lock: EngineLock

    def run(self, chosen: Sequence[XNode], plan: WatchPlan) -> Swept:
        """Look at the chosen ones that are expected to answer. Raises StoreError."""
        fleet = {x.id: x for x in self.inventory.list() if x.status in WATCHED}
        look = plan.look.model_copy(update={"disks": True, "system": True, "at_once": True})
        asked = [xnode for xnode in chosen if xnode.id in fleet]
        seen = list(self.probes.look(asked, look)) if asked else []
        waited = self.lock.holder() is not None
        self.rounds.run(seen, fleet, plan, at_once=not waited)
        health = sorted((one.health for one in seen), key=lambda one: one.xnode)
        alerts = self.book.list(AlertFilter(states=OPEN))
        return Swept(health=tuple(health), alerts=tuple(alerts), waited=waited)
