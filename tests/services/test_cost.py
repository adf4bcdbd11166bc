"""Cost reports, forecasts: the groups, the shares, what is named. Bills: test_billing.py."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.models.billing import GroupedBy, Span, Tally, Terms
from capsule_domain.models.cost import CostGroup, CostReport, CurrencyCosts
from capsule_domain.models.dashboard import Rate
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.services.cost import (
    NO_KEY,
    TermsOf,
    cost_report,
    forecast,
    spent_by_day,
)
from tests.fakes.inventory import FakeInventory
from tests.fakes.ledger import FakeLedger

BILLED_OFF = Terms()
FREE_OFF = Terms(bills_when_stopped=False)
STOPPED_AT = datetime(2026, 11, 2, tzinfo=UTC)


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


def kept(*xnodes: XNode) -> FakeLedger:
    """A ledger that heard of each when it was rented, and of its end."""
    moment = [STOPPED_AT]
    inventory = FakeInventory(now=lambda: moment[0])
    for one in xnodes:
        moment[0] = one.created_at
        running = {"status": ServerStatus.RUNNING, "terminated_at": None}
        inventory.add(one.model_copy(update=running))
        moment[0] = one.terminated_at or STOPPED_AT
        inventory.update(one)
    return FakeLedger(inventory)


def report(
    *xnodes: XNode, now: str, by: GroupedBy = "provider", terms: TermsOf = lambda _: Terms()
) -> CostReport:
    return cost_report(kept(*xnodes), by=by, now=at(now), terms=terms)


def only(made: CostReport) -> CurrencyCosts:
    (currency,) = made.currencies
    return currency


def groups(made: CostReport) -> dict[str, CostGroup]:
    return {group.key: group for group in only(made).groups}


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


def test_a_day_is_24_hours_and_a_year_twelve_months() -> None:
    whole = only(report(xnode("web", "0.00893", "6"), now="2026-11-23T12:00"))
    assert whole.hourly == Money.of("0.00893")
    assert whole.daily == Money.of("0.21432")
    assert whole.monthly == Money.of("6")
    assert whole.annual == Money.of("72")
    assert whole.xnodes == 1


def test_a_stopped_one_costs_as_before_where_the_cloud_bills_it() -> None:
    stopped = xnode("web", "0.01", "6", status=ServerStatus.STOPPED)
    made = report(stopped, now="2026-11-23T12:00", terms=lambda _: BILLED_OFF)
    assert only(made).monthly == Money.of("6")
    assert made.unbilled == ()


def test_a_stopped_one_has_no_rate_where_the_cloud_does_not_bill_it() -> None:
    stopped = xnode("web", "0.01", "6", status=ServerStatus.STOPPED)
    made = report(stopped, now="2026-11-02T00:00", terms=lambda _: FREE_OFF)
    assert only(made).monthly == only(made).hourly == only(made).annual == Money.of(0)
    assert only(made).to_date == Money.of("0.24")
    assert only(made).xnodes == 0
    assert made.unbilled == ("web",)


def test_each_provider_is_asked_about_its_own_stopped_ones() -> None:
    made = report(
        xnode("a", "0.01", "6", status=ServerStatus.STOPPED, provider="aws"),
        xnode("b", "0.01", "6", status=ServerStatus.STOPPED, provider="vultr"),
        now="2026-11-23T12:00",
        terms={"aws": FREE_OFF, "vultr": BILLED_OFF}.__getitem__,
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
    assert (
        groups(report(stopped, now="2026-11-02T00:00", terms=lambda _: FREE_OFF))[
            "digitalocean"
        ].share
        == 0
    )


def test_no_xnodes_cost_nothing() -> None:
    made = report(now="2026-11-23T12:00")
    assert made.currencies == ()
    assert made.unbilled == ()


PRICES = st.decimals(min_value=0, max_value=5000, places=5)
NOW = at("2026-11-23T12:34:56.789")
FLEETS = st.lists(
    st.builds(
        Tally,
        key=st.none() | st.sampled_from(["a", "b"]),
        currency=st.sampled_from(["USD", "EUR"]),
        billed=st.integers(1, 9),
        idle=st.integers(0, 9),
        hourly=PRICES,
        monthly=PRICES,
        spent=PRICES,
    ),
    max_size=6,
    unique_by=lambda row: (row.key, row.currency),
)


class Told:
    """A ledger that says what it is told to."""

    def __init__(self, rows: list[Tally]) -> None:
        self.rows = rows

    def tally(self, *_asked: object) -> list[Tally]:
        return self.rows

    def rates(self, _terms: object) -> list[Rate]:
        return []

    def unbilled(self, _terms: object) -> list[str]:
        return ["x"]

    def lives(self, xnodes: Iterable[str] | None = None) -> dict[str, list[Span]]:
        return {one: [] for one in xnodes or ()}


@given(rows=FLEETS)
def test_the_groups_always_sum_exactly_to_the_whole(rows: list[Tally]) -> None:
    made = cost_report(Told(rows), by="region", now=NOW, terms=lambda _: Terms())
    for whole in made.currencies:
        for figure in ("hourly", "daily", "monthly", "annual", "to_date"):
            parts = sum((getattr(group, figure).amount for group in whole.groups), Decimal(0))
            assert parts == getattr(whole, figure).amount
        shares = sum((group.share for group in whole.groups), Decimal(0))
        assert abs(shares - (100 if whole.monthly.amount else 0)) < Decimal("1e-20")


def ahead(*xnodes: XNode, now: str) -> dict[str, tuple[Money, Money, Money]]:
    told = forecast(kept(*xnodes), now=at(now), terms=lambda _: Terms())
    return {
        each.currency: (each.to_date, each.month_end, each.next_month) for each in told.currencies
    }


def test_a_forecast_goes_on_as_it_is_to_the_end_of_the_month_and_over_the_next() -> None:
    machines = (xnode("web", "0.01", "99"), xnode("db", "0.02", "0", "EUR"))
    assert ahead(*machines, now="2026-11-21T00:00") == {
        "USD": (Money.of("4.8"), Money.of("7.2"), Money.of("7.44")),
        "EUR": (Money.of("9.6", "EUR"), Money.of("14.4", "EUR"), Money.of("14.88", "EUR")),
    }


def test_a_forecast_ends_with_a_time_to_live_unless_the_xnode_is_protected() -> None:
    ending = xnode("web", "0.01", "99", expires_at=at("2026-11-22T00:00"))
    assert ahead(ending, now="2026-11-21T00:00") == {
        "USD": (Money.of("4.8"), Money.of("5.04"), Money.of(0))
    }
    kept_on = ending.model_copy(update={"protected": True})
    assert ahead(kept_on, now="2026-11-21T00:00")["USD"][2] == Money.of("7.44")


def test_what_is_gone_is_in_no_forecast() -> None:
    gone = xnode("web", "0.01", "9", status=ServerStatus.GONE, terminated_at=at("2026-10-05T00:00"))
    assert ahead(gone, now="2026-11-21T00:00") == {}


def test_the_days_of_a_month_grow_to_what_it_came_to() -> None:
    machine = xnode("web", "0.01", "99", created_at=at("2026-11-02T12:00"))
    told = spent_by_day(kept(machine), now=at("2026-11-04T06:00"), terms=lambda _: Terms())
    assert [(day.day, day.spent) for day in told] == [
        (at("2026-11-02T00:00"), Money.of("0.12")),
        (at("2026-11-03T00:00"), Money.of("0.36")),
        (at("2026-11-04T00:00"), Money.of("0.42")),
    ]
