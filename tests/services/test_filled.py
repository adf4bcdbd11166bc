"""What is asked only now and then, beside what is asked at every look."""

from datetime import UTC, datetime, timedelta

import pytest

from capsule_domain.models.metric import Disk, Metrics
from capsule_domain.services.filled import filled

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DISKS = (Disk(mount="/", used_percent=30.0),)


def of(minutes_ago: float, **figures: object) -> Metrics:
    at = NOW - timedelta(minutes=minutes_ago)
    return Metrics.model_validate({"xnode": "web", "collected_at": at, **figures})


@pytest.mark.parametrize(
    ("minutes_ago", "uptime_seconds", "known"),
    [
        (4, None, True),
        (4, 3600.0, True),
        (4, 239.0, False),
        (16, 3600.0, False),
        (4, 1e308, True),
        (4, -5.0, False),
    ],
    ids=["fresh", "long up", "started since", "too old", "absurd", "negative"],
)
def test_disks_of_before_are_shown_unless_too_old_or_of_a_start_before(
    minutes_ago: float, uptime_seconds: float | None, *, known: bool
) -> None:
    now = of(0, cpu_percent=5.0, uptime_seconds=uptime_seconds)
    before = of(minutes_ago, cpu_percent=90.0, disks=DISKS, generation=7)
    found = filled(now, before, NOW - timedelta(minutes=15))
    assert found.cpu_percent == 5.0
    assert (found.disks, found.generation) == ((DISKS, 7) if known else (None, None))


def test_what_was_asked_now_is_kept() -> None:
    now = of(0, disks=(), generation=8)
    before = of(1, disks=DISKS, generation=7)
    found = filled(now, before, NOW - timedelta(minutes=15))
    assert (found.disks, found.generation) == ((), 8)
