"""The services that watch the fleet and judge what they see."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from capsule_cli.wiring.cost_services import CostServices

if TYPE_CHECKING:
    from capsule_domain.errors import StoreError
    from capsule_domain.models.heard import Heard
    from capsule_domain.services.deliver import Deliver
    from capsule_domain.services.engine import Engine
    from capsule_domain.services.look_back import LookBack
    from capsule_domain.services.onlooker import Onlooker
    from capsule_domain.services.overview import Overview
    from capsule_domain.services.rounds import Rounds
    from capsule_domain.services.sweep import Sweep


class MonitorServices(CostServices):
    """One sweep, and sweeps without end."""

    def rounds(
        self, troubled: "Callable[[StoreError], None]", *, only_one: bool = False
    ) -> "Rounds":
        """`only_one`: no other round comes after it."""
        from capsule_domain.services.isolation import Isolation
        from capsule_domain.services.outlook import FEW_AT_ONCE, Outlook
        from capsule_domain.services.rounds import Rounds
        from capsule_domain.services.spending import Spending

        return Rounds(
            samples=self.samples(),
            book=self.alert_book(),
            isolation=Isolation(self.anchors()),
            clock=self.clock(),
            new_id=self.new_id,
            of_fleet=Spending(self.budgets().states),
            outlook=Outlook(self.samples(), troubled, None if only_one else FEW_AT_ONCE),
            troubled=troubled,
        )

    def engine(self, heard: "Callable[[Heard], None]") -> "Engine":
        from capsule_domain.models.heard import Heard, HeardKind
        from capsule_domain.services.engine import Engine
        from capsule_domain.services.looker import Looker

        def troubled(error: "StoreError") -> None:
            now = self.clock().now()
            heard(Heard(time=now, kind=HeardKind.TROUBLE, message=error.message))

        return Engine(
            inventory=self.inventory(),
            plan=self.watch_plan,
            looker=Looker(self.probes()),
            rounds=self.rounds(troubled),
            clock=self.clock(),
            supervisor=self.supervisor(),
            heard=heard,
        )

    def deliver(self, told: "Callable[[str], None]") -> "Deliver":
        """For who holds the engine's lock, or two would send the same."""
        import random

        from capsule_domain.services.deliver import Deliver

        return Deliver(
            outbox=self.outbox(),
            notifiers=self.notifiers,
            clock=self.clock(),
            randomness=random.random,
            told=told,
        )

    def sweep(self, troubled: "Callable[[StoreError], None]") -> "Sweep":
        from capsule_domain.services.sweep import Sweep

        return Sweep(
            inventory=self.inventory(),
            probes=self.probes(),
            rounds=self.rounds(troubled, only_one=True),
            book=self.alert_book(),
            lock=self.engine_lock(),
        )

    def overview(self, *, stale_seconds: float = 0.0) -> "Overview":
        """`stale_seconds`: what passes for a fresh look, where the plan would allow less."""
        from capsule_domain.services.overview import Overview

        plan = self.watch_plan()
        return Overview(
            inventory=self.inventory(),
            samples=self.samples(),
            book=self.alert_book(),
            lock=self.engine_lock(),
            clock=self.clock(),
            stale_seconds=max(stale_seconds, plan.stale_seconds),
            rare_seconds=max(plan.disks_every_seconds, plan.system_every_seconds),
        )

    def onlooker(self, interval_seconds: float) -> "Onlooker":
        from capsule_domain.services.isolation import Isolation
        from capsule_domain.services.looker import Looker
        from capsule_domain.services.onlooker import Onlooker

        return Onlooker(
            inventory=self.inventory(),
            samples=self.samples(),
            looker=Looker(self.probes()),
            isolation=Isolation(self.anchors()),
            lock=self.engine_lock(),
            clock=self.clock(),
            plan=self.watch_plan(),
            interval_seconds=interval_seconds,
        )

    def look_back(self) -> "LookBack":
        from capsule_domain.services.look_back import LookBack

        return LookBack(self.samples(), self.clock(), self.watch_plan())
