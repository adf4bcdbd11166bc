"""Ending what has expired: by its tag, whichever Capsule rented it, or by the inventory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from capsule_domain.errors import CapsuleError
from capsule_domain.models.base import Model, Moment
from capsule_domain.models.deployment import deployment_in
from capsule_domain.models.server import Server
from capsule_domain.models.time_to_live import expiry_in
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.provider import Provider
from capsule_domain.services.account_survey import Account, Survey, survey
from capsule_domain.services.ending import end_server
from capsule_domain.services.reconcile import refuse_silence
from capsule_domain.services.side_by_side import few_at_once
from capsule_domain.services.terminate import Terminate
from capsule_domain.services.xnode_of_record import MANUAL


class Expired(Model):
    """A server past its time. `xnode`: as the inventory here has it; None: another Capsule's."""

    provider: str
    server_id: str
    name: str
    expired_at: Moment
    protected: bool = False
    xnode: XNode | None = None


@dataclass(frozen=True)
class Reaped:
    """What became of it. `error`: why it may still be billed; None when it is gone."""

    expired: Expired
    error: CapsuleError | None = None


@dataclass(frozen=True)
class Reap:
    """Finds what has expired, and ends it, a few at once."""

    clouds: Sequence[str]
    provider: Callable[[str], Provider]
    inventory: Inventory
    clock: Clock
    terminate: Terminate

    def look(self) -> tuple[Sequence[Expired], Survey]:
        """What has expired, the longest first, and what the clouds answered.

        Where the inventory has a server, its word counts and not the tag's. Raises the error
        of the clouds when none of them answered.
        """
        living = {(x.provider, x.server_id): x for x in self.inventory.list()}
        named = (provider for provider, _ in living if provider != MANUAL)
        names = dict.fromkeys([*self.clouds, *named])
        asked = survey([*names], self.provider, self.clock, leftovers=False)
        refuse_silence(asked)
        now = self.clock.now()
        found = [one for account in asked.accounts for one in _expired(account, living, now)]
        return sorted(found, key=lambda one: one.expired_at), asked

    def run(self, chosen: Sequence[Expired]) -> Sequence[Reaped]:
        """End those of `chosen` that are not protected; one that fails does not fail others."""
        ended = [one for one in chosen if not one.protected]
        outcomes = few_at_once([partial(self._end, one) for one in ended])
        return [
            Reaped(expired=one, error=_why(outcome.exception()))
            for one, outcome in zip(ended, outcomes, strict=True)
        ]

    def _end(self, expired: Expired) -> None:
        if expired.xnode is not None:
            # It may have been protected since, or given more time.
            now = self.inventory.get(expired.xnode.id, exact=True)
            if now.expires_at == expired.xnode.expires_at:
                self.terminate.run(now)
            return
        end_server(self.provider(expired.provider), expired.server_id, self.clock)


def _expired(
    account: Account, living: dict[tuple[str, str], XNode], now: datetime
) -> Iterator[Expired]:
    for server in account.servers:
        xnode = living.get((server.provider, server.server_id))
        moment = _moment(server, xnode)
        if moment is not None and moment <= now:
            yield Expired(
                provider=server.provider,
                server_id=server.server_id,
                name=xnode.name if xnode else server.name,
                expired_at=moment,
                protected=xnode is not None and xnode.protected,
                xnode=xnode,
            )


def _moment(server: Server, xnode: XNode | None) -> datetime | None:
    if xnode is not None:
        return xnode.expires_at
    return expiry_in(server.tags) if deployment_in(server.tags) else None


def _why(error: BaseException | None) -> CapsuleError | None:
    if error is None or isinstance(error, CapsuleError):
        return error
    raise error
