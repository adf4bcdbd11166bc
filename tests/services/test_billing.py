"""Bills against months worked by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.models.billing import (
    Span,
    Terms,
    month_after,
    month_of,
    spans_after,
    whole_month,
)
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.services.billing import spent, spent_ever

VULTR = Terms()
"""By the hour, up to the month's price, switched off too."""
AWS = Terms(bills_when_stopped=False, unit_seconds=1, minimum_seconds=60, monthly_cap=False)
SCALEWAY = Terms(bills_when_stopped=False, monthly_cap=False)
DIGITALOCEAN = Terms(unit_seconds=1, minimum_seconds=60)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def xnode(hourly: str = "0.01", monthly: str = "99", **changes: object) -> XNode:
    plain = XNode(
        id="a1",
        name="web",
        provider="vultr",
        server_id="1",
        region="ams",
        template="small",
        status=ServerStatus.RUNNING,
        price_per_hour=Money.of(hourly),
        price_per_month=Money.of(monthly),
        created_at=at("2026-01-15T00:00"),
    )
    return plain.model_copy(update=changes)


def life(first: XNode, *changes: tuple[str, Mapping[str, object]]) -> list[Span]:
    """`first`, and what became of it when."""
    spans = spans_after((), None, first, first.created_at)
    before = first
    for moment, change in changes:
        after = before.model_copy(update=change)
        spans = spans_after(spans, before, after, at(moment))
        before = after
    return list(spans)


def usd(spans: list[Span], terms: Terms, now: str) -> Decimal:
    return spent(spans, terms, month_of(at(now))).get("USD", Decimal(0))


STOP = {"status": ServerStatus.STOPPED}
START = {"status": ServerStatus.RUNNING}


def end(moment: str) -> tuple[str, dict[str, object]]:
    return moment, {"status": ServerStatus.GONE, "terminated_at": at(moment)}


# 0.01 an hour: a 30-day month has 720 hours and costs 7.20, one of 31 days 744 and 7.44.
@pytest.mark.parametrize(
    ("now", "bill"),
    [
        ("2026-11-30T23:00", "7.19"),  # 30 days less an hour
        ("2026-12-31T23:00", "7.43"),  # 31 days less an hour
        ("2027-02-28T23:00", "6.71"),  # 28 days less an hour
        ("2028-02-29T23:00", "6.95"),  # a leap year's 29 days less an hour
        ("2028-03-01T00:00", "0"),  # and the day after the leap day begins anew
        ("2026-11-01T00:00", "0"),  # the month begins
        ("2026-11-01T00:30", "0.01"),  # half an hour is billed as one
        ("2026-11-01T01:00:01", "0.02"),  # and a second as one, too
    ],
)
def test_a_month_has_the_hours_that_it_has(now: str, bill: str) -> None:
    assert usd(life(xnode()), VULTR, now) == Decimal(bill)


@pytest.mark.parametrize(
    ("month", "hours"), [("2026-11-05", 720), ("2026-12-05", 744), ("2028-02-05", 696)]
)
def test_a_whole_month_is_all_of_its_hours(month: str, hours: int) -> None:
    bill = spent(life(xnode()), VULTR, whole_month(at(f"{month}T12:34:56")))
    assert bill == {"USD": hours * Decimal("0.01")}


def test_where_seconds_count_half_an_hour_is_half_an_hour() -> None:
    spans = life(xnode("0.36", created_at=at("2026-11-10T10:00")))
    assert usd(spans, DIGITALOCEAN, "2026-11-10T10:30") == Decimal("0.18")
    assert usd(spans, DIGITALOCEAN, "2026-11-10T10:30:01") == Decimal("0.1801")
    assert usd(spans, VULTR, "2026-11-10T10:30:01") == Decimal("0.36")


