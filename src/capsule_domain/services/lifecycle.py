"""Switching servers on and off; what is kept afterwards is what the cloud showed, never a hope."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.errors import CapsuleError, Conflict, NotFound, ProviderError
from capsule_domain.errors import ProviderUnavailable as Unavailable
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.provider import Provider
from capsule_domain.services.cloud_of import cloud_of
from capsule_domain.services.write_off import WriteOff

POLL_SECONDS = 2.0
GIVE_UP_SECONDS = 120.0


@dataclass(frozen=True)
class Lifecycle:
    """Launches, stops and restarts. Asking again is safe after every failure.

    Raises Conflict when the cloud knows the server no more, which is recorded;
    ProviderError when it refuses, ProviderUnavailable when nobody knows what it did.
    """

    provider: Callable[[str], Provider]
    inventory: Inventory
    write_off: WriteOff
    clock: Clock

    def launch(self, xnode: XNode) -> XNode:
        """Switch it on, and wait for its address: that may be another than before."""
        return self._switch(
            xnode, ServerStatus.RUNNING, "launch", lambda cloud: cloud.start(xnode.server_id)
        )

    def stop(self, xnode: XNode) -> XNode:
        """Shut it down."""
        return self._switch(
            xnode, ServerStatus.STOPPED, "stop", lambda cloud: cloud.stop(xnode.server_id)
        )

    def restart(self, xnode: XNode, *, force: bool = False) -> XNode:
        """Reboot it; with `force` by power. One that is off is a Conflict."""
        if xnode.status is ServerStatus.STOPPED:
            raise Conflict(
                f"{xnode.name} is stopped", hint=f"capsule openmesh xnode launch {xnode.name}"
            )
        cloud = cloud_of(self.provider, xnode)
        try:
            cloud.restart(xnode.server_id, force=force)
        except NotFound as error:
            raise self._gone(cloud, xnode) from error
        except Unavailable as error:
            # It runs before and after: no look tells whether it went down in between.
            raise _unsettled(self._seen(xnode), "restart", error) from error
        return self._settled(xnode, ServerStatus.RUNNING, "restart")

    def look(self, xnode: XNode) -> XNode:
        """As its cloud shows it now; the inventory follows."""
        cloud = cloud_of(self.provider, xnode)
        try:
            server = cloud.server(xnode.server_id)
        except NotFound as error:
            raise self._gone(cloud, xnode) from error
        if server.status is ServerStatus.GONE:
            raise self._gone(cloud, xnode)
        seen = {"status": server.status, "address": server.address}
        if seen == {"status": xnode.status, "address": xnode.address}:
            return xnode
        changed = xnode.model_copy(update=seen)
        self.inventory.update(changed)
        return changed

    def _switch(
        self, xnode: XNode, until: ServerStatus, word: str, act: Callable[[Provider], None]
    ) -> XNode:
        cloud = cloud_of(self.provider, xnode)
        try:
            act(cloud)
        except NotFound as error:
            raise self._gone(cloud, xnode) from error
        except Unavailable as error:
            seen = self._seen(xnode)
            if isinstance(seen, XNode) and _is(seen, until):
                return seen
            raise _unsettled(seen, word, error) from error
        return self._settled(xnode, until, word)

    def _settled(self, xnode: XNode, until: ServerStatus, word: str) -> XNode:
        """Look until it is so; the inventory has each step of the way."""
        start = self.clock.monotonic()
        while not _is(xnode := self.look(xnode), until):
            if self.clock.monotonic() - start >= GIVE_UP_SECONDS:
                raise ProviderError(
                    xnode.provider,
                    f"took the {word} of {xnode.name}, which is {_shown(xnode)} "
                    f"{GIVE_UP_SECONDS:.0f} s later",
                    hint=f"capsule openmesh xnode show {xnode.name}",
                )
            self.clock.sleep(POLL_SECONDS)
        return xnode

    def _seen(self, xnode: XNode) -> XNode | CapsuleError:
        """How it is now; or why that cannot be said, with nothing changed."""
        try:
            return self.look(xnode)
        except Conflict:
            raise
        except CapsuleError as error:
            return error

    def _gone(self, cloud: Provider, xnode: XNode) -> CapsuleError:
        """Believed only of one that is old enough to be in every list of its cloud."""
        age = (self.clock.now() - xnode.created_at).total_seconds()
        if age < cloud.capabilities.settling_seconds:
            return ProviderError(
                xnode.provider,
                f"does not show {xnode.name} yet: it was rented {age:.0f} s ago",
                hint=f"capsule openmesh xnode show {xnode.name}",
            )
        self.write_off.run(xnode)
        return Conflict(
            f"{xnode.name} is gone: {xnode.provider} knows no server {xnode.server_id} any more",
            hint="that is recorded; capsule openmesh xnodes --status gone",
        )


def _is(xnode: XNode, until: ServerStatus) -> bool:
    reachable = until is not ServerStatus.RUNNING or xnode.address is not None
    return xnode.status is until and reachable


def _shown(xnode: XNode) -> str:
    lacks = xnode.status is ServerStatus.RUNNING and xnode.address is None
    return f"{xnode.status} without an address" if lacks else xnode.status.value


def _unsettled(seen: XNode | CapsuleError, word: str, lost: Unavailable) -> Unavailable:
    """The answer was lost: what is known all the same."""
    known = f"it is {_shown(seen)} now" if isinstance(seen, XNode) else "how it is cannot be read"
    did = f"nobody knows whether the {word} was done" if lost.sent else f"the {word} was not done"
    return Unavailable(
        lost.provider,
        f"{lost.message.removeprefix(f'{lost.provider}: ')}; {did}; {known}",
        hint="asking again is safe; or look first: capsule openmesh xnodes",
        sent=lost.sent,
    )
