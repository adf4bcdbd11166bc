"""The services that look at all xNodes together."""

from typing import TYPE_CHECKING, Literal, get_args

from capsule_cli.wiring.fields import Ports

if TYPE_CHECKING:
    from capsule_domain.models.cost import CostReport
    from capsule_domain.services.watch import Watch


GroupBy = Literal["provider", "region", "tag", "profile"]
GROUPS: tuple[GroupBy, ...] = get_args(GroupBy)


class FleetServices(Ports):
    """The xNodes together: their health, their cost."""

    def watch(self) -> "Watch":
        from capsule_domain.services.watch import Watch

        return Watch(self.inventory(), self.monitor(), self.clock())

    def cost_report(self, by: GroupBy) -> "CostReport":
        from capsule_domain.models.xnode import XNodeFilter
        from capsule_domain.services.cost import cost_report

        return cost_report(
            self.inventory().list(XNodeFilter(include_gone=True)),
            by=by,
            now=self.clock().now(),
            bills_when_stopped=self.bills_when_stopped,
        )
