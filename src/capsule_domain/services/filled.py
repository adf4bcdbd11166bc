"""What is asked only now and then, beside what is asked at every look. Pure."""

from datetime import datetime

from capsule_domain.models.metric import Metrics

_RARE = ("disks", "failed_units", "generation", "gpus", "cores")
"""What is not asked at every look."""


def filled(metrics: Metrics, before: Metrics, horizon: datetime) -> Metrics:
    """`metrics` with what was asked only in `before`, unless that is older than `horizon`."""
    if before.collected_at < horizon or before.boot_id != metrics.boot_id:
        return metrics
    lacking = [name for name in _RARE if getattr(metrics, name) is None]
    return metrics.model_copy(update={name: getattr(before, name) for name in lacking})
