"""How long a look says how an xNode is."""

from datetime import UTC, datetime, timedelta

import pytest

from capsule_domain.models.health import Check, CheckKind, Health, HealthStatus
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.services.freshness import health_now

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(0, "healthy"), (150, "healthy"), (151, "unknown"), (-1, "unknown")],
)
def test_after_two_and_a_half_intervals_nobody_knows(seconds: float, status: str) -> None:
    seen = Health.judged("n", (Check(kind=CheckKind.SSH, ok=True),), NOON)
    now = NOON + timedelta(seconds=seconds)
    found = health_now(seen, now, WatchPlan(interval_seconds=60).stale_seconds)
    assert found.status is HealthStatus(status)
    assert (found.checks, found.checked_at) == (seen.checks, NOON)
