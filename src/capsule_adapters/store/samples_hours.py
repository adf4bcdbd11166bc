"""Hours: what many samples come to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from capsule_adapters.store.samples_rows import (
    SCALES,
    from_milliseconds,
    more_of,
    scaled,
    unscaled,
)
from capsule_adapters.store.sqlite import Parameters, Row, Transaction
from capsule_domain.models.history import HourOf
from capsule_domain.services.figures import ROLLED, ROLLED_OF_DISKS

HOUR_MS = 3_600_000
READ = ", ".join(["at_ms", "more", *ROLLED])
"""The columns that hours are made of."""
EVERY = (*ROLLED, *ROLLED_OF_DISKS)
_HUNDREDTHS = 100


class Rolled(NamedTuple):
    """One figure over one hour. `hour` counts from 1970."""

    hour: int
    name: str
    instance: str
    low: float
    mean: float
    high: float
    samples: int


def rolled(rows: Iterable[Row], names: Sequence[str] = EVERY) -> Iterator[Rolled]:
    """The hours of one xNode. `rows` have the columns of `READ`, oldest first."""
    for hour, some in groupby(rows, key=lambda row: int(row[0]) // HOUR_MS):
        values: dict[tuple[str, str], list[float]] = {}
        for row in some:
            for name, instance, value in _figures(row, names):
                values.setdefault((name, instance), []).append(value)
        for (name, instance), found in sorted(values.items()):
            mean = sum(found) / len(found)
            yield Rolled(hour, name, instance, min(found), mean, max(found), len(found))


def _figures(row: Row, names: Sequence[str]) -> Iterator[tuple[str, str, float]]:
    _, more, *stored = row
    for name, value in zip(ROLLED, stored, strict=True):
        figure = unscaled(value, SCALES[name]) if name in names else None
        if figure is not None:
            yield name, "", figure
    if more:
        yield from disk_figures(more, names)


def disk_figures(more: str, names: Sequence[str]) -> Iterator[tuple[str, str, float]]:
    """Name, mount and value of each of the figures of disks in `more`. Raises ValueError."""
    wanted = [name for name in ROLLED_OF_DISKS if name in names]
    if not wanted:
        return
    for disk in more_of(more).get("disks", ()):
        for name in wanted:
            if disk.get(name) is not None:
                yield name, disk["mount"], disk[name]


def write_hours(
    transaction: Transaction, node: int, hours: Iterable[Rolled], known: dict[tuple[str, str], int]
) -> None:
    """Keep the hours of one xNode. `known` are the numbers of figures, and grows."""
    rows: list[Parameters] = []
    for one in hours:
        figure = _figure(transaction, known, one.name, one.instance)
        numbers = scaled((one.low, one.mean, one.high), _HUNDREDTHS)
        rows.append((node, one.hour, figure, *numbers, one.samples))
    transaction.execute_many("INSERT OR REPLACE INTO hours VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def read_hour(row: Row) -> Rolled:
    """From hour, name, instance, low, mean, high, count as they are stored."""
    hour, name, instance, *numbers, count = row
    low, mean, high = (float(unscaled(value, _HUNDREDTHS) or 0) for value in numbers)
    return Rolled(hour, name, instance, low, mean, high, count)


def hour_of(one: Rolled) -> HourOf:
    """As the port gives it."""
    return HourOf(
        hour=from_milliseconds(one.hour * HOUR_MS),
        figure=one.name,
        instance=one.instance,
        low=one.low,
        mean=one.mean,
        high=one.high,
        count=one.samples,
    )


def known_figures(transaction: Transaction) -> dict[tuple[str, str], int]:
    """The numbers of the figures that were seen, by name and instance."""
    rows = transaction.rows("SELECT name, instance, figure FROM figures")
    return {(name, instance): figure for name, instance, figure in rows}


def _figure(
    transaction: Transaction, known: dict[tuple[str, str], int], name: str, instance: str
) -> int:
    key = (name, instance)
    if key not in known:
        transaction.execute("INSERT OR IGNORE INTO figures (name, instance) VALUES (?, ?)", key)
        found: Mapping[tuple[str, str], int] = known_figures(transaction)
        known.update(found)
    return known[key]
