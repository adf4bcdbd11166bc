"""The services of an xNode that is rented: switched, marked, entered."""

from typing import TYPE_CHECKING

from capsule_cli.wiring.fields import Ports

if TYPE_CHECKING:
    from capsule_domain.services.details import Details
    from capsule_domain.services.lifecycle import Lifecycle
    from capsule_domain.services.mark import Mark
    from capsule_domain.services.tunnel import Tunnelling
    from capsule_domain.services.write_off import WriteOff


class LifeServices(Ports):
    """What is done with an xNode between its renting and its end."""

    def write_off(self) -> "WriteOff":
        from capsule_domain.services.write_off import WriteOff

        return WriteOff(self.inventory(), self.journal(), self.known_hosts(), self.clock())

    def lifecycle(self) -> "Lifecycle":
        from capsule_domain.services.lifecycle import Lifecycle

        return Lifecycle(self.provider, self.inventory(), self.write_off(), self.clock())

    def mark(self) -> "Mark":
        from capsule_domain.services.mark import Mark

        return Mark(self.provider, self.inventory(), self.clock())

    def details(self) -> "Details":
        from capsule_domain.services.details import Details

        return Details(
            journal=self.journal(),
            monitor=self.monitor(),
            ledger=self.ledger(),
            known_hosts=self.known_hosts(),
            clock=self.clock(),
            facts=self.facts,
        )

    def tunnelling(self) -> "Tunnelling":
        from capsule_domain.services.tunnel import Tunnelling

        return Tunnelling(self.inventory(), self.tunnels(), self.clock(), self.new_id)
