"""What the fleet costs: its rates, and this calendar month so far."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from capsule_domain.models.billing import (
    GroupedBy,
    Period,
    Tally,
    Terms,
    month_after,
    month_of,
    whole_month,
)
from capsule_domain.models.cloud import CloudFacts
from capsule_domain.models.cost import (
    BilledBeside,
    BudgetState,
    CostGroup,
    CostReport,
    CurrencyCosts,
    DaySpent,
    FleetForecast,
    SpendForecast,
)
from capsule_domain.models.money import HOURS_PER_DAY, MONTHS_PER_YEAR, Money
from capsule_domain.ports.ledger import Ledger

NO_KEY = "(none)"
"""The group of xNodes without a tag, or without a profile."""

TermsOf = Callable[[str], Terms]
"""How a cloud bills, by its name."""


def cost_report(ledger: Ledger, *, by: GroupedBy, now: datetime, terms: TermsOf) -> CostReport:
    """The costs of all xNodes, those that are gone included, by currency and group.

    An xNode with several tags is in several groups, so their sums exceed the whole.
    """
    month = month_of(now)
    groups = ledger.tally(by, month, terms)
    whole = ledger.tally(None, month, terms) if by == "tag" else groups
    by_currency: defaultdict[str, list[Tally]] = defaultdict(list)
    for row in groups:
        if row.billed or row.spent:
            by_currency[row.currency].append(row)
    idle = any(row.idle for row in whole)
    return CostReport(
        as_of=now,
        by=by,
        currencies=tuple(
            _currency(currency, rows, [row for row in whole if row.currency == currency])
            for currency, rows in sorted(by_currency.items())
        ),
        unbilled=tuple(ledger.unbilled(terms)) if idle else (),
    )


def billed_beside(cloud: CloudFacts) -> BilledBeside | None:
    """What this cloud bills beside its servers' prices; None where all is in them."""
    can = cloud.capabilities
    if can.address_per_hour is None and not can.not_counted:
        return None
    return BilledBeside(
        provider=cloud.name, address_per_hour=can.address_per_hour, not_counted=can.not_counted
    )


def forecast(
    ledger: Ledger, *, now: datetime, terms: TermsOf, budgets: Iterable[BudgetState] = ()
) -> FleetForecast:
    """What this month and the next come to if nothing is rented, or ended but what expires."""
    month = whole_month(now)
    ways = (month_of(now), month, month_after(now))
    told = [_by_currency(ledger, way, terms) for way in ways]
    sums = {c: [each.get(c, _NOTHING) for each in told] for c in sorted({*told[1], *told[2]})}
    return FleetForecast(
        as_of=now,
        month_ends=month.end,
        currencies=tuple(
            SpendForecast(
                currency=currency,
                to_date=Money(amount=to_date, currency=currency),
                month_end=Money(amount=month_end, currency=currency),
                next_month=Money(amount=next_month, currency=currency),
            )
            for currency, (to_date, month_end, next_month) in sums.items()
            if month_end or next_month
        ),
        budgets=tuple(budgets),
    )


def spent_by_day(ledger: Ledger, *, now: datetime, terms: TermsOf) -> Sequence[DaySpent]:
    """What the month of `now` came to by the end of each of its days so far."""
    month = month_of(now)
    days = [month.start + timedelta(days=number) for number in range(month.now.day)]
    return [
        DaySpent(day=day, spent=Money(amount=amount, currency=currency))
        for day, end in zip(days, (*days[1:], month.now), strict=True)
        for currency, amount in sorted(
            _by_currency(ledger, month._replace(until=end), terms).items()
        )
    ]


def figures(
    hourly: Decimal, monthly: Decimal, to_date: Decimal, currency: str
) -> Mapping[str, Money]:
    """The fields of `CostFigures`."""
    amounts = {
        "hourly": hourly,
        "daily": hourly * HOURS_PER_DAY,
        "monthly": monthly,
        "annual": monthly * MONTHS_PER_YEAR,
        "to_date": to_date,
    }
    return {name: Money(amount=amount, currency=currency) for name, amount in amounts.items()}


_NOTHING = Decimal(0)


def _by_currency(ledger: Ledger, period: Period, terms: TermsOf) -> dict[str, Decimal]:
    return {row.currency: row.spent for row in ledger.tally(None, period, terms)}


def _currency(currency: str, groups: Sequence[Tally], whole: Sequence[Tally]) -> CurrencyCosts:
    total = sum((row.monthly for row in whole), _NOTHING)
    rows = (_group(row, total) for row in groups)
    return CurrencyCosts(
        currency=currency,
        xnodes=sum(row.billed for row in whole),
        groups=tuple(sorted(rows, key=lambda row: (-row.monthly.amount, row.key))),
        **figures(
            sum((row.hourly for row in whole), _NOTHING),
            total,
            sum((row.spent for row in whole), _NOTHING),
            currency,
        ),
    )


def _group(row: Tally, total: Decimal) -> CostGroup:
    return CostGroup(
        key=NO_KEY if row.key is None else row.key,
        share=row.monthly * 100 / total if total else _NOTHING,
        **figures(row.hourly, row.monthly, row.spent, row.currency),
    )
