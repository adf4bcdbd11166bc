"""The services that go on after a crash, and set accounts and books right."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from capsule_cli.wiring.life_services import LifeServices
from capsule_cli.wiring.xnode_services import XNodeServices

if TYPE_CHECKING:
    from capsule_domain.models.deployment import DeploymentEvent
    from capsule_domain.services.abandon import Abandon
    from capsule_domain.services.first_contact import MeetMachine
    from capsule_domain.services.reap import Reap
    from capsule_domain.services.reconcile import Reconcile
    from capsule_domain.services.resume import Resume
    from capsule_domain.services.settle_accounts import SettleAccounts


class AccountServices(XNodeServices, LifeServices):
    """What is in the accounts, and what our books say."""

    def resume(self, progress: "Callable[[DeploymentEvent], None]") -> "Resume":
        from capsule_domain.services.resume import Resume

        deploy = self.deploy(progress)
        return Resume(
            provider=self.provider,
            journal=self.journal(),
            inventory=self.inventory(),
            clock=self.clock(),
            diary=deploy.diary,
            rent=deploy.rent,
            deploy=deploy,
        )

    def abandon(self, progress: "Callable[[DeploymentEvent], None]") -> "Abandon":
        from capsule_domain.services.diary import Diary

        return self.undoing(Diary(self.journal(), self.clock(), progress))

    def reconcile(self) -> "Reconcile":
        from capsule_domain.services.reconcile import Reconcile

        return Reconcile(
            clouds=self.configured(),
            provider=self.provider,
            inventory=self.inventory(),
            journal=self.journal(),
            clock=self.clock(),
        )

    def settle_accounts(self) -> "SettleAccounts":
        from capsule_domain.services.settle_accounts import SettleAccounts

        settings = self.choices().openmesh()
        return SettleAccounts(
            provider=self.provider,
            inventory=self.inventory(),
            journal=self.journal(),
            clock=self.clock(),
            write_off=self.write_off(),
            new_id=self.new_id,
            ssh_user=settings.ssh_user,
            ssh_key=settings.ssh_key,
        )

    def meet_machine(self) -> "MeetMachine":
        from capsule_domain.services.first_contact import MeetMachine

        return MeetMachine(self.hosts(), self.known_hosts(), self.inventory(), self.clock())

    def reap(self) -> "Reap":
        from capsule_domain.services.reap import Reap

        return Reap(
            clouds=self.configured(),
            provider=self.provider,
            inventory=self.inventory(),
            clock=self.clock(),
            terminate=self.terminate(),
        )
