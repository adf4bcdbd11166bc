"""Whether what was seen last still says how an xNode is. Pure: time is given."""

from datetime import datetime, timedelta

from capsule_domain.models.health import Health, HealthStatus


def is_stale(health: Health, now: datetime, stale_seconds: float) -> bool:
    """Whether it was looked at too long ago, or in a future that a clock made up."""
    return not timedelta() <= now - health.checked_at <= timedelta(seconds=stale_seconds)


def health_now(health: Health, now: datetime, stale_seconds: float) -> Health:
    """`health`, or UNKNOWN where it is stale: no news is no good news.

    `stale_seconds` is that of the `WatchPlan`: 2.5 intervals. What was checked, and when,
    stays to be shown.
    """
    if not is_stale(health, now, stale_seconds):
        return health
    return health.model_copy(update={"status": HealthStatus.UNKNOWN})
