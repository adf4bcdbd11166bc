"""Many xNodes written into state.db together, whose names need to be free only in the end."""

from collections.abc import Iterable, Iterator, Sequence

from capsule_adapters.store.sqlite import Transaction
from capsule_adapters.store.xnode_names import taken
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode

BATCH = 500
"""How many ids one query asks for: every database takes so many parameters."""


def batches(xnodes: Iterable[XNode]) -> Iterator[Sequence[XNode]]:
    """`xnodes` in their order, a few at a time: none with an id, or a living name, twice."""
    batch: list[XNode] = []
    ids: set[str] = set()
    names: set[str] = set()
    for xnode in xnodes:
        name = _living_name(xnode)
        if len(batch) == BATCH or xnode.id in ids or name in names:
            yield batch
            batch, ids, names = [], set(), set()
        batch.append(xnode)
        ids.add(xnode.id)
        if name is not None:
            names.add(name)
    if batch:
        yield batch


class Waiting:
    """Those whose name another one took, and who have not been written anew yet.

    Meanwhile their rows do not count as living, so that the name is free.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def give_way(self, transaction: Transaction, batch: Sequence[XNode]) -> None:
        """Make the names of a batch free; it is written after this, and waits no more."""
        takers = {name: one.id for one in batch if (name := _living_name(one)) is not None}
        marks = ", ".join("?" * len(takers))
        holders = transaction.rows(
            f"SELECT id, name FROM xnodes WHERE gone = 0 AND name IN ({marks})",  # noqa: S608 (fixed texts)
            list(takers),
        )
        for id_, name in holders:
            if takers[name] != id_:
                transaction.execute("UPDATE xnodes SET gone = 1 WHERE id = ?", (id_,))
                self._names[id_] = name
        for one in batch:
            self._names.pop(one.id, None)

    def settle(self, transaction: Transaction) -> None:
        """Give back the names that are free after all. Raises Conflict for one that is not."""
        for id_, name in self._names.items():
            if transaction.rows("SELECT 1 FROM xnodes WHERE gone = 0 AND name = ?", (name,)):
                raise taken(name)
            transaction.execute("UPDATE xnodes SET gone = 0 WHERE id = ?", (id_,))


def _living_name(xnode: XNode) -> str | None:
    return None if xnode.status is ServerStatus.GONE else xnode.name
