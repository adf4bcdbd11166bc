"""A plan as a person reads it: what is chosen, what comes next, and why others lost."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from capsule_cli.money import cents, rate

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.deployment import DeployPlan
    from capsule_domain.models.money import Money, Rates
    from capsule_domain.models.template import Offer

COMPARED = "≈"
"""Behind a price that a rate put in its place among the others."""
_SHOWN_REASONS = 5


def paint_plans(screen: "Screen", plans: "Sequence[DeployPlan]", rates: "Rates") -> None:
    """One plan with its fallbacks and rivals; several as a row each."""
    if len(plans) == 1:
        screen.header(f"Deploy {plans[0].name}")
        rows = _rows_of_one(plans[0])
        paint_offers(screen, rows, rates)
        _what_it_is(screen, plans[0])
    else:
        screen.header(f"Deploy {len(plans)} xNodes")
        paint_offers(screen, [(plan.name, "good", plan.offer) for plan in plans], rates)
        _what_it_is(screen, plans[0])
        screen.line(f"together {total(plans, rates)}")
    _why_others_lost(screen, plans[0])


def _rows_of_one(plan: "DeployPlan") -> "list[tuple[str, str, Offer]]":
    fallbacks = [(f"next {n}", "", o) for n, o in enumerate(plan.fallbacks, start=1)]
    shown = {(o.provider, o.slug) for o in (plan.offer, *plan.fallbacks)}
    rivals = [("", "", o) for o in plan.runners_up if (o.provider, o.slug) not in shown]
    return [("▸ chosen", "good", plan.offer), *fallbacks, *rivals]


def paint_offers(
    screen: "Screen", rows: "Iterable[tuple[str, str, Offer]]", rates: "Rates"
) -> None:
    """A row for each offer, with a word and its style before it."""
    from rich.text import Text

    listed = [*rows]
    mixed = len({offer.price_per_hour.currency for _, _, offer in listed}) > 1

    def cells(word: str, style: str, offer: "Offer") -> "Sequence[Cell]":
        mark = COMPARED if mixed and offer.price_per_hour.currency != "USD" else ""
        return (
            Text(word, style),
            offer.provider[:4].upper(),
            offer.template,
            offer.region,
            str(offer.vcpus),
            f"{Decimal(offer.memory_mib) / 1024:g}",
            Text(rate(offer.price_per_hour) + mark, "money"),
            cents(offer.price_per_month) + mark,
        )

    screen.table(
        ["", "cloud", "template", "region", "cores", "GiB", "$/hr", "$/mo"],
        [cells(*row) for row in listed],
        right=["cores", "GiB", "$/hr", "$/mo"],
        whole=["", "cloud"],
    )
    if mixed:
        screen.line(rate_of(rates), style="advice")


def rate_of(rates: "Rates") -> str:
    """By which rates amounts are compared, and of what day they are."""
    each = ", ".join(f"1 {name} = {worth} USD" for name, worth in sorted(rates.usd_per.items()))
    return f"{COMPARED} by the rates of {rates.as_of:%Y-%m-%d}, {each}: to compare, never to sum"


def total(plans: "Iterable[DeployPlan]", rates: "Rates") -> str:
    """What all of them cost, in each currency: `$0.02 an hour, $12.00 a month at most`."""
    hours: dict[str, Money] = {}
    months: dict[str, Money] = {}
    for plan in plans:
        for sums, price in ((hours, plan.price_per_hour), (months, plan.price_per_month)):
            before = sums.get(price.currency)
            sums[price.currency] = price if before is None else before + price
    hourly = " + ".join(rate(hours[name]) for name in sorted(hours))
    monthly = " + ".join(cents(months[name]) for name in sorted(months))
    sum_usd = sum((rates.in_usd(price) for price in months.values()), Decimal(0))
    compared = f" ({COMPARED} ${sum_usd:.2f})" if len(months) > 1 else ""
    return f"{hourly} an hour, {monthly} a month at most{compared}"


def _what_it_is(screen: "Screen", plan: "DeployPlan") -> None:
    """What else is asked for, where that is not what everybody gets."""
    if plan.os != "stock":
        screen.line(f"{plan.os} is to run there")
    elif plan.profile:
        screen.line(f"profile {plan.profile} is planted there, by Nix")
    if plan.expires_at:
        screen.line(f"it may be ended from {plan.expires_at:%Y-%m-%d %H:%M} UTC on")


def _why_others_lost(screen: "Screen", plan: "DeployPlan") -> None:
    reasons = Counter(rejected.reason for rejected in plan.rejected)
    most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN_REASONS]
    if most:
        why = "; ".join(f"{count} × {reason}" for reason, count in most)
        screen.line(f"{len(plan.rejected)} of {plan.seen} do not fit: {why}", style="advice")
