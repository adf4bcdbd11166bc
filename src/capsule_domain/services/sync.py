"""Bringing the inventory to what the clouds say, after showing where they differ."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial

from capsule_domain.errors import CapsuleError, NotFound
from capsule_domain.models.deployment import TAG_PREFIX
from capsule_domain.models.drift import Drift
from capsule_domain.models.money import HOURS_PER_MONTH
from capsule_domain.models.server import Server, ServerStatus
from capsule_domain.models.xnode import XNode, XNodeChange, XNodeFilter, change_between
from capsule_domain.ports.catalogue import Catalogue
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.provider import Provider
from capsule_domain.services.side_by_side import side_by_side
from capsule_domain.services.write_off import WriteOff

DEADLINE_SECONDS = 90.0


@dataclass(frozen=True)
class Sync:
    """Asks the clouds side by side. One that does not answer changes nothing of its xNodes."""

    provider: Callable[[str], Provider]
    clouds: Sequence[str]
    """Those that can be asked at all."""
    inventory: Inventory
    catalogue: Catalogue
    write_off: WriteOff
    clock: Clock
    deadline_seconds: float = DEADLINE_SECONDS

    def look(self, chosen: XNodeFilter) -> Drift:
        """Where the living xNodes that match differ from what their clouds say."""
        at: dict[str, list[XNode]] = {}
        unasked = 0
        for xnode in self.inventory.list(chosen):
            if xnode.status is ServerStatus.GONE:
                continue
            if xnode.provider in self.clouds and xnode.server_id:
                at.setdefault(xnode.provider, []).append(xnode)
            else:
                unasked += 1
        answers = side_by_side(
            [partial(self._seen, name, xnodes) for name, xnodes in at.items()],
            deadline_seconds=self.deadline_seconds,
        )
        silent: dict[str, str] = {}
        pairs: list[tuple[XNode, XNode]] = []
        for name, answer in zip(at, answers, strict=True):
            try:
                pairs += answer.result(timeout=0)
            except TimeoutError:
                silent[name] = f"no answer in {self.deadline_seconds:g} s"
            except CapsuleError as error:
                silent[name] = error.message
        now = self.clock.now()
        changes = [(change_between(*pair, time=now, actor=""), pair[1]) for pair in pairs]
        return Drift(
            checked=len(pairs),
            changes=tuple(change for change, _ in changes if change),
            silent=silent,
            unasked=unasked,
            after=tuple(after for change, after in changes if change),
        )

    def run(self, drift: Drift) -> None:
        """Keep what `look` saw; an xNode that was changed here since then stays as it is."""
        kept = self.inventory.known(xnode.id for xnode in drift.after)
        still = [
            (kept[after.id], after, change.fields)
            for after, change in zip(drift.after, drift.changes, strict=True)
            if after.id in kept and _still(kept[after.id], change)
        ]
        self.inventory.save_all(
            _merged(before, after, fields)
            for before, after, fields in still
            if after.status is not ServerStatus.GONE
        )
        for before, after, _ in still:
            if after.status is ServerStatus.GONE:
                self.write_off.run(before)

    def _seen(self, name: str, xnodes: Sequence[XNode]) -> Sequence[tuple[XNode, XNode]]:
        """Each as it is kept, and as its cloud has it."""
        cloud = self.provider(name)
        servers = {server.server_id: server for server in cloud.servers()}
        return [(xnode, self._as_there(cloud, xnode, servers)) for xnode in xnodes]

    def _as_there(self, cloud: Provider, xnode: XNode, servers: Mapping[str, Server]) -> XNode:
        server = servers.get(xnode.server_id)
        if server is None:
            server = self._asked_alone(cloud, xnode)
        if server is None or server.status is ServerStatus.GONE:
            return self._gone(cloud, xnode)
        changes: dict[str, object] = {"address": server.address, "region": server.region}
        if server.status is not ServerStatus.UNKNOWN:
            changes["status"] = server.status
        if cloud.capabilities.tags_change_after_creation:
            changes["tags"] = _tags(xnode.tags, server.tags)
        return xnode.model_copy(update={**changes, **self._resized(xnode, server)})

    def _asked_alone(self, cloud: Provider, xnode: XNode) -> Server | None:
        """Lists are late: only a cloud asked for the server itself says that it is gone."""
        try:
            return cloud.server(xnode.server_id)
        except NotFound:
            return None

    def _gone(self, cloud: Provider, xnode: XNode) -> XNode:
        """Of a server that is younger than the cloud's settling time nothing is believed."""
        now = self.clock.now()
        settling = timedelta(seconds=cloud.capabilities.settling_seconds)
        if now - xnode.created_at < settling:
            return xnode
        return xnode.model_copy(update={"status": ServerStatus.GONE, "terminated_at": now})

    def _resized(self, xnode: XNode, server: Server) -> Mapping[str, object]:
        """Another size has another price, where it is known; a stand-in's size is not."""
        template = self._names.get((server.provider, server.slug), server.slug)
        if xnode.template in (server.slug, template):
            return {}
        if (xnode.provider, xnode.template) in self._stand_ins:
            return {}
        price = server.price_per_hour
        if price is None or price == xnode.price_per_hour:
            return {"template": template}
        return {
            "template": template,
            "price_per_hour": price,
            "price_per_month": price * HOURS_PER_MONTH,
        }

    @cached_property
    def _names(self) -> Mapping[tuple[str, str], str]:
        return {(t.provider, t.slug): t.template for t in self.catalogue.templates() if t.slug}

    @cached_property
    def _stand_ins(self) -> set[tuple[str, str]]:
        return {(t.provider, t.template) for t in self.catalogue.templates() if not t.slug}


def _tags(ours: Sequence[str], theirs: Iterable[str]) -> tuple[str, ...]:
    """The cloud's, without those that Capsule gave; ours where only the spelling differs."""
    there = [tag for tag in theirs if not tag.startswith(TAG_PREFIX)]
    own = [tag for tag in ours if tag.startswith(TAG_PREFIX)]
    plain = [tag for tag in ours if not tag.startswith(TAG_PREFIX)]
    if {tag.casefold() for tag in there} == {tag.casefold() for tag in plain}:
        return tuple(ours)
    spelled = {tag.casefold(): tag for tag in plain}
    return (*own, *sorted(spelled.get(tag.casefold(), tag) for tag in there))


def _still(kept: XNode, seen: XNodeChange) -> bool:
    """Whether the fields are what they were when the clouds were asked."""
    fields = kept.model_dump(mode="json")
    return all(fields[name] == change.before for name, change in seen.fields.items())


def _merged(kept: XNode, seen: XNode, fields: Iterable[str]) -> XNode:
    """`kept` with those fields of `seen`: others may have changed meanwhile."""
    return kept.model_copy(update={name: getattr(seen, name) for name in fields})
