"""Many xNodes written into state.db together, whose names need to be free only in the end."""

from collections.abc import Iterable, Iterator, Sequence

from capsule_adapters.store.sqlite import Row, Transaction
from capsule_adapters.store.xnode_names import taken
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode

BATCH = 500
"""How many ids one query asks for: every database takes so many parameters."""

# The index is named: what SQLite learnt of a few rows would have it read all that were added since.
BY_ID = "INDEXED BY sqlite_autoindex_xnodes_1 WHERE id"
BY_LIVING_NAME = "INDEXED BY xnodes_living_name WHERE gone = 0 AND name"


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
        for id_, name in _holders(transaction, list(takers)):
            if takers[name] != id_:
                transaction.execute("UPDATE xnodes SET gone = 1 WHERE id = ?", (id_,))
                self._names[id_] = name
        for one in batch:
            self._names.pop(one.id, None)

    def settle(self, transaction: Transaction) -> None:
        """Give back the names that are free after all. Raises Conflict for one that is not."""
        for id_, name in self._names.items():
            if transaction.rows(f"SELECT 1 FROM xnodes {BY_LIVING_NAME} = ?", (name,)):  # noqa: S608 (fixed texts)
                raise taken(name)
            transaction.execute("UPDATE xnodes SET gone = 0 WHERE id = ?", (id_,))


def _holders(transaction: Transaction, names: Sequence[str]) -> Sequence[Row]:
    """The ids of the living ones of these names, with their names."""
    if not names:
        return ()  # an index that is named has to be of use
    marks = ", ".join("?" * len(names))
    return transaction.rows(
        f"SELECT id, name FROM xnodes {BY_LIVING_NAME} IN ({marks})",  # noqa: S608 (fixed texts)
        names,
    )


def _living_name(xnode: XNode) -> str | None:
    return None if xnode.status is ServerStatus.GONE else xnode.name
