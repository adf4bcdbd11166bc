"""What the fleet costs: its rates, and this calendar month so far."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from capsule_domain.models.cost import CostFigures, CostGroup, CostReport, CurrencyCosts
from capsule_domain.models.money import HOURS_PER_DAY, MONTHS_PER_YEAR, Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode

GroupedBy = Literal["provider", "region", "tag", "profile"]

NO_KEY = "(none)"
"""The group of xNodes without a tag, or without a profile."""

_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_PER_HOUR = Decimal(3_600_000_000)
_GRAIN = Decimal("1e-10")
"""What is spent is kept to ten decimals, so that sums are exact in any order."""


def cost_report(
    xnodes: Iterable[XNode],
    *,
    by: GroupedBy,
    now: datetime,
    bills_when_stopped: Callable[[str], bool],
) -> CostReport:
    """The costs of `xnodes`, those that are gone included, by currency and group.

    `bills_when_stopped` says of a provider whether it bills what is switched off. An
    xNode with several tags is in several groups, so their sums exceed the whole.
    What was stopped for a part of the month counts until now: an upper bound.
    """
    by_currency: defaultdict[str, list[_Cost]] = defaultdict(list)
    unbilled: list[str] = []
    for xnode in xnodes:
        cost = _cost(xnode, now, bills_when_stopped)
        if cost.billed or cost.to_date:
            by_currency[xnode.price_per_month.currency].append(cost)
        if not cost.billed and not _is_gone(xnode):
            unbilled.append(xnode.name)
    return CostReport(
        as_of=now,
        by=by,
        currencies=tuple(
            _currency(currency, costs, by) for currency, costs in sorted(by_currency.items())
        ),
        unbilled=tuple(sorted(unbilled)),
    )


def spent_this_month(xnode: XNode, now: datetime) -> Money:
    """What the xNode came to in the calendar month (UTC) of `now`, at most its monthly price.

    A cloud bills an hour's price for each hour up to the month's price, and begins
    anew on the first of a month.
    """
    start = max(xnode.created_at, _month_start(now))
    end = min(xnode.terminated_at or now, now)
    microseconds = max((end - start) // _MICROSECOND, 0)
    hours = Decimal(microseconds) / _MICROSECONDS_PER_HOUR
    capped = min(xnode.price_per_hour * hours, xnode.price_per_month)
    return Money(amount=capped.amount.quantize(_GRAIN), currency=capped.currency)


class _Cost:
    """One xNode's share of the bill, in its own currency."""

    def __init__(self, xnode: XNode, *, billed: bool, to_date: Decimal) -> None:
        self.xnode = xnode
        self.billed = billed
        self.hourly = xnode.price_per_hour.amount if billed else Decimal(0)
        self.monthly = xnode.price_per_month.amount if billed else Decimal(0)
        self.to_date = to_date


def _cost(xnode: XNode, now: datetime, bills_when_stopped: Callable[[str], bool]) -> _Cost:
    stopped_free = xnode.status is ServerStatus.STOPPED and not bills_when_stopped(xnode.provider)
    has_price = bool(xnode.price_per_hour.amount or xnode.price_per_month.amount)
    billed = has_price and not stopped_free and not _is_gone(xnode)
    return _Cost(xnode, billed=billed, to_date=spent_this_month(xnode, now).amount)


def _is_gone(xnode: XNode) -> bool:
    return xnode.status is ServerStatus.GONE or xnode.terminated_at is not None


def _currency(currency: str, costs: Sequence[_Cost], by: GroupedBy) -> CurrencyCosts:
    groups: defaultdict[str, list[_Cost]] = defaultdict(list)
    for cost in costs:
        for key in _keys(cost.xnode, by):
            groups[key].append(cost)
    whole = _figures(costs, currency)
    rows = (_group(key, members, currency, whole) for key, members in groups.items())
    return CurrencyCosts(
        currency=currency,
        xnodes=sum(cost.billed for cost in costs),
        groups=tuple(sorted(rows, key=lambda row: (-row.monthly.amount, row.key))),
        **_fields(whole),
    )


def _keys(xnode: XNode, by: GroupedBy) -> Sequence[str]:
    """The groups that the xNode belongs to."""
    match by:
        case "provider":
            return (xnode.provider,)
        case "region":
            return (xnode.region,)
        case "profile":
            return (xnode.profile or NO_KEY,)
        case "tag":
            return tuple(dict.fromkeys(xnode.tags)) or (NO_KEY,)


def _group(key: str, costs: Sequence[_Cost], currency: str, whole: CostFigures) -> CostGroup:
    figures = _figures(costs, currency)
    total = whole.monthly.amount
    share = figures.monthly.amount * 100 / total if total else Decimal(0)
    return CostGroup(key=key, share=share, **_fields(figures))


def _figures(costs: Iterable[_Cost], currency: str) -> CostFigures:
    hourly = monthly = to_date = Decimal(0)
    for cost in costs:
        hourly += cost.hourly
        monthly += cost.monthly
        to_date += cost.to_date
    return CostFigures(
        hourly=Money(amount=hourly, currency=currency),
        daily=Money(amount=hourly * HOURS_PER_DAY, currency=currency),
        monthly=Money(amount=monthly, currency=currency),
        annual=Money(amount=monthly * MONTHS_PER_YEAR, currency=currency),
        to_date=Money(amount=to_date, currency=currency),
    )


def _fields(figures: CostFigures) -> Mapping[str, Money]:
    return {
        "hourly": figures.hourly,
        "daily": figures.daily,
        "monthly": figures.monthly,
        "annual": figures.annual,
        "to_date": figures.to_date,
    }


def _month_start(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
