"""The services that rent and end xNodes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from capsule_cli.wiring.nixos_services import NixosServices

if TYPE_CHECKING:
    from capsule_domain.models.deployment import DeploymentEvent
    from capsule_domain.services.abandon import Abandon
    from capsule_domain.services.deploy import Deploy
    from capsule_domain.services.diary import Diary
    from capsule_domain.services.terminate import Terminate


class XNodeServices(NixosServices):
    """An xNode from its renting to its end."""

    def deploy(self, progress: "Callable[[DeploymentEvent], None]") -> "Deploy":
        from capsule_cli.wiring.settling import prepare_boot, ready
        from capsule_domain.services.deploy import Deploy
        from capsule_domain.services.diary import Diary
        from capsule_domain.services.first_come import FirstCome
        from capsule_domain.services.rent import Rent

        settings = self.choices().openmesh()
        diary = Diary(self.journal(), self.clock(), progress)
        rent = Rent(
            provider=self.provider,
            journal=self.journal(),
            inventory=self.inventory(),
            keys=self.keys(),
            known_hosts=self.known_hosts(),
            clock=self.clock(),
            new_id=self.new_id,
            diary=diary,
            ssh_user=settings.ssh_user,
            boot=prepare_boot(self, settings),
        )
        steps = ready(self, settings)
        first_come = FirstCome(self.undoing(diary), diary)
        return Deploy(self.provider, rent, steps, diary, first_come)

    def undoing(self, diary: "Diary") -> "Abandon":
        from capsule_domain.services.abandon import Abandon
        from capsule_domain.services.look_for import LookFor

        return Abandon(
            provider=self.provider,
            journal=self.journal(),
            inventory=self.inventory(),
            known_hosts=self.known_hosts(),
            clock=self.clock(),
            diary=diary,
            look_for=LookFor(self.journal(), diary, self.clock()),
        )

    def terminate(self) -> "Terminate":
        from capsule_domain.services.terminate import Terminate

        return Terminate(
            provider=self.provider,
            inventory=self.inventory(),
            journal=self.journal(),
            known_hosts=self.known_hosts(),
            clock=self.clock(),
        )
