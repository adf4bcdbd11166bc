"""Samples of the last minutes: written side by side, and moved to those of their xNode later."""

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

from capsule_adapters.store.samples_rows import COLUMNS
from capsule_adapters.store.sqlite import Row, Transaction

PARTS = 64
_FULL_ROWS = 2000
_ADD = (
    f"INSERT OR REPLACE INTO fresh (part, node, {COLUMNS}, body)"  # noqa: S608 (fixed texts)
    f" VALUES (?1 % {PARTS}, {', '.join(f'?{n}' for n in range(1, COLUMNS.count(',') + 4))})"
)
_MOVE = f"""
    INSERT OR REPLACE INTO samples (node, {COLUMNS})
    SELECT node, {COLUMNS} FROM fresh WHERE part = ? ORDER BY node, at_ms
"""  # noqa: S608 (fixed texts)
_MOVE_CHECKS = """
    INSERT OR REPLACE INTO checks (node, at_ms, body)
    SELECT node, at_ms, body FROM fresh WHERE part = ? AND body IS NOT NULL ORDER BY node, at_ms
"""
_WHEN = "node = ? AND at_ms >= ? AND at_ms < ?"


class Fresh:
    """Where a tick is written.

    In `samples` the rows of an xNode lie together, which makes reading quick; but a tick of a
    thousand would write a thousand pages there. So it is written here, in order of time, in
    parts by xNode; and whenever a part is full, its rows are moved, many of an xNode at once.
    """

    def __init__(self) -> None:
        self._rows: Counter[int] | None = None

    def add(self, transaction: Transaction, rows: Sequence[Row]) -> None:
        """Write rows of `sample_row`, and move one part on if one is full."""
        if self._rows is None:
            counted = transaction.rows("SELECT part, count(*) FROM fresh GROUP BY part")
            self._rows = Counter(dict(counted))
        transaction.execute_many(_ADD, rows)
        self._rows.update(row[0] % PARTS for row in rows)
        ((fullest, count),) = self._rows.most_common(1)
        if count >= _FULL_ROWS:
            self.settle(transaction, fullest)

    def settle(self, transaction: Transaction, part: int) -> None:
        """Move all rows of one part to `samples` and `checks`."""
        for statement in (_MOVE, _MOVE_CHECKS, "DELETE FROM fresh WHERE part = ?"):
            transaction.execute(statement, (part,))
        if self._rows is not None:
            self._rows[part] = 0

    def undone(self) -> None:
        """The transaction did not happen: what was counted in it is counted anew."""
        self._rows = None


def read(
    transaction: Transaction, node: int, columns: str, start_ms: int, end_ms: int
) -> Sequence[Row]:
    """The node's samples from `start_ms` on and before `end_ms`, oldest first.

    `columns`: the first is `at_ms`; `body` is what the checks said, where that was kept.
    """
    span = (node, start_ms, end_ms)
    beside = "LEFT JOIN checks USING (node, at_ms)" if "body" in columns else ""
    old = transaction.rows(
        f"SELECT {columns} FROM samples {beside} WHERE {_WHEN} ORDER BY at_ms",  # noqa: S608
        span,
    )
    new = transaction.rows(
        f"SELECT {columns} FROM fresh WHERE part = ? AND {_WHEN} ORDER BY at_ms",  # noqa: S608
        (node % PARTS, *span),
    )
    if not old or not new or old[-1][0] < new[0][0]:
        return old + new
    # A clock that was set back: of two samples of one moment the newer one counts.
    return sorted({row[0]: row for row in (*old, *new)}.values(), key=itemgetter(0))
