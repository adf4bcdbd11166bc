"""The services that rent and end xNodes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from capsule_cli.wiring.fields import Ports

if TYPE_CHECKING:
    from capsule_domain.models.deployment import DeploymentEvent
    from capsule_domain.services.deploy import Deploy
    from capsule_domain.services.terminate import Terminate


class XNodeServices(Ports):
    """An xNode from its renting to its end."""

    def deploy(self, progress: "Callable[[DeploymentEvent], None]") -> "Deploy":
        from capsule_domain.services.deploy import Deploy
        from capsule_domain.services.diary import Diary
        from capsule_domain.services.ready import Ready
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
        )
        ready = Ready(
            hosts=self.hosts(),
            inventory=self.inventory(),
            clock=self.clock(),
            timeout_seconds=settings.ready_timeout_seconds,
        )
        return Deploy(provider=self.provider, rent=rent, ready=ready, diary=diary)

    def terminate(self) -> "Terminate":
        from capsule_domain.services.terminate import Terminate

        return Terminate(
            provider=self.provider,
            inventory=self.inventory(),
            journal=self.journal(),
            known_hosts=self.known_hosts(),
            clock=self.clock(),
        )
