"""The life of an alert: from readings to states. Pure: time is given."""

from collections.abc import Callable
from datetime import datetime, timedelta

from capsule_domain.models.alert import (
    Alert,
    AlertSeverity,
    AlertState,
    Reading,
    Step,
    StepKind,
    Timing,
)

_FLAP_FACTOR = 1.5
_MOST_FLAPS = 50
"""The factor to this power is past every limit."""


def step(
    before: Alert | None,
    reading: Reading,
    timing: Timing,
    now: datetime,
    new_id: Callable[[], str],
) -> Step | None:
    """What `reading` makes of the last alert of its key; None when there is nothing to keep.

    What was not read must not be passed on: an alert without a reading stays as it is,
    since no news is no good news. DROPPED says that a pending alert is to be forgotten.
    """
    if before is None or before.state is AlertState.RESOLVED:
        return _began(before, reading, timing, now, new_id)
    current = _after_gap(before, timing, now)
    if current.state is AlertState.PENDING:
        return _pending(current, reading, timing, now)
    return _firing(current, reading, timing, now)


def _began(
    last: Alert | None,
    reading: Reading,
    timing: Timing,
    now: datetime,
    new_id: Callable[[], str],
) -> Step | None:
    if reading.level is None:
        return None
    alert = Alert(
        id=new_id(),
        xnode=reading.xnode,
        key=reading.key,
        severity=reading.level,
        state=AlertState.PENDING,
        message=reading.message,
        value=reading.value,
        since=now,
        seen_at=now,
        flaps=_flaps(last, timing, now),
    )
    if timing.for_seconds:
        return Step(alert=alert, kind=StepKind.BEGAN)
    return _fired(alert, now)


def _pending(alert: Alert, reading: Reading, timing: Timing, now: datetime) -> Step:
    """One look at which the condition does not hold, and the waiting was for nothing."""
    if reading.level is None:
        return Step(alert=alert, kind=StepKind.DROPPED)
    seen = _updated(alert, reading, now, severity=reading.level)
    if _passed(alert.since, now) >= timing.for_seconds:
        return _fired(seen, now)
    return Step(alert=seen)


def _firing(alert: Alert, reading: Reading, timing: Timing, now: datetime) -> Step:
    if reading.level is None:
        return _calm(alert, timing, now)
    calmed = alert.model_copy(update={"calm_since": None})
    if reading.level.rank <= alert.severity.rank:
        kind = StepKind.EASED if reading.level is not alert.severity else None
        seen = _updated(calmed, reading, now, severity=reading.level)
        return Step(alert=seen.model_copy(update={"rising_since": None}), kind=kind)
    rising_since = alert.rising_since or now
    if _passed(rising_since, now) < timing.for_seconds:
        waiting = {"rising_since": rising_since, "seen_at": now, "value": reading.value}
        return Step(alert=calmed.model_copy(update=waiting))
    worse = _updated(calmed, reading, now, severity=reading.level)
    # Who took the lesser alert on has not seen this one.
    unseen = {"rising_since": None, "acknowledged_by": None, "acknowledged_at": None}
    return Step(alert=worse.model_copy(update=unseen), kind=StepKind.ESCALATED)


def _calm(alert: Alert, timing: Timing, now: datetime) -> Step:
    """The condition does not hold; it is over when that has lasted."""
    calm_since = alert.calm_since or now
    seen = alert.model_copy(update={"calm_since": calm_since, "rising_since": None, "seen_at": now})
    if _passed(calm_since, now) < _keeps_firing(alert, timing):
        return Step(alert=seen)
    over = {"state": AlertState.RESOLVED, "resolved_at": now}
    return Step(alert=seen.model_copy(update=over), kind=StepKind.RESOLVED)


def _fired(alert: Alert, now: datetime) -> Step:
    fired = alert.model_copy(update={"state": AlertState.FIRING, "fired_at": now})
    return Step(alert=fired, kind=StepKind.FIRED)


def _after_gap(alert: Alert, timing: Timing, now: datetime) -> Alert:
    """After a suspend, a lost connection or a clock that jumped, waiting begins anew."""
    if timedelta() <= now - alert.seen_at <= timedelta(seconds=timing.stale_seconds):
        return alert
    return restarted(alert, now)


def restarted(alert: Alert, now: datetime) -> Alert:
    """The alert when nothing that was waited for until now counts: it is waited for anew."""
    if alert.state is AlertState.RESOLVED:
        return alert
    anew: dict[str, datetime | None] = {"rising_since": None, "calm_since": None}
    if alert.state is AlertState.PENDING:
        anew["since"] = now
    return alert.model_copy(update=anew)


def _updated(alert: Alert, reading: Reading, now: datetime, *, severity: AlertSeverity) -> Alert:
    return alert.model_copy(
        update={
            "severity": severity,
            "message": reading.message,
            "value": reading.value,
            "seen_at": now,
        }
    )


def _flaps(last: Alert | None, timing: Timing, now: datetime) -> int:
    """How often it came back soon, with this time."""
    if last is None or last.resolved_at is None:
        return 0
    if _passed(last.resolved_at, now) > timing.flap_window_seconds:
        return 0
    return min(last.flaps + 1, _MOST_FLAPS)


def _keeps_firing(alert: Alert, timing: Timing) -> float:
    longer = timing.keep_firing_seconds * _FLAP_FACTOR**alert.flaps
    return max(timing.keep_firing_seconds, min(longer, timing.longest_seconds))


def _passed(start: datetime, now: datetime) -> float:
    return (now - start).total_seconds()
