"""What one xNode comes to, by its cloud's terms: the rules of a bill."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from capsule_domain.models.billing import Period, Span, Terms, month_of, next_month

_GRAIN = Decimal("1e-9")
_SECONDS_PER_HOUR = 3600


def spent(
    spans: Sequence[Span], terms: Terms, period: Period, *, expires: datetime | None = None
) -> dict[str, Decimal]:
    """What these spans of one xNode's life come to in the period, by currency.

    Time is billed in whole units, counted from when it was rented; or, where a stopped
    one is free, from when it was started. A unit belongs to the month, and has the price,
    of its first moment. A month costs at most the highest monthly price of it, where the
    cloud has such a cap.
    """
    sums: dict[str, Decimal] = {}
    caps: dict[str, Decimal] = {}
    for span in spans:
        if not _counts(span, terms, period):
            continue
        currency = span.price_per_hour.currency
        seconds = _units(span, terms, period, expires) * terms.unit_seconds
        cost = terms.hourly(span) * seconds / _SECONDS_PER_HOUR
        sums[currency] = sums.get(currency, Decimal(0)) + cost.quantize(_GRAIN, ROUND_FLOOR)
        caps[currency] = max(caps.get(currency, Decimal(0)), terms.monthly(span))
    if not terms.monthly_cap:
        return sums
    return {c: min(sums[c], caps.get(c) or sums[c]) for c in sums}


def spent_ever(spans: Sequence[Span], terms: Terms, now: datetime) -> dict[str, Decimal]:
    """What a life came to until `now`, by currency: its months, each with its cap."""
    sums: dict[str, Decimal] = {}
    month = min((span.start for span in spans), default=now)
    while month <= now:
        whole = month_of(month)
        period = whole._replace(now=now, until=now)
        for currency, amount in spent(spans, terms, period).items():
            sums[currency] = sums.get(currency, Decimal(0)) + amount
        month = next_month(whole.start)
    return sums


def _counts(span: Span, terms: Terms, period: Period) -> bool:
    """Whether some of it may be billed in the period."""
    if span.start > period.until or not (span.running or terms.bills_when_stopped):
        return False
    least = timedelta(seconds=terms.minimum_seconds)
    return span.end is None or span.end + least > period.start


def _units(span: Span, terms: Terms, period: Period, expires: datetime | None) -> int:
    """How many units of the span begin in the period.

    The least that is billed counts to the first span of a run, and to no later one.
    """
    end = span.end
    if end is None and expires is not None and expires > period.now:
        end = expires
    last = min(end or period.until, period.until)
    anchor = span.born if terms.bills_when_stopped else span.run_start
    least = anchor + timedelta(seconds=terms.minimum_seconds)
    if span.start > anchor:
        first = max(span.start, period.start, least)
    else:
        first, last = max(span.start, period.start), max(last, least)
    last = min(last, period.end)
    if last <= first:
        return 0
    unit = timedelta(seconds=terms.unit_seconds)
    return -((anchor - last) // unit) + (anchor - first) // unit
