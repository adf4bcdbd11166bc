"""The services that watch the fleet and judge what they see."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from capsule_cli.wiring.cost_services import CostServices
from capsule_cli.wiring.life_services import LifeServices

if TYPE_CHECKING:
    from capsule_domain.errors import StoreError
    from capsule_domain.models.heard import Heard
    from capsule_domain.models.remediation import Remediation
    from capsule_domain.services.deliver import Deliver
    from capsule_domain.services.engine import Engine
    from capsule_domain.services.foresee import Foresee
    from capsule_domain.services.look_back import LookBack
    from capsule_domain.services.onlooker import Onlooker
    from capsule_domain.services.overview import Overview
    from capsule_domain.services.remediate import Remedying
    from capsule_domain.services.rounds import Rounds
    from capsule_domain.services.sweep import Sweep


class MonitorServices(CostServices, LifeServices):
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
        """With its heartbeat; `remedying` has it help as well."""
        from capsule_domain.services.engine import Engine
        from capsule_domain.services.heartbeats import Heartbeats
        from capsule_domain.services.looker import Looker

        troubled = self.troubled(heard)
        beats = Heartbeats(self.heartbeat, self.pulse_log(), self.clock(), troubled)
        return Engine(
            inventory=self.inventory(),
            plan=self.watch_plan,
            looker=Looker(self.probes()),
            rounds=self.rounds(lambda error: troubled(error.message)),
            clock=self.clock(),
            supervisor=self.supervisor(),
            heard=heard,
            round_over=lambda plan, good: beats.round_over(plan.heartbeat, good=good),
        )

    def remedying(self, engine: "Engine", heard: "Callable[[Heard], None]") -> "Remedying":
        """What `engine` hears of is helped, where the settings say so, for a block."""
        from capsule_domain.models.heard import Heard, HeardKind
        from capsule_domain.services.remediate import Remediate, Remedying

        clock = self.clock()

        def told(one: "Remediation") -> None:
            words = {"time": clock.now(), "kind": HeardKind.REMEDY, "message": one.words}
            heard(Heard.model_validate({**words, "remediation": one}))

        remediate = Remediate(
            inventory=self.inventory(),
            book=self.alert_book(),
            log=self.remediation_log(),
            aid=self.first_aid(),
            reboot=self.lifecycle().restart,
            clouds=self.providers,
            cut_off=lambda: engine.rounds.isolation.is_cut_off,
            clock=clock,
            new_id=self.new_id,
            told=told,
            troubled=self.troubled(heard),
        )
        engine.after = remediate.consider
        return Remedying(remediate)

    def troubled(self, heard: "Callable[[Heard], None]") -> "Callable[[str], None]":
        """What something has to complain of, as the collector says it."""
        from capsule_domain.models.heard import Heard, HeardKind

        def told(words: str) -> None:
            heard(Heard(time=self.clock().now(), kind=HeardKind.TROUBLE, message=words))

        return told

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
            guessing=[rule.name for rule in plan.rules if rule.quantity.is_guess],
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

    def foresee(self) -> "Foresee":
        from capsule_domain.services.foresee import Foresee

        return Foresee(self.samples(), self.clock(), self.watch_plan())

    def look_back(self) -> "LookBack":
        from capsule_domain.services.look_back import LookBack

        return LookBack(self.samples(), self.clock(), self.watch_plan())
