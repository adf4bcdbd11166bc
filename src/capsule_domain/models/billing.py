"""What a bill is made of: stretches of an xNode's life at one price, and a cloud's terms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from capsule_domain.models.money import HOURS_PER_MONTH, Money
from capsule_domain.models.server import Capabilities, ServerStatus
from capsule_domain.models.xnode import XNode

GroupedBy = Literal["provider", "region", "tag", "profile"]


class Terms(NamedTuple):
    """How a cloud bills. The defaults are for servers at a cloud that nothing is known of."""

    bills_when_stopped: bool = True
    unit_seconds: int = 3600
    minimum_seconds: int = 3600
    monthly_cap: bool = True
    address_per_hour: Money | None = None
    """What the public address of one that runs costs beside its price."""

    @classmethod
    def of(cls, capabilities: Capabilities) -> "Terms":
        """The terms among a cloud's capabilities."""
        return cls(
            capabilities.bills_when_stopped,
            capabilities.billed_by_seconds,
            capabilities.minimum_billed_seconds,
            capabilities.monthly_cap,
            capabilities.address_per_hour,
        )

    def hourly(self, span: "Span") -> Decimal:
        """What an hour of the span costs, with its address."""
        return span.price_per_hour.amount + self._address(span)

    def monthly(self, span: "Span") -> Decimal:
        """The same for a month."""
        return span.price_per_month.amount + self._address(span) * HOURS_PER_MONTH

    def _address(self, span: "Span") -> Decimal:
        """What is free, or has a price that nobody knows, stays so."""
        price, address = span.price_per_hour, self.address_per_hour
        if address is None or not span.running or not price.amount:
            return Decimal(0)
        return address.amount if address.currency == price.currency else Decimal(0)


class Period(NamedTuple):
    """A calendar month in UTC from `start` to `end`, and how far of it is counted.

    What goes on is counted up to `until`, and what expires after `now` up to then.
    """

    start: datetime
    end: datetime
    now: datetime
    until: datetime


@dataclass(frozen=True)
class Span:
    """A stretch in which an xNode had one price, and was switched on or off all the time.

    `end` None goes on. `run_start` is since when it ran without a break, `born` since when
    it is rented: a cloud counts its hours from one of them.
    """

    start: datetime
    end: datetime | None
    running: bool
    run_start: datetime
    born: datetime
    price_per_hour: Money
    price_per_month: Money


class Tally(NamedTuple):
    """The sums of one group in one currency; `key` None is of those without a tag or profile.

    `billed` counts those that cost something now, and `idle` those that cost nothing.
    """

    key: str | None
    currency: str
    billed: int
    idle: int
    hourly: Decimal
    monthly: Decimal
    spent: Decimal


def month_of(now: datetime) -> Period:
    """The month of `now`, counted up to now."""
    now = now.astimezone(UTC)
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Period(start, next_month(start), now, now)


def whole_month(now: datetime) -> Period:
    """The month of `now` to its end, as far as `now` can tell."""
    month = month_of(now)
    return month._replace(until=month.end)


def month_after(now: datetime) -> Period:
    """The whole month after that of `now`, as far as `now` can tell."""
    month = month_of(now)
    end = next_month(month.end)
    return Period(month.end, end, month.now, end)


def next_month(start: datetime) -> datetime:
    """The first moment of the month after the one that begins at `start`."""
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def spans_after(
    spans: Sequence[Span], before: XNode | None, after: XNode | None, now: datetime
) -> Sequence[Span]:
    """The life of an xNode with a change in it that was made, or noticed, at `now`.

    `spans` are those so far, oldest first. What was removed has no life any more.
    """
    if after is None:
        return ()
    if before is None or not spans or before.created_at != after.created_at:
        return _first_spans(after, now)
    *past, last = spans
    if after.status is ServerStatus.GONE:
        ended = max(after.terminated_at or now, last.start)
        return spans if last.end else (*past, replace(last, end=ended))
    at = max(now, last.end or last.start)
    if last.end:
        return (*(spans if last.end > last.start else past), _span(after, at, at))
    fresh = _span(after, last.start, last.run_start)
    if fresh == last:
        return spans
    goes_on = last.running and fresh.running
    closed = (replace(last, end=at),) if at > last.start else ()
    return (*past, *closed, _span(after, at, last.run_start if goes_on else at))


def _first_spans(xnode: XNode, now: datetime) -> Sequence[Span]:
    """Of one that is new to us. Since when a stopped one is off nobody knows: since now."""
    born = xnode.created_at
    whole = _span(xnode, born, born)
    if xnode.status is ServerStatus.GONE:
        return (replace(whole, end=max(xnode.terminated_at or now, born)),)
    if whole.running or now <= born:
        return (whole,)
    return (replace(whole, running=True, end=now), _span(xnode, now, now))


def _span(xnode: XNode, start: datetime, run_start: datetime) -> Span:
    return Span(
        start=start,
        end=None,
        running=xnode.status is not ServerStatus.STOPPED,
        run_start=run_start,
        born=xnode.created_at,
        price_per_hour=xnode.price_per_hour,
        price_per_month=xnode.price_per_month,
    )
