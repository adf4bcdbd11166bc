"""Which xNode of state.db a word means, and which names are free."""

from collections.abc import Sequence

from capsule_adapters.store.prefixes import prefix_range, storable
from capsule_adapters.store.sqlite import Parameters, Row, Transaction
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode

LIST_HINT = "capsule openmesh xnodes"
_NAMES_FOR_A_SUGGESTION = 1000
_AMBIGUOUS_SHOWN = 5

_EXACT = """
    SELECT id, name, gone FROM xnodes WHERE id = ? OR name = ?
    ORDER BY gone, created_at_us DESC
"""
_PREFIX = """
    SELECT id, name, gone FROM xnodes
    WHERE (id >= ? AND id <= ?) OR (name >= ? AND name <= ?)
    ORDER BY gone, created_at_us DESC
"""
_NEAR_NAMES = """
    SELECT name FROM xnodes WHERE gone = 0 ORDER BY abs(length(name) - ?), name LIMIT ?
"""
_BEGINNING = """
    SELECT name FROM xnodes WHERE gone = 0 AND name >= ? AND name <= ? ORDER BY name LIMIT ?
"""
# From each tag to the next by the index: a hundred thousand xNodes have a few tags.
_TAGS = """
    WITH RECURSIVE found (tag) AS (
        SELECT (SELECT min(tag) FROM xnode_tags WHERE tag >= ? AND tag <= ?)
        UNION ALL
        SELECT (SELECT min(tag) FROM xnode_tags WHERE tag > found.tag AND tag <= ?)
        FROM found WHERE found.tag IS NOT NULL
    )
    SELECT tag FROM found
    WHERE EXISTS (
        SELECT 1 FROM xnode_tags AS g JOIN xnodes AS x ON x.id = g.xnode_id
        WHERE g.tag = found.tag AND x.gone = 0
    )
    LIMIT ?
"""


def id_meant(transaction: Transaction, word: str, *, exact: bool) -> str:
    """The id of the xNode of that name or id, or of a unique prefix unless `exact`.

    Raises NotFound with the nearest, and Conflict when a prefix fits several.
    """
    if not word or not storable(word):
        raise NotFound("xnode", word, hint=LIST_HINT)
    found = transaction.rows(_EXACT, (word, word))
    if not found and not exact:
        around = prefix_range(word)
        found = transaction.rows(_PREFIX, (*around, *around))
    if not found:
        near = transaction.rows(_NEAR_NAMES, (len(word), _NAMES_FOR_A_SUGGESTION))
        raise NotFound("xnode", word, known=[name for (name,) in near], hint=LIST_HINT)
    return _the_one(word, found)


def refuse_taken_name(transaction: Transaction, xnode: XNode) -> None:
    """A name belongs to one living xNode; those that are gone keep theirs beside it."""
    if xnode.status is ServerStatus.GONE:
        return
    if transaction.rows(
        "SELECT 1 FROM xnodes WHERE name = ? AND gone = 0 AND id <> ?", (xnode.name, xnode.id)
    ):
        raise taken(xnode.name)


def taken(name: str) -> Conflict:
    """That another living one has the name."""
    return Conflict(f"an xnode named '{name}' exists already", hint=LIST_HINT)


def names_query(beginning: str, *, limit: int) -> tuple[str, Parameters]:
    """The names of living ones that begin so."""
    return _BEGINNING, (*prefix_range(beginning), limit)


def tags_query(beginning: str, *, limit: int | None) -> tuple[str, Parameters]:
    """The tags of living ones that begin so."""
    first, last = prefix_range(beginning)
    return _TAGS, (first, last, last, -1 if limit is None else limit)


def _the_one(word: str, found: Sequence[Row]) -> str:
    """The id meant by `word` among rows of (id, name, gone): living first, newest first.

    Several that are gone and had the same name are one to a person: the newest is meant.
    """
    living = [row for row in found if not row[2]]
    candidates = living or [row for row in found if row[0] == word] or list(found)
    names = {name for _, name, _ in candidates}
    same_name = len(names) == 1 and names.pop().startswith(word)
    if len(candidates) > 1 and (living or not same_name):
        shown = ", ".join(f"{name} ({id_})" for id_, name, _ in candidates[:_AMBIGUOUS_SHOWN])
        more = ", …" if len(candidates) > _AMBIGUOUS_SHOWN else ""
        raise Conflict(
            f"'{word}' fits {len(candidates)} xnodes: {shown}{more}", hint="write more of the name"
        )
    return str(candidates[0][0])
