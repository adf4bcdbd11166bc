"""The services that look at all xNodes together."""

from typing import TYPE_CHECKING

from capsule_cli.wiring.life_services import LifeServices

if TYPE_CHECKING:
    from capsule_domain.models.fleet_stats import FleetStats
    from capsule_domain.models.xnode import XNodeFilter
    from capsule_domain.services.add_xnode import AddXNode
    from capsule_domain.services.import_xnodes import ImportXNodes
    from capsule_domain.services.sync import Sync
    from capsule_domain.services.watch import Watch


_NAMED_IN_STATS = 5


class FleetServices(LifeServices):
    """The xNodes together: their health, and how they come into the inventory."""

    def import_xnodes(self) -> "ImportXNodes":
        from capsule_domain.services.import_xnodes import ImportXNodes

        return ImportXNodes(
            files=self.xnode_files(),
            inventory=self.inventory(),
            catalogue=self.catalogue(),
            clouds=self.providers(),
            clock=self.clock(),
            new_id=self.new_id,
        )

    def add_xnode(self) -> "AddXNode":
        from capsule_domain.services.add_xnode import AddXNode

        return AddXNode(
            inventory=self.inventory(),
            journal=self.journal(),
            catalogue=self.catalogue(),
            clouds=self.providers(),
            clock=self.clock(),
            new_id=self.new_id,
        )

    def sync(self) -> "Sync":
        from capsule_domain.services.sync import Sync

        return Sync(
            provider=self.provider,
            clouds=self.providers(),
            inventory=self.inventory(),
            catalogue=self.catalogue(),
            write_off=self.write_off(),
            clock=self.clock(),
        )

    def fleet_stats(self, chosen: "XNodeFilter") -> "FleetStats":
        from capsule_domain.services.fleet_stats import fleet_stats

        return fleet_stats(
            self.inventory(),
            chosen,
            now=self.clock().now(),
            capped=self._caps_months,
            most=_NAMED_IN_STATS,
        )

    def _caps_months(self, provider: str) -> bool:
        """Of a server at no cloud that Capsule knows the month's price is taken for its most."""
        from capsule_domain.errors import NotFound

        try:
            return self.facts(provider).capabilities.monthly_cap
        except NotFound:
            return True

    def watch(self) -> "Watch":
        from capsule_domain.services.watch import Watch

        return Watch(self.inventory(), self.monitor(), self.clock())
