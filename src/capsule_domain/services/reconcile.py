"""Comparing every account with our books: what is whose, and what nobody looks after."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from capsule_domain.errors import NotFound, ProviderError
from capsule_domain.models.deployment import (
    Deployment,
    DeploymentId,
    DeploymentState,
    deployment_in,
)
from capsule_domain.models.money import HOURS_PER_MONTH, Money
from capsule_domain.models.reconciliation import ReconcileRow, Reconciliation, Standing
from capsule_domain.models.server import Server, ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.models.xnode_group import GroupKey
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.provider import Provider
from capsule_domain.services.account_survey import Account, Survey, survey
from capsule_domain.services.leftovers import unneeded
from capsule_domain.services.xnode_of_record import MANUAL

_ORDER = (
    Standing.ORPHAN,
    Standing.UNFINISHED,
    Standing.GHOST,
    Standing.DRIFTED,
    Standing.MANAGED,
    Standing.FOREIGN,
)


@dataclass(frozen=True)
class Reconcile:
    """Looks, and changes nothing.

    `clouds` are those that are asked, and beside them each one that our books name.
    """

    clouds: Sequence[str]
    provider: Callable[[str], Provider]
    inventory: Inventory
    journal: Journal
    clock: Clock

    def run(self) -> Reconciliation:
        """All that there is. Raises the error of the clouds when none of them answered."""
        asked = survey(self._names(), self.provider, self.clock, leftovers=True)
        refuse_silence(asked)
        # The books are read after the clouds: what is rented is in the journal before it is
        # at a cloud, so nothing that is just being rented looks like an orphan.
        books = _Books.read(self.journal, self.inventory)
        rows = chain.from_iterable(_rows(account, books) for account in asked.accounts)
        begun = {one.provider for one in books.deployments.values() if one.state.unfinished}
        return Reconciliation(
            rows=tuple(sorted(rows, key=lambda row: (_ORDER.index(row.state), row.name))),
            leftovers=tuple(
                leftover
                for account in asked.accounts
                for leftover in unneeded(account.leftovers, account.servers)
                if leftover.provider not in begun
            ),
            silent=asked.silent,
        )

    def _names(self) -> list[str]:
        """The clouds that are to be asked, and those that our books name."""
        counts = self.inventory.counts((GroupKey.PROVIDER,))
        named = [provider for (provider,) in counts if provider != MANUAL]
        begun = [deployment.provider for deployment in self.journal.list(unfinished=True)]
        return [*dict.fromkeys([*self.clouds, *named, *begun])]


def refuse_silence(asked: Survey) -> None:
    """Raises one of the errors when no cloud answered at all."""
    if asked.errors and not asked.accounts:
        raise next(iter(asked.errors.values()))


@dataclass(frozen=True)
class _Books:
    """The journal by id; the living xNodes by their server and as they come."""

    deployments: dict[DeploymentId, Deployment]
    by_server: dict[tuple[str, str], XNode]
    living: Sequence[XNode]

    @classmethod
    def read(cls, journal: Journal, inventory: Inventory) -> "_Books":
        living = inventory.list()
        return cls(
            {deployment.id: deployment for deployment in journal.list()},
            {(xnode.provider, xnode.server_id): xnode for xnode in living},
            living,
        )

    def xnode_of(self, server: Server) -> XNode | None:
        return self.by_server.get((server.provider, server.server_id))

    def deployment_of(self, server: Server) -> Deployment | None:
        id_ = deployment_in(server.tags)
        return None if id_ is None else self.deployments.get(id_)


def _rows(account: Account, books: _Books) -> Iterator[ReconcileRow]:
    listed = {server.server_id for server in account.servers}
    for server in account.servers:
        yield _row(server, books)
    seen: set[str | None] = {deployment_in(server.tags) for server in account.servers}
    for xnode in books.living:
        if xnode.provider == account.cloud.name and xnode.server_id not in listed:
            yield from _missing(xnode, account, books)
            seen.add(xnode.deployment)
    for left in books.deployments.values():
        if left.state.unfinished and left.provider == account.cloud.name and left.id not in seen:
            yield _unseen(left)


def _row(server: Server, books: _Books) -> ReconcileRow:
    xnode, deployment = books.xnode_of(server), books.deployment_of(server)
    price = _monthly(server.price_per_hour)
    row = ReconcileRow(
        provider=server.provider,
        server_id=server.server_id,
        name=server.name,
        state=Standing.FOREIGN,
        detail="no Capsule rented it",
        price_per_month=price if xnode is None else xnode.price_per_month,
        xnode=xnode.id if xnode else None,
        deployment=deployment_in(server.tags),
        server=server,
    )
    if deployment is not None and deployment.state.unfinished:
        if deployment.server_id not in (None, server.server_id):
            detail = f"a second one of deployment {deployment.id}, which has {deployment.server_id}"
            return _changed(row, Standing.ORPHAN, detail)
        return _changed(row, Standing.UNFINISHED, what_to_do(deployment))
    if xnode is not None:
        drift = _drift(xnode, server)
        state = Standing.DRIFTED if drift else Standing.MANAGED
        return _changed(row, state, "; ".join(drift) or server.status)
    if row.deployment is None:
        return row
    return _changed(row, Standing.ORPHAN, _why_orphan(deployment))


def _changed(row: ReconcileRow, state: Standing, detail: str) -> ReconcileRow:
    return row.model_copy(update={"state": state, "detail": detail})


def what_to_do(deployment: Deployment) -> str:
    """The two ways on from a deployment that is not finished."""
    return (
        f"deployment {deployment.id} is {deployment.state}: "
        f"deploy --resume {deployment.id}, or --abandon {deployment.id}"
    )


def _why_orphan(deployment: Deployment | None) -> str:
    if deployment is None:
        return "a Capsule rented it, and no book here knows it"
    if deployment.state is DeploymentState.READY:
        return f"deployment {deployment.id} has another server, or it was forgotten"
    return f"it lives, and deployment {deployment.id} is over: it is {deployment.state}"


def _missing(xnode: XNode, account: Account, books: _Books) -> Iterator[ReconcileRow]:
    """An xNode that is not listed. Only one older than the list is complete can be a ghost."""
    row = ReconcileRow(
        provider=xnode.provider,
        server_id=xnode.server_id,
        name=xnode.name,
        state=Standing.GHOST,
        detail="the inventory has it as living, and the cloud knows it no more",
        price_per_month=xnode.price_per_month,
        xnode=xnode.id,
    )
    deployment = books.deployments.get(DeploymentId(xnode.deployment or ""))
    age_seconds = (account.asked_at - xnode.created_at).total_seconds()
    if deployment is not None and deployment.state.unfinished:
        yield _changed(row, Standing.UNFINISHED, what_to_do(deployment))
    elif age_seconds < account.cloud.capabilities.settling_seconds:
        yield _changed(row, Standing.MANAGED, "so young that the cloud may not list it yet")
    elif (seen := _seen_alone(account.cloud, xnode)) is not None:
        yield _changed(row, Standing.MANAGED, seen)
    else:
        yield row


def _seen_alone(cloud: Provider, xnode: XNode) -> str | None:
    """What is known of it when it is asked for by itself; None when it surely is gone."""
    try:
        server = cloud.server(xnode.server_id)
    except NotFound:
        return None
    except ProviderError as error:
        return f"not listed, and asked for it the cloud says: {error.message}"
    return None if server.status is ServerStatus.GONE else "not listed, and there when asked for"


def _unseen(left: Deployment) -> ReconcileRow:
    plan = left.plan
    return ReconcileRow(
        provider=left.provider,
        server_id=left.server_id,
        name=left.name,
        state=Standing.UNFINISHED,
        detail=f"no server of it is listed; {what_to_do(left)}",
        price_per_month=plan.price_per_month if plan and left.server_id else None,
        deployment=left.id,
    )


def _drift(xnode: XNode, server: Server) -> list[str]:
    """What the cloud says otherwise than the inventory. What it does not know is no drift."""
    pairs = {
        "name": (xnode.name, server.name),
        "status": (
            xnode.status,
            xnode.status if server.status is ServerStatus.UNKNOWN else server.status,
        ),
        "address": (xnode.address, server.address or xnode.address),
        "region": (xnode.region, server.region),
    }
    found = [f"{what} {new}, not {old}" for what, (old, new) in pairs.items() if old != new]
    there = {tag.casefold() for tag in server.tags}
    lacking = sorted(tag for tag in xnode.tags if tag.casefold() not in there)
    return [*found, *(f"lacks the tag {tag}" for tag in lacking)]


def _monthly(price_per_hour: Money | None) -> Money | None:
    return None if price_per_hour is None else price_per_hour * HOURS_PER_MONTH