def test_a_minute_is_the_least_where_the_cloud_says_so() -> None:
    born = at("2026-11-10T10:00")
    spans = life(xnode("0.36", created_at=born), end("2026-11-10T10:00:05"))
    assert usd(spans, AWS, "2026-11-20T00:00") == Decimal("0.006")
    assert usd(spans, VULTR, "2026-11-20T00:00") == Decimal("0.36")


def test_the_least_that_is_billed_is_billed_once_though_the_price_changed_within_it() -> None:
    spans = life(
        xnode("0.36", created_at=at("2026-11-10T10:00")),
        ("2026-11-10T10:00:20", {"price_per_hour": Money.of("0.72")}),
        end("2026-11-10T10:01:30"),
    )
    assert usd(spans, AWS, "2026-11-20T00:00") == Decimal("0.006") + Decimal("0.006")


def test_the_monthly_price_is_a_cap_where_the_cloud_has_one() -> None:
    spans = life(xnode("0.00893", "6"))  # the cap is reached in the 672nd hour
    assert usd(spans, VULTR, "2026-11-28T23:00") == Decimal("5.99203")  # 671 h
    assert usd(spans, VULTR, "2026-11-29T00:00") == Decimal(6)  # 672 h would be 6.00096
    assert usd(spans, VULTR, "2026-11-30T23:59") == Decimal(6)
    assert usd(spans, AWS, "2026-11-30T23:00") == Decimal("6.42067")  # 719 h


def test_a_month_without_a_price_has_no_cap() -> None:
    assert usd(life(xnode("0.01", "0")), VULTR, "2026-11-02T00:00") == Decimal("0.24")


def test_a_stop_across_midnight_of_the_month_is_free_where_the_cloud_says_so() -> None:
    spans = life(xnode("0.01"), ("2026-11-30T22:00", STOP), ("2026-12-01T03:00", START))
    # November: 29 days and 22 hours; December: 3 hours less.
    assert usd(spans, SCALEWAY, "2026-11-30T23:59") == Decimal("7.18")
    assert spent(spans, SCALEWAY, month_of(at("2026-12-01T05:00"))) == {"USD": Decimal("0.02")}
    assert usd(spans, VULTR, "2026-11-30T23:59") == Decimal("7.20")
    assert usd(spans, VULTR, "2026-12-01T05:00") == Decimal("0.05")


def test_each_start_begins_an_hour_of_its_own_where_a_stop_is_free() -> None:
    spans = life(
        xnode("0.01", created_at=at("2026-11-10T10:00")),
        ("2026-11-10T10:10", STOP),
        ("2026-11-10T10:20", START),
        ("2026-11-10T10:30", STOP),
    )
    assert usd(spans, SCALEWAY, "2026-11-11T00:00") == Decimal("0.02")
    assert usd(spans, AWS, "2026-11-11T00:00") == 2 * Decimal("0.001666666")


def test_an_hour_is_counted_from_when_it_was_rented_and_billed_in_its_first_month() -> None:
    spans = life(xnode("0.01", created_at=at("2026-10-31T23:30")), end("2026-11-01T00:29"))
    assert usd(spans, VULTR, "2026-10-31T23:59") == Decimal("0.01")
    assert usd(spans, VULTR, "2026-11-02T00:00") == Decimal(0)
    spans = life(xnode("0.01", created_at=at("2026-10-31T23:30")), end("2026-11-01T00:31"))
    assert usd(spans, VULTR, "2026-11-02T00:00") == Decimal("0.01")


def test_a_price_change_holds_from_its_moment_on() -> None:
    spans = life(
        xnode("0.01", created_at=at("2026-11-10T00:00")),
        ("2026-11-11T00:00", {"price_per_hour": Money.of("0.03")}),
    )
    assert usd(spans, VULTR, "2026-11-12T00:00") == Decimal("0.24") + Decimal("0.72")


