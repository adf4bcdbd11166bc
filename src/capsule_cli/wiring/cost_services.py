"""The services that work out what the fleet costs."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, get_args

from capsule_cli.wiring.fields import Ports

if TYPE_CHECKING:
    from capsule_domain.models.billing import Terms
    from capsule_domain.models.cost import BilledBeside, CostPage, CostReport, FleetForecast
    from capsule_domain.models.template import Offer
    from capsule_domain.services.advice import Advise
    from capsule_domain.services.budgets import Budgets
    from capsule_domain.services.cost_each import CostEach

GroupBy = Literal["provider", "region", "tag", "profile"]
GROUPS: tuple[GroupBy, ...] = get_args(GroupBy)

_DRAWN = 25
"""How many xNodes a page names."""


class CostServices(Ports):
    """Costs, budgets, forecasts, advice."""

    def terms(self, provider: str) -> "Terms":
        """How a cloud bills; of one that nothing is known of, with caution."""
        from capsule_domain.errors import NotFound
        from capsule_domain.models.billing import Terms

        try:
            return Terms.of(self.facts(provider).capabilities)
        except NotFound:
            return Terms()

    def cost_report(self, by: GroupBy) -> "CostReport":
        from capsule_domain.services.cost import cost_report

        report = cost_report(self.ledger(), by=by, now=self.clock().now(), terms=self.terms)
        return report.model_copy(update={"beside": self.beside()})

    def beside(self, clouds: "Iterable[str] | None" = None) -> "tuple[BilledBeside, ...]":
        """What these bill beside the price, or those where an xNode lives; each that does."""
        from capsule_domain.errors import NotFound
        from capsule_domain.models.xnode_group import GroupKey
        from capsule_domain.services.cost import billed_beside

        if clouds is None:
            clouds = sorted(cloud for (cloud,) in self.inventory().counts((GroupKey.PROVIDER,)))
        found = []
        for cloud in clouds:
            with suppress(NotFound):  # nothing is known of it
                found.append(billed_beside(self.facts(cloud)))
        return tuple(each for each in found if each is not None)

    def cost_each(self) -> "CostEach":
        from capsule_domain.services.cost_each import CostEach, offers_by_place

        listed = offers_by_place(self.offers_known())
        return CostEach(self.inventory(), self.ledger(), self.terms, listed)

    def cost_page(self, report: "CostReport") -> "CostPage":
        """The report with what is drawn beside it."""
        from capsule_domain.models.cost import CostPage
        from capsule_domain.services.cost import spent_by_day

        now = self.clock().now()
        return CostPage(
            report=report,
            forecast=self.fleet_forecast(),
            days=tuple(spent_by_day(self.ledger(), now=now, terms=self.terms)),
            xnodes=tuple(self.cost_each().of_all(now)[:_DRAWN]),
        )

    def fleet_forecast(self) -> "FleetForecast":
        from capsule_domain.services.cost import forecast

        return forecast(
            self.ledger(),
            now=self.clock().now(),
            terms=self.terms,
            budgets=self.budgets().states(),
        )

    def budgets(self) -> "Budgets":
        from capsule_domain.services.budgets import Budgets

        return Budgets(self.choices(), self.ledger(), self.clock(), self.terms)

    def advise(self) -> "Advise":
        from capsule_domain.services.advice import Advise

        days = {name: self.ended(name) for name in self.providers()}
        return Advise(
            inventory=self.inventory(),
            monitor=self.monitor(),
            clock=self.clock(),
            rates=self.rates(),
            terms=self.terms,
            unfit={name: f"{name} ended on {day}" for name, day in days.items() if day},
        )

    def offers_known(self) -> "Sequence[Offer]":
        """What the clouds said last, or else the catalogue."""
        from capsule_domain.services.prices_known import offers_known

        return offers_known(self.providers(), self.price_lists(), self.catalogue())
