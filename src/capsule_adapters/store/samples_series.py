"""Single figures over time, without a model for each sample."""

from collections.abc import Sequence

from capsule_adapters.store.samples_hours import disk_figures
from capsule_adapters.store.samples_rows import SCALES, from_milliseconds, unscaled
from capsule_adapters.store.sqlite import Transaction
from capsule_domain.ports.samples import Figure, Point


def read_points(
    transaction: Transaction, node: int, figures: Sequence[Figure], start_ms: int, end_ms: int
) -> Sequence[Point]:
    """The samples of a node from `start_ms` on and before `end_ms` in which one was read.

    Raises ValueError for a record that is not ours.
    """
    columns = [figure.name for figure in figures if figure.name in SCALES]
    rows = transaction.rows(
        f"SELECT at_ms, {', '.join(['more', *columns])} FROM samples"  # noqa: S608 (our names)
        " WHERE node = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms",
        (node, start_ms, end_ms),
    )
    scales = [SCALES[name] for name in columns]
    places = [columns.index(f.name) if f.name in SCALES else None for f in figures]
    with_disks = len(columns) < len(figures)
    points: list[Point] = []
    for at_ms, more, *stored in rows:
        values = [unscaled(v, scale) for v, scale in zip(stored, scales, strict=True)]
        disks = _disks(more) if with_disks and more else {}
        found = tuple(
            disks.get(figure) if place is None else values[place]
            for figure, place in zip(figures, places, strict=True)
        )
        if any(value is not None for value in found):
            points.append((from_milliseconds(at_ms), found))
    return points


def _disks(more: str) -> dict[Figure, float]:
    return {Figure(name, mount): value for name, mount, value in disk_figures(more)}
