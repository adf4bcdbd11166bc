"""The xNodes that Capsule knows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from capsule_domain.models.xnode import XNode, XNodeChange, XNodeFilter, XNodeOrder
from capsule_domain.models.xnode_group import GroupKey, XNodeGroup


class Inventory(Protocol):
    """The xNodes that Capsule knows, durable before a method returns.

    Every implementation passes tests/contracts/test_inventory.py and fails only with
    NotFound, Conflict or StoreError.
    """

    def add(self, xnode: XNode) -> None:
        """Keep a new xNode. Raises Conflict when the id, or the name of a living one, is taken."""

    def update(self, xnode: XNode) -> None:
        """Replace the xNode of that id. Raises NotFound."""

    def save_all(self, xnodes: Iterable[XNode]) -> None:
        """Add those whose id is new and replace the others: all of them, or none.

        Of two with one id the later counts. Names need to be free only in the end, so that
        two may swap theirs. Raises Conflict when two living ones then have one name; whatever
        `xnodes` raises while it is read is raised too, and nothing is kept.
        While it is read it may ask this inventory.
        """

    def known(self, ids: Iterable[str]) -> Mapping[str, XNode]:
        """Those of these ids that are kept, by id; gone ones too."""

    def living(self, names: Iterable[str]) -> Mapping[str, XNode]:
        """The living ones of these names, by name."""

    def get(self, name_or_id: str, *, exact: bool = False) -> XNode:
        """The xNode of that name or id, or of a unique prefix unless `exact`.

        A living xNode goes before one that is gone. Raises NotFound with a
        suggestion, and Conflict when a prefix fits several.
        """

    def list(
        self,
        chosen: XNodeFilter | None = None,
        *,
        order: XNodeOrder = XNodeOrder.NAME,
        limit: int | None = None,
    ) -> Sequence[XNode]:
        """Those that match, by name, at most `limit`. None leaves out only those that are gone.

        Asking for the status `gone` shows them without `include_gone`. What is alike in
        `order` stands by name, then by age.
        """

    def each(self, chosen: XNodeFilter | None = None) -> Iterator[XNode]:
        """Those that match, by name, a few in memory at a time.

        What is changed meanwhile is told as it was or as it is, never twice.
        """

    def count(self, chosen: XNodeFilter | None = None) -> int:
        """How many match."""

    def counts(
        self, by: Sequence[GroupKey], chosen: XNodeFilter | None = None
    ) -> Mapping[tuple[str, ...], int]:
        """How many match, by what is asked, one key at least.

        A key is empty where an xNode has no profile or tag.
        """

    def names(self, beginning: str = "", *, limit: int) -> Sequence[str]:
        """The names of living ones that begin so, sorted, at most `limit`."""

    def tags(self, beginning: str = "", *, limit: int | None = None) -> Sequence[str]:
        """The tags of living ones that begin so, each once, sorted, at most `limit`."""

    def groups(
        self,
        by: Sequence[GroupKey],
        chosen: XNodeFilter | None = None,
        *,
        until: datetime,
    ) -> Sequence[XNodeGroup]:
        """Those that match, counted by `by` and by price; no order is promised.

        Their time is counted from their creation to their end, or `until` if that is earlier.
        """

    def remove(self, xnode_id: str) -> None:
        """Forget an xNode. Raises NotFound."""

    def changes(
        self,
        xnode_id: str | None = None,
        *,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Sequence[XNodeChange]:
        """What was changed, of one xNode or of all, from `since` on, oldest first.

        With `limit` only the newest so many.

        Each change is written with what it changes, or neither is. What an xNode was is
        told after it was removed, too.
        """

    def removed(self, name_or_id: str) -> str:
        """The id of the xNode of that whole name or id that was removed last. Raises NotFound.

        Its name is the one that it had then.
        """