def test_two_currencies_stay_two() -> None:
    euro = {"price_per_hour": Money.of("0.02", "EUR"), "price_per_month": Money.of(10, "EUR")}
    spans = life(xnode("0.01", created_at=at("2026-11-10T00:00")), ("2026-11-11T00:00", euro))
    assert spent(spans, VULTR, month_of(at("2026-11-12T00:00"))) == {
        "USD": Decimal("0.24"),
        "EUR": Decimal("0.48"),
    }


def test_what_expires_is_counted_until_then() -> None:
    spans = life(xnode("0.01", created_at=at("2026-11-10T00:00")))
    now = at("2026-11-12T00:00")
    soon = at("2026-11-13T00:00")
    assert spent(spans, VULTR, whole_month(now), expires=soon) == {"USD": Decimal("0.72")}
    assert spent(spans, VULTR, month_after(now), expires=soon) == {"USD": Decimal(0)}
    late = at("2026-11-11T00:00")  # nobody has ended it: it goes on
    assert spent(spans, VULTR, whole_month(now), expires=late) == {"USD": Decimal("5.04")}


def test_one_that_came_stopped_to_us_ran_until_then() -> None:
    first = xnode("0.01", created_at=at("2026-11-10T00:00"), status=ServerStatus.STOPPED)
    spans = spans_after((), None, first, at("2026-11-11T00:00"))
    assert usd(list(spans), AWS, "2026-11-20T00:00") == Decimal("0.24")


def test_a_life_is_its_months_each_with_its_cap() -> None:
    spans = life(xnode("0.01", "6", created_at=at("2026-10-30T00:00")), end("2026-12-02T00:00"))
    # 48 hours of October, all of November at its cap, a day of December.
    bill = Decimal("0.48") + Decimal(6) + Decimal("0.24")
    assert spent_ever(spans, VULTR, at("2027-03-01T00:00")) == {"USD": bill}


@given(
    cuts=st.lists(st.integers(0, 30 * 24 * 3600 - 1), min_size=1, max_size=5),
    terms=st.sampled_from([VULTR, AWS]),
)
def test_a_life_cut_into_spans_costs_what_it_costs_whole(cuts: list[int], terms: Terms) -> None:
    born = at("2026-11-01T00:00")
    first = xnode("0.01", "0", created_at=born)
    changes = [
        (f"{born + timedelta(seconds=cut):%Y-%m-%dT%H:%M:%S}", {"price_per_month": Money.of(n)})
        for n, cut in enumerate(sorted(set(cuts)), start=1)
    ]
    month = whole_month(at("2026-11-30T23:59:59"))
    uncapped = terms._replace(monthly_cap=False)
    cut_up = life(first, *changes)
    parts, one = (spent(each, uncapped, month)["USD"] for each in (cut_up, life(first)))
    assert abs(parts - one) <= Decimal("1e-9") * len(cut_up)


ADDRESSED = AWS._replace(address_per_hour=Money.of("0.005"))


def test_an_address_beside_the_price_costs_while_it_runs_and_no_longer() -> None:
    # Ten hours on, fourteen off, six on: sixteen hours at 0.01 and 0.005.
    spans = life(
        xnode(created_at=at("2026-11-02T00:00")),
        ("2026-11-02T10:00", {"status": ServerStatus.STOPPED}),
        ("2026-11-03T00:00", {"status": ServerStatus.RUNNING}),
    )
    month = month_of(at("2026-11-03T06:00"))
    assert spent(spans, ADDRESSED, month) == {"USD": Decimal("0.24")}
    assert spent(spans, AWS, month) == {"USD": Decimal("0.16")}


def test_an_address_in_another_currency_or_of_what_has_no_price_is_not_added() -> None:
    start = at("2026-11-02T00:00")
    euros = life(xnode(price_per_hour=Money.of("0.01", "EUR"), created_at=start))
    free = life(xnode("0", "0", created_at=start))
    month = month_of(at("2026-11-02T10:00"))
    assert spent(euros, ADDRESSED, month) == {"EUR": Decimal("0.1")}
    assert spent(free, ADDRESSED, month) == {"USD": Decimal(0)}
