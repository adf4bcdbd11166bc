"""Samples as rows: whole numbers, which SQLite keeps in one to four bytes."""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter

from capsule_adapters.store.moments import from_microseconds, to_microseconds
from capsule_adapters.store.sqlite import Row
from capsule_domain.models.health import Check, Health, HealthStatus
from capsule_domain.models.metric import Metrics, Observation

STATUSES: Mapping[HealthStatus, int] = {
    HealthStatus.HEALTHY: 0,
    HealthStatus.DEGRADED: 1,
    HealthStatus.UNHEALTHY: 2,
    HealthStatus.UNKNOWN: 3,
    HealthStatus.UNTRUSTED: 4,
}
"""As they stand in files: a number that was given to one is never given to another."""
_STATUS = {number: status for status, number in STATUSES.items()}

_OF_HUNDREDTHS = (
    "cpu_percent",
    "steal_percent",
    "memory_percent",
    "load_1",
    "load_5",
    "load_15",
    "uptime_seconds",
)
_OF_WHOLE_ONES = (
    "cores",
    "received_bytes_per_second",
    "sent_bytes_per_second",
    "read_bytes_per_second",
    "written_bytes_per_second",
)
SCALES: Mapping[str, int] = {
    **dict.fromkeys(_OF_HUNDREDTHS, 100),
    **dict.fromkeys(_OF_WHOLE_ONES, 1),
}
"""The figures that have a column, in their order, with how many of its units make a whole one."""
_SCALED = tuple(SCALES.items())
_hundredths = attrgetter(*_OF_HUNDREDTHS)
_whole_ones = attrgetter(*_OF_WHOLE_ONES)
_ELSEWHERE = {*SCALES, "xnode", "collected_at", "boot_id"}
"""What `more` does not hold. The start of a machine is in its last observation alone."""

COLUMNS = ", ".join(["at_ms", "status", "collected_after_ms", *SCALES, "more"])

_NO_FIGURES = (None,) * len(SCALES)
_NOTHING_RARE = (None,) * 4
_CHECKS = TypeAdapter(tuple[Check, ...])
_LARGEST = 2**53
"""Beyond it a float holds no whole numbers one by one; nor does SQLite beyond 2**63."""


def scaled(values: Iterable[float | None], scale: int) -> list[int | float | None]:
    """Whole numbers; a value that is past all measure is itself, as a float."""
    most = _LARGEST / scale
    return [
        None if v is None else round(v * scale) if -most < v < most else _unmeasured(v)
        for v in values
    ]


def _unmeasured(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def unscaled(stored: float | None, scale: int) -> float | None:
    """What `scaled` was given, as near as it was kept."""
    if stored is None or isinstance(stored, float):
        return stored
    return stored if scale == 1 else stored / scale


def to_milliseconds(moment: datetime) -> int:
    return to_microseconds(moment) // 1000


def from_milliseconds(milliseconds: int) -> datetime:
    return from_microseconds(milliseconds * 1000)


def sample_row(node: int, at_ms: int, seen: Observation, checks: str | None) -> Row:
    """`node`, `COLUMNS`, and the checks where they are kept."""
    status, metrics = STATUSES[seen.health.status], seen.metrics
    if metrics is None:
        return (node, at_ms, status, None, *_NO_FIGURES, None, checks)
    after_ms = to_milliseconds(metrics.collected_at) - at_ms
    figures = scaled(_hundredths(metrics), 100) + scaled(_whole_ones(metrics), 1)
    return (node, at_ms, status, after_ms, *figures, _more(metrics), checks)


def _more(metrics: Metrics) -> str | None:
    """What has no column, as JSON, where it was read: it is, at every fifth look or so."""
    rare = (metrics.disks, metrics.failed_units, metrics.gpus, metrics.generation)
    if rare == _NOTHING_RARE:
        return None
    return metrics.model_dump_json(exclude=_ELSEWHERE, exclude_none=True)


def more_of(text: str | None) -> dict[str, Any]:
    """What `more` holds. Raises ValueError."""
    found = {} if text is None else json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 (a record that is not ours)
    return found


def status_of(number: int) -> HealthStatus:
    """The status that is kept as this number. Raises ValueError."""
    if number not in _STATUS:
        raise ValueError(f"no status has the number {number}")
    return _STATUS[number]


def checks_text(seen: Observation) -> str:
    """The checks as JSON."""
    return _CHECKS.dump_json(seen.health.checks, exclude_defaults=True).decode()


def last_text(seen: Observation) -> str:
    """All of it, exactly, as JSON."""
    return seen.model_dump_json(exclude_none=True, exclude_defaults=True)


def outcome(seen: Observation) -> tuple[object, ...]:
    """What of the checks is news when it changes."""
    return tuple([(check.kind, check.instance, check.ok) for check in seen.health.checks])


def read_sample(xnode_id: str, name: str, row: Row) -> Observation:
    """From `COLUMNS` and the checks, which may be None. Raises ValueError."""
    at_ms, status, after_ms, *figures, more, checks = row
    health = Health(
        xnode=name,
        status=status_of(status),
        checks=() if checks is None else _CHECKS.validate_json(checks),
        checked_at=from_milliseconds(at_ms),
    )
    if after_ms is None:
        return Observation(xnode_id=xnode_id, health=health)
    known = {
        name: unscaled(stored, scale)
        for (name, scale), stored in zip(_SCALED, figures, strict=True)
        if stored is not None
    }
    collected_at = from_milliseconds(at_ms + after_ms)
    metrics = Metrics(xnode=name, collected_at=collected_at, **known, **more_of(more))
    return Observation(xnode_id=xnode_id, health=health, metrics=metrics)
