"""What is asked only now and then, beside what is asked at every look. Pure."""

from datetime import datetime, timedelta

from capsule_domain.models.metric import Metrics

_YEAR = 366 * 86_400.0
_RARE = ("disks", "failed_units", "generation", "gpus", "cores")
"""What is not asked at every look."""


def filled(metrics: Metrics, before: Metrics, horizon: datetime) -> Metrics:
    """`metrics` with what was asked only in `before`.

    Not when that is older than `horizon`, nor when the machine started anew in between.
    """
    if before.collected_at < max(horizon, _started(metrics) or horizon):
        return metrics
    lacking = [name for name in _RARE if getattr(metrics, name) is None]
    return metrics.model_copy(update={name: getattr(before, name) for name in lacking})


def _started(metrics: Metrics) -> datetime | None:
    if metrics.uptime_seconds is None:
        return None
    # What a machine says of itself may be anything, and a date has bounds.
    return metrics.collected_at - timedelta(seconds=min(max(metrics.uptime_seconds, 0), _YEAR))
