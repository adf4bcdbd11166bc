"""Single figures over time, in columns, without a model for each sample."""

from collections.abc import Iterable, Sequence
from itertools import compress

from capsule_adapters.store.samples_fresh import read
from capsule_adapters.store.samples_hours import disk_figures
from capsule_adapters.store.samples_rows import SCALES, from_milliseconds
from capsule_adapters.store.sqlite import Transaction
from capsule_domain.ports.samples import Figure, Series

_Column = Sequence[float | None]


def read_series(
    transaction: Transaction, node: int, figures: Sequence[Figure], start_ms: int, end_ms: int
) -> Series:
    """The samples of a node from `start_ms` on and before `end_ms` in which one was read.

    Raises ValueError for a record that is not ours.
    """
    names = [figure.name for figure in figures if figure.name in SCALES]
    more = "NULL" if len(names) == len(figures) else "more"
    rows = read(transaction, node, ", ".join(["at_ms", more, *names]), start_ms, end_ms)
    if not rows:
        return Series((), ((),) * len(figures))
    at_ms, texts, *stored = zip(*rows, strict=True)
    known = {
        name: _unscaled(column, SCALES[name]) for name, column in zip(names, stored, strict=True)
    }
    disks = _of_disks(texts, [figure for figure in figures if figure.name not in SCALES])
    columns = [known.get(figure.name) or disks[figure] for figure in figures]
    return _without_gaps(at_ms, columns)


def _unscaled(column: Iterable[float | None], scale: int) -> _Column:
    """What is past all measure stands there as it is, as a float."""
    return [value / scale if isinstance(value, int) else value for value in column]


def _of_disks(texts: Sequence[str | None], figures: Sequence[Figure]) -> dict[Figure, _Column]:
    found: dict[tuple[str, str], list[float | None]] = {
        (name, mount): [None] * len(texts) for name, mount in figures
    }
    names = list(dict.fromkeys(name for name, _ in figures))
    for place, text in enumerate(texts):
        if text is not None:
            for name, mount, value in disk_figures(text, names):
                column = found.get((name, mount))
                if column is not None:
                    column[place] = value
    return {Figure(*key): column for key, column in found.items()}


def _without_gaps(at_ms: Sequence[int], columns: Sequence[_Column]) -> Series:
    nothing = (None,) * len(columns)
    read_at = [row != nothing for row in zip(*columns, strict=True)]
    if not all(read_at):
        at_ms = list(compress(at_ms, read_at))
        columns = [list(compress(column, read_at)) for column in columns]
    return Series([from_milliseconds(one) for one in at_ms], columns)
