"""What is written on xNodes: their tags, their end, their protection."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from capsule_domain.errors import Conflict, NotFound, ProviderError, ProviderUnavailable
from capsule_domain.models.base import Model
from capsule_domain.models.marks import TagChange
from capsule_domain.models.time_to_live import EXPIRES_PREFIX, expiry_tag
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.provider import Provider
from capsule_domain.services.fitting_tags import refuse_unfit_tags

TRIES = 5
PAUSE_SECONDS = 1.0


class Marked(Model):
    """An xNode as it is kept now. `only_here`: why its cloud does not have it, if it has not."""

    xnode: XNode
    only_here: str | None = None


@dataclass(frozen=True)
class Mark:
    """Writes at the cloud first, and here what was read back there.

    Where a cloud cannot change tags, or there is none to ask, the inventory alone has it.
    Raises UsageError for a tag that the cloud does not take, Conflict, ProviderError: then
    the inventory is as before, and asking again is safe.
    """

    provider: Callable[[str], Provider]
    inventory: Inventory
    clock: Clock

    def tag(self, xnode: XNode, change: TagChange) -> Marked:
        """Change its tags; those that Capsule gave itself stay."""
        tags = change.of(xnode.tags)
        gone = [tag for tag in xnode.tags if tag not in tags]
        why = self._at_the_cloud(xnode, take=gone, give=tags)
        return Marked(xnode=self._keep(xnode, tags=tags), only_here=why)

    def expire(self, xnode: XNode, moment: datetime | None) -> Marked:
        """When any Capsule may end it; None takes that away."""
        give = () if moment is None else (expiry_tag(moment),)
        why = self._at_the_cloud(xnode, take=(), give=give, without=EXPIRES_PREFIX)
        return Marked(xnode=self._keep(xnode, expires_at=moment), only_here=why)

    def protect(self, xnode: XNode, *, on: bool) -> XNode:
        """Refuse, or allow again, to end it. No cloud is told: only Capsule keeps to it."""
        return self._keep(xnode, protected=on)

    def _at_the_cloud(
        self, xnode: XNode, *, take: Sequence[str], give: Sequence[str], without: str = "\0"
    ) -> str | None:
        """None when the cloud shows it so; else why it never will."""
        try:
            cloud = self.provider(xnode.provider)
        except NotFound:
            return f"there is no cloud '{xnode.provider[:40]}' to ask"
        refuse_unfit_tags(give, cloud)
        if not cloud.capabilities.tags_change_after_creation:
            return f"{cloud.name} cannot change tags of a server that is there"
        there = self._tags_there(cloud, xnode)
        kept = [tag for tag in there if tag not in take and not tag.startswith(without)]
        self._write(cloud, xnode, tuple(dict.fromkeys([*kept, *give])))
        return None

    def _write(self, cloud: Provider, xnode: XNode, tags: Sequence[str]) -> None:
        """Until the cloud shows it so; a lost answer is settled by that look."""
        lost: ProviderUnavailable | None = None
        try:
            cloud.set_tags(xnode.server_id, tags)
        except ProviderUnavailable as error:
            lost = error
        for _ in range(TRIES):
            if _folded(self._tags_there(cloud, xnode)) == _folded(tags):
                return
            self.clock.sleep(PAUSE_SECONDS)
        raise lost or ProviderError(
            cloud.name,
            f"took the tags of {xnode.name}, and does not show them",
            hint=f"capsule openmesh xnode show {xnode.name}",
        )

    def _tags_there(self, cloud: Provider, xnode: XNode) -> Sequence[str]:
        try:
            return cloud.server(xnode.server_id).tags
        except NotFound as error:
            raise Conflict(
                f"{cloud.name} knows no server {xnode.server_id} of {xnode.name}",
                hint="capsule openmesh xnode show " + xnode.name,
            ) from error

    def _keep(self, xnode: XNode, **changes: object) -> XNode:
        changed = xnode.model_copy(update=changes)
        if changed != xnode:
            self.inventory.update(changed)
        return changed


def _folded(tags: Iterable[str]) -> set[str]:
    """Some clouds keep one spelling of a tag, whoever else writes it otherwise."""
    return {tag.casefold() for tag in tags}
