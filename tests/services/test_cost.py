"""Cost reports against months worked by hand."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.models.cost import CostGroup, CostReport, CurrencyCosts
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.services.cost import NO_KEY, GroupedBy, cost_report, spent_this_month


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def xnode(name: str, hourly: str, monthly: str, currency: str = "USD", **changes: object) -> XNode:
    plain = XNode(
        id=f"id-{name}",
        name=name,
        provider="digitalocean",
        server_id="1",
        region="ams3",
        template="do-basic-1",
        status=ServerStatus.RUNNING,
        price_per_hour=Money.of(hourly, currency),
        price_per_month=Money.of(monthly, currency),
        created_at=at("2026-01-15T00:00"),
    )
    return plain.model_copy(update=changes)


def report(*xnodes: XNode, now: str, by: GroupedBy = "provider", bills: bool = True) -> CostReport:
    return cost_report(xnodes, by=by, now=at(now), bills_when_stopped=lambda _: bills)


def only(made: CostReport) -> CurrencyCosts:
    (currency,) = made.currencies
    return currency


def groups(made: CostReport) -> dict[str, CostGroup]:
    return {group.key: group for group in only(made).groups}


# 0.01 an hour: a 30-day month has 720 hours and costs 7.20, one of 31 days 744 and 7.44.
@pytest.mark.parametrize(
    ("now", "spent"),
    [
        ("2026-11-30T23:00", "7.19"),  # 30 days less an hour
        ("2026-12-31T23:00", "7.43"),  # 31 days less an hour
        ("2027-02-28T23:00", "6.71"),  # 28 days less an hour
        ("2028-02-29T23:00", "6.95"),  # a leap year's 29 days less an hour
        ("2026-11-01T00:00", "0"),  # the month begins
        ("2026-11-01T00:30", "0.005"),  # half an hour
    ],
)
def test_the_month_to_date_counts_the_hours_of_that_month(now: str, spent: str) -> None:
    machine = xnode("web", "0.01", "99")
    assert spent_this_month(machine, at(now)) == Money.of(spent)


def test_the_monthly_price_is_a_cap() -> None:
    machine = xnode("web", "0.00893", "6")  # the cap is reached after 671.89 hours
    assert spent_this_month(machine, at("2026-11-28T23:00")) == Money.of("5.99203")  # 671 h
    assert spent_this_month(machine, at("2026-11-29T00:00")) == Money.of("6")  # 672 h: 6.00096
    assert spent_this_month(machine, at("2026-11-30T23:59")) == Money.of("6")


def test_one_that_began_in_the_month_counts_from_then() -> None:
    machine = xnode("web", "0.01", "6", created_at=at("2026-11-20T06:15"))
    assert spent_this_month(machine, at("2026-11-22T06:45")) == Money.of("0.485")  # 48.5 h


def test_one_that_ended_in_the_month_counts_until_then() -> None:
    machine = xnode(
        "web", "0.01", "6", status=ServerStatus.GONE, terminated_at=at("2026-11-03T12:00")
    )
    made = report(machine, now="2026-11-23T12:00")
    assert only(made).to_date == Money.of("0.6")  # 60 h
    assert only(made).monthly == only(made).hourly == Money.of(0)
    assert only(made).xnodes == 0


def test_one_that_ended_last_month_costs_nothing_and_is_not_listed() -> None:
    machine = xnode(
        "web", "0.01", "6", status=ServerStatus.GONE, terminated_at=at("2026-10-31T23:59")
    )
    made = report(machine, now="2026-11-23T12:00")
    assert made.currencies == ()
    assert made.unbilled == ()


def test_one_that_begins_in_the_future_costs_nothing_yet() -> None:
    machine = xnode("web", "0.01", "6", created_at=at("2026-11-24T00:00"))
    assert spent_this_month(machine, at("2026-11-23T12:00")) == Money.of(0)


def test_the_month_is_the_utc_one_whatever_zone_now_is_told_in() -> None:
    machine = xnode("web", "0.01", "6")
    tokyo = datetime(2026, 12, 1, 3, tzinfo=timezone(timedelta(hours=9)))  # 30 Nov, 18:00 UTC
    cheap = machine.model_copy(update={"price_per_month": Money.of("99")})
    assert spent_this_month(cheap, tokyo) == Money.of("7.14")  # 714 h of November


def test_a_day_is_24_hours_and_a_year_twelve_months() -> None:
    whole = only(report(xnode("web", "0.00893", "6"), now="2026-11-23T12:00"))
    assert whole.hourly == Money.of("0.00893")
    assert whole.daily == Money.of("0.21432")
    assert whole.monthly == Money.of("6")
    assert whole.annual == Money.of("72")
    assert whole.xnodes == 1


def test_a_stopped_one_costs_as_before_where_the_cloud_bills_it() -> None:
    stopped = xnode("web", "0.01", "6", status=ServerStatus.STOPPED)
    made = report(stopped, now="2026-11-23T12:00", bills=True)
    assert only(made).monthly == Money.of("6")
    assert made.unbilled == ()


def test_a_stopped_one_has_no_rate_where_the_cloud_does_not_bill_it() -> None:
    stopped = xnode("web", "0.01", "6", status=ServerStatus.STOPPED)
    made = report(stopped, now="2026-11-02T00:00", bills=False)
    assert only(made).monthly == only(made).hourly == only(made).annual == Money.of(0)
    assert only(made).to_date == Money.of("0.24")
    assert only(made).xnodes == 0
    assert made.unbilled == ("web",)


def test_each_provider_is_asked_about_its_own_stopped_ones() -> None:
    made = cost_report(
        [
            xnode("a", "0.01", "6", status=ServerStatus.STOPPED, provider="aws"),
            xnode("b", "0.01", "6", status=ServerStatus.STOPPED, provider="vultr"),
        ],
        by="provider",
        now=at("2026-11-23T12:00"),
        bills_when_stopped=lambda provider: provider == "vultr",
    )
    assert groups(made)["vultr"].monthly == Money.of("6")
    assert groups(made)["aws"].monthly == Money.of(0)
    assert made.unbilled == ("a",)


def test_two_currencies_are_reported_side_by_side_and_never_added() -> None:
    made = report(
        xnode("do", "0.01", "6"),
        xnode("scw", "0.02", "10", "EUR", provider="scaleway"),
        now="2026-11-02T00:00",
    )
    assert [(c.currency, c.monthly, c.to_date) for c in made.currencies] == [
        ("EUR", Money.of("10", "EUR"), Money.of("0.48", "EUR")),
        ("USD", Money.of("6"), Money.of("0.24")),
    ]
    assert [[g.key for g in c.groups] for c in made.currencies] == [["scaleway"], ["digitalocean"]]


def test_groups_are_the_most_expensive_first_with_their_share() -> None:
    fleet = (
        xnode("a", "0.01", "6", region="ams3"),
        xnode("b", "0.02", "12", region="fra1"),
        xnode("c", "0.01", "6", region="fra1"),
    )
    made = report(*fleet, now="2026-11-23T12:00", by="region")
    assert [(g.key, int(g.share)) for g in only(made).groups] == [("fra1", 75), ("ams3", 25)]
    assert groups(made)["fra1"].hourly == Money.of("0.03")


def test_one_with_two_tags_is_in_both_groups_and_one_without_in_none_by_name() -> None:
    fleet = (
        xnode("a", "0.01", "6", tags=("web", "eu", "web")),
        xnode("b", "0.01", "6", tags=("eu",)),
        xnode("c", "0.02", "12"),
    )
    made = report(*fleet, now="2026-11-23T12:00", by="tag")
    assert only(made).monthly == Money.of("24")
    assert {key: group.monthly for key, group in groups(made).items()} == {
        "web": Money.of("6"),
        "eu": Money.of("12"),
        NO_KEY: Money.of("12"),
    }
    assert {key: group.share for key, group in groups(made).items()} == {
        "web": 25,
        "eu": 50,
        NO_KEY: 50,
    }


def test_by_profile_those_without_one_are_a_group() -> None:
    fleet = (xnode("a", "0.01", "6", profile="prod"), xnode("b", "0.01", "6"))
    assert set(groups(report(*fleet, now="2026-11-23T12:00", by="profile"))) == {"prod", NO_KEY}


def test_one_without_a_price_is_named_as_unbilled() -> None:
    made = report(xnode("mine", "0", "0"), now="2026-11-23T12:00")
    assert made.currencies == ()
    assert made.unbilled == ("mine",)


def test_shares_of_a_fleet_that_costs_nothing_now_are_zero() -> None:
    stopped = xnode("web", "0.01", "6", status=ServerStatus.STOPPED)
    assert groups(report(stopped, now="2026-11-02T00:00", bills=False))["digitalocean"].share == 0


def test_no_xnodes_cost_nothing() -> None:
    made = report(now="2026-11-23T12:00")
    assert made.currencies == ()
    assert made.unbilled == ()


PRICES = st.decimals(min_value=0, max_value=5000, places=5)
NOW = at("2026-11-23T12:34:56.789")
MOMENTS = st.integers(0, 90 * 24 * 60).map(lambda m: at("2026-09-01T00:00") + timedelta(minutes=m))
FLEETS = st.lists(
    st.builds(
        XNode,
        id=st.just("x"),
        name=st.just("x"),
        provider=st.sampled_from(["aws", "vultr", "linode"]),
        server_id=st.just("1"),
        region=st.sampled_from(["r1", "r2"]),
        template=st.just("t"),
        status=st.sampled_from(ServerStatus),
        price_per_hour=st.builds(Money, amount=PRICES, currency=st.just("USD")),
        price_per_month=st.builds(Money, amount=PRICES, currency=st.just("USD")),
        profile=st.none() | st.sampled_from(["prod", "dev"]),
        created_at=MOMENTS,
        terminated_at=st.none() | MOMENTS,
    ),
    max_size=12,
)
PARTITIONS = st.sampled_from(["provider", "region", "profile"])


@given(fleet=FLEETS, by=PARTITIONS)
def test_the_groups_always_sum_exactly_to_the_whole(fleet: list[XNode], by: GroupedBy) -> None:
    made = cost_report(fleet, by=by, now=NOW, bills_when_stopped=lambda p: p == "aws")
    for whole in made.currencies:
        for figure in ("hourly", "daily", "monthly", "annual", "to_date"):
            parts = sum((getattr(group, figure).amount for group in whole.groups), Decimal(0))
            assert parts == getattr(whole, figure).amount
        shares = sum((group.share for group in whole.groups), Decimal(0))
        assert abs(shares - (100 if whole.monthly.amount else 0)) < Decimal("1e-20")


@given(fleet=FLEETS)
def test_nothing_is_negative_and_no_month_exceeds_its_cap(fleet: list[XNode]) -> None:
    for machine in fleet:
        spent = spent_this_month(machine, NOW)
        assert Money.of(0) <= spent <= machine.price_per_month
