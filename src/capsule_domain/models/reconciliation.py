"""Every server in every account, beside what our books say."""

from enum import StrEnum

from capsule_domain.models.base import Model
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.leftover import Leftover
from capsule_domain.models.money import Money
from capsule_domain.models.server import Server


class Standing(StrEnum):
    """How a server stands to our books.

    MANAGED: in the inventory, as it is there. UNFINISHED: of a deployment to be resumed or
    abandoned. DRIFTED: in the inventory, otherwise. ORPHAN: rented by a Capsule, and no book
    here knows it, or only as over. GHOST: in the inventory as living, and gone. FOREIGN:
    no Capsule rented it; it is never touched.
    """

    MANAGED = "managed"
    UNFINISHED = "unfinished"
    DRIFTED = "drifted"
    ORPHAN = "orphan"
    GHOST = "ghost"
    FOREIGN = "foreign"


class ReconcileRow(Model):
    """One server, or what should be one. `detail` says what differs, or what to do."""

    provider: str
    server_id: str | None
    """None: a deployment of which no server is known."""
    name: str
    state: Standing
    detail: str = ""
    price_per_month: Money | None = None
    """None where nobody says what it costs."""
    xnode: str | None = None
    """Its id in the inventory."""
    deployment: DeploymentId | None = None
    server: Server | None = None
    """As its cloud shows it; None when it is not listed."""


class SilentCloud(Model):
    """One that did not answer: nothing is concluded about what is there."""

    provider: str
    reason: str
    hint: str | None = None


class Reconciliation(Model):
    """All of it. `leftovers` are those that no server can need any more."""

    rows: tuple[ReconcileRow, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    silent: tuple[SilentCloud, ...] = ()

    def of(self, *states: Standing) -> tuple[ReconcileRow, ...]:
        """The rows of these states."""
        return tuple(row for row in self.rows if row.state in states)

    @property
    def leaking_per_month(self) -> tuple[Money, ...]:
        """What is billed and of no use, by currency, as far as its price is known."""
        prices = [row.price_per_month for row in self.of(Standing.ORPHAN, Standing.UNFINISHED)]
        prices += [leftover.price_per_month for leftover in self.leftovers]
        sums: dict[str, Money] = {}
        for price in prices:
            if price is not None:
                before = sums.get(price.currency)
                sums[price.currency] = price if before is None else before + price
        return tuple(sums[currency] for currency in sorted(sums))
