"""Single figures over time, without a model for each sample."""

from collections.abc import Sequence

from capsule_adapters.store.samples_fresh import read
from capsule_adapters.store.samples_hours import disk_figures
from capsule_adapters.store.samples_rows import SCALES, from_milliseconds
from capsule_adapters.store.sqlite import Transaction
from capsule_domain.ports.samples import Figure, Point


def read_points(
    transaction: Transaction, node: int, figures: Sequence[Figure], start_ms: int, end_ms: int
) -> Sequence[Point]:
    """The samples of a node from `start_ms` on and before `end_ms` in which one was read.

    Raises ValueError for a record that is not ours.
    """
    of_disks = any(figure.name not in SCALES for figure in figures)
    columns = ", ".join(["at_ms", "more" if of_disks else "NULL", *map(_column, figures)])
    rows = read(transaction, node, columns, start_ms, end_ms)
    nothing = (None,) * len(figures)
    points: list[Point] = []
    for at_ms, more, *stored in rows:
        values = tuple(stored) if more is None else _with_disks(figures, stored, more)
        if values != nothing:
            points.append((from_milliseconds(at_ms), values))
    return points


def _column(figure: Figure) -> str:
    """The figure as SQL: what is past all measure stands there as it is, as a float."""
    scale = SCALES.get(figure.name)
    if scale is None:
        return "NULL"
    column = figure.name
    return f"CASE typeof({column}) WHEN 'integer' THEN {column} / {scale:.1f} ELSE {column} END"


def _with_disks(
    figures: Sequence[Figure], stored: Sequence[float | None], more: str
) -> tuple[float | None, ...]:
    disks = {Figure(name, mount): value for name, mount, value in disk_figures(more)}
    return tuple(
        disks.get(figure, value) if value is None else value
        for figure, value in zip(figures, stored, strict=True)
    )
