"""The inventory, in memory."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import (
    ChangeKind,
    XNode,
    XNodeChange,
    XNodeFilter,
    XNodeOrder,
    change_between,
)
from capsule_domain.models.xnode_group import GroupKey, XNodeGroup


class FakeInventory:
    """xNodes without a disk. `full_disk` makes every writing fail, and nothing is changed then."""

    def __init__(
        self,
        xnodes: Iterable[XNode] = (),
        *,
        actor: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.full_disk = False
        self._actor = actor
        self._now = now
        self._changes: list[XNodeChange] = []
        self._by_id: dict[str, XNode] = {}
        for xnode in xnodes:
            self.add(xnode)

    def add(self, xnode: XNode) -> None:
        self._refuse_when_full()
        if xnode.id in self._by_id:
            raise Conflict(f"an xnode with the id '{xnode.id}' exists already")
        self._refuse_taken_name(xnode)
        self._note(None, xnode)
        self._by_id[xnode.id] = xnode

    def update(self, xnode: XNode) -> None:
        self._refuse_when_full()
        if xnode.id not in self._by_id:
            raise NotFound("xnode", xnode.id)
        self._refuse_taken_name(xnode)
        self._note(self._by_id[xnode.id], xnode)
        self._by_id[xnode.id] = xnode

    def get(self, name_or_id: str, *, exact: bool = False) -> XNode:
        newest_first = sorted(self._by_id.values(), key=lambda x: x.created_at, reverse=True)
        fitting = [x for x in newest_first if name_or_id in (x.id, x.name)]
        if not fitting and name_or_id and not exact:
            fitting = [
                x
                for x in newest_first
                if x.id.startswith(name_or_id) or x.name.startswith(name_or_id)
            ]
        living = [x for x in fitting if not _gone(x)]
        if living:
            return _only(name_or_id, living)
        if not fitting:
            known = [x.name for x in newest_first if not _gone(x)]
            raise NotFound("xnode", name_or_id, known=known, hint="capsule openmesh xnodes")
        return _the_gone_one(name_or_id, fitting)

    def save_all(self, xnodes: Iterable[XNode]) -> None:
        self._refuse_when_full()
        kept, noted = dict(self._by_id), len(self._changes)
        try:
            for xnode in xnodes:
                self._note(self._by_id.get(xnode.id), xnode)
                self._by_id[xnode.id] = xnode
            for xnode in self._by_id.values():
                self._refuse_taken_name(xnode)
        except BaseException:
            self._by_id = kept
            del self._changes[noted:]
            raise

    def known(self, ids: Iterable[str]) -> Mapping[str, XNode]:
        return {one: self._by_id[one] for one in ids if one in self._by_id}

    def living(self, names: Iterable[str]) -> Mapping[str, XNode]:
        asked = set(names)
        return {x.name: x for x in self._by_id.values() if x.name in asked and not _gone(x)}

    def list(
        self,
        chosen: XNodeFilter | None = None,
        *,
        order: XNodeOrder = XNodeOrder.NAME,
        limit: int | None = None,
    ) -> Sequence[XNode]:
        found = sorted(self._matching(chosen), key=lambda x: (x.name, x.created_at, x.id))
        if order is XNodeOrder.DEAREST:
            found.sort(key=lambda x: -x.price_per_month.amount)
        elif order is XNodeOrder.OLDEST:
            found.sort(key=lambda x: x.created_at)
        return found[:limit]

    def each(self, chosen: XNodeFilter | None = None) -> Iterator[XNode]:
        return iter(self.list(chosen))

    def count(self, chosen: XNodeFilter | None = None) -> int:
        return len(self._matching(chosen))

    def counts(
        self, by: Sequence[GroupKey], chosen: XNodeFilter | None = None
    ) -> Mapping[tuple[str, ...], int]:
        return Counter(keys for x in self._matching(chosen) for keys in _keys(x, by))

    def names(self, beginning: str = "", *, limit: int) -> Sequence[str]:
        living = (x.name for x in self._matching(None))
        return sorted(name for name in living if name.startswith(beginning))[:limit]

    def tags(self, beginning: str = "", *, limit: int | None = None) -> Sequence[str]:
        living = {tag for x in self._matching(None) for tag in x.tags}
        return sorted(tag for tag in living if tag.startswith(beginning))[:limit]

    def groups(
        self,
        by: Sequence[GroupKey],
        chosen: XNodeFilter | None = None,
        *,
        until: datetime,
    ) -> Sequence[XNodeGroup]:
        groups: defaultdict[object, list[XNodeGroup]] = defaultdict(list)
        for xnode in self._matching(chosen):
            for keys in _keys(xnode, by):
                one = _alone(xnode, keys, until)
                groups[keys, str(one.price_per_hour), str(one.price_per_month)].append(one)
        return [_together(members) for members in groups.values()]

    def _matching(self, chosen: XNodeFilter | None) -> Sequence[XNode]:
        return [x for x in self._by_id.values() if _matches(x, chosen or XNodeFilter())]

    def remove(self, xnode_id: str) -> None:
        self._refuse_when_full()
        if xnode_id not in self._by_id:
            raise NotFound("xnode", xnode_id)
        self._note(self._by_id.pop(xnode_id), None)

    def changes(
        self,
        xnode_id: str | None = None,
        *,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Sequence[XNodeChange]:
        found = [
            change
            for change in self._changes
            if xnode_id in (None, change.xnode) and (since is None or change.time >= since)
        ]
        return found if limit is None else found[max(len(found) - limit, 0) :]

    def removed(self, name_or_id: str) -> str:
        for change in reversed(self._changes):
            if change.kind is ChangeKind.REMOVED and name_or_id in (change.name, change.xnode):
                return change.xnode
        raise NotFound("xnode", name_or_id, hint="capsule openmesh xnodes")

    def _note(self, before: XNode | None, after: XNode | None) -> None:
        change = change_between(before, after, time=self._now(), actor=self._actor)
        if change is not None:
            self._changes.append(change)

    def _refuse_taken_name(self, xnode: XNode) -> None:
        others = (x for x in self._by_id.values() if x.id != xnode.id and not _gone(x))
        if not _gone(xnode) and any(other.name == xnode.name for other in others):
            raise Conflict(f"an xnode named '{xnode.name}' exists already")

    def _refuse_when_full(self) -> None:
        if self.full_disk:
            raise StoreError("cannot write state.db: the disk is full", hint="df -h")


def _gone(xnode: XNode) -> bool:
    return xnode.status is ServerStatus.GONE


def _only(word: str, found: Sequence[XNode]) -> XNode:
    if len(found) > 1:
        raise Conflict(f"'{word}' fits {len(found)} xnodes: {', '.join(x.name for x in found)}")
    return found[0]


def _the_gone_one(word: str, newest_first: Sequence[XNode]) -> XNode:
    for xnode in newest_first:
        if xnode.id == word:
            return xnode
    names = {xnode.name for xnode in newest_first}
    if len(names) == 1 and names.pop().startswith(word):
        return newest_first[0]
    return _only(word, newest_first)


def _matches(xnode: XNode, wanted: XNodeFilter) -> bool:
    if wanted.status is None and not wanted.include_gone and _gone(xnode):
        return False
    return (
        wanted.status in (None, xnode.status)
        and wanted.provider in (None, xnode.provider)
        and wanted.region in (None, xnode.region)
        and wanted.currency in (None, xnode.price_per_hour.currency)
        and set(wanted.tags) <= set(xnode.tags)
    )


def _keys(xnode: XNode, by: Sequence[GroupKey]) -> Iterable[tuple[str, ...]]:
    for tag in dict.fromkeys(xnode.tags) or {"": None} if GroupKey.TAG in by else {"": None}:
        yield tuple(tag if key is GroupKey.TAG else getattr(xnode, key) or "" for key in by)


def _alone(xnode: XNode, keys: tuple[str, ...], until: datetime) -> XNodeGroup:
    start = xnode.created_at
    end = min(xnode.terminated_at or until, until)
    seconds = max((end - start) // timedelta(seconds=1), 0)
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    hourly, monthly = xnode.price_per_hour, xnode.price_per_month
    dearer = hourly.amount * seconds > months * monthly.amount * 3600
    capped = seconds > 0 and (dearer or not hourly.amount)
    return XNodeGroup(
        keys=keys,
        price_per_hour=hourly,
        price_per_month=monthly,
        count=1,
        seconds=seconds,
        capped_months=months if capped else 0,
        uncapped_seconds=0 if capped else seconds,
    )


def _together(members: Sequence[XNodeGroup]) -> XNodeGroup:
    return XNodeGroup(
        keys=members[0].keys,
        price_per_hour=members[0].price_per_hour,
        price_per_month=members[0].price_per_month,
        count=len(members),
        seconds=sum(one.seconds for one in members),
        capped_months=sum(one.capped_months for one in members),
        uncapped_seconds=sum(one.uncapped_seconds for one in members),
    )
