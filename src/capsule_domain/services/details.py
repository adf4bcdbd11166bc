"""Putting together what is known of one xNode. Nothing is asked of anyone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from capsule_domain.errors import NotFound
from capsule_domain.models.billing import Terms, month_of
from capsule_domain.models.cloud import CloudFacts
from capsule_domain.models.deployment import DeploymentState
from capsule_domain.models.money import Money
from capsule_domain.models.server import Capabilities
from capsule_domain.models.xnode import XNode
from capsule_domain.models.xnode_details import XNodeDetails
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import KnownHosts
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.ledger import Ledger
from capsule_domain.ports.monitor import Monitor
from capsule_domain.services.billing import spent, spent_ever
from capsule_domain.services.first_contact import fingerprint


@dataclass(frozen=True)
class Details:
    """Looks into every book of ours. Raises StoreError."""

    journal: Journal
    monitor: Monitor
    ledger: Ledger
    known_hosts: KnownHosts
    clock: Clock
    facts: Callable[[str], CloudFacts]

    def of(self, xnode: XNode) -> XNodeDetails:
        """As it was seen last, by whoever looked."""
        now = self.clock.now()
        seen = self.monitor.latest().get(xnode.id)
        can = self._capabilities(xnode)
        terms = Terms.of(can) if can else Terms()
        life = self.ledger.lives([xnode.id]).get(xnode.id, ())
        left = None if xnode.expires_at is None else (xnode.expires_at - now).total_seconds()
        return XNodeDetails(
            **xnode.model_dump(),
            age_seconds=((xnode.terminated_at or now) - xnode.created_at).total_seconds(),
            expires_in_seconds=left,
            spent_this_month=_sums(spent(life, terms, month_of(now))),
            spent_ever=_sums(spent_ever(life, terms, now)),
            bills_when_stopped=can and can.bills_when_stopped,
            host_keys=tuple(map(fingerprint, self.known_hosts.pinned(xnode.id))),
            deployment_state=self._deployment(xnode),
            health=seen and seen.health,
            metrics=seen and seen.metrics,
        )

    def _deployment(self, xnode: XNode) -> DeploymentState | None:
        """None for one that was deployed by another Capsule, or by hand."""
        if xnode.deployment is None:
            return None
        try:
            return self.journal.get(xnode.deployment).state
        except NotFound:
            return None

    def _capabilities(self, xnode: XNode) -> Capabilities | None:
        try:
            return self.facts(xnode.provider).capabilities
        except NotFound:
            return None


def _sums(by_currency: Mapping[str, Decimal]) -> tuple[Money, ...]:
    return tuple(Money(amount=sum_, currency=c) for c, sum_ in sorted(by_currency.items()))
