"""Budgets: set, used, kept to, gone beyond."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from capsule_domain.errors import BudgetExceeded, NotFound, UsageError
from capsule_domain.models.billing import Terms
from capsule_domain.models.budget import Budget, BudgetScope, monthly_limit
from capsule_domain.models.deployment import DeployPlan
from capsule_domain.models.money import Money
from capsule_domain.models.requirements import Requirements
from capsule_domain.services.budgets import Budgets
from capsule_domain.services.plan import plan_deploy
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.ledger import FakeLedger
from tests.fakes.offers import offer
from tests.services.renting import RATES
from tests.services.test_cost import xnode

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TERMS = Terms()


def budgets(*limits: Budget, xnodes: tuple[Any, ...] = ()) -> Budgets:
    """These budgets over these xNodes, on the 21st of November."""
    times = [NOW]
    inventory = FakeInventory(now=lambda: times[0])
    for one in xnodes:
        inventory.add(one)
    clock = FakeClock()
    clock.advance((NOW - clock.now()).total_seconds())
    service = Budgets(FakeChoices(), FakeLedger(inventory), clock, lambda _: TERMS)
    for limit in limits:
        service.put(limit)
    return service


def for_all(limit: str) -> Budget:
    return Budget(scope=BudgetScope.ALL, limit=monthly_limit(limit))


def for_tag(tag: str, limit: str) -> Budget:
    return Budget(scope=BudgetScope.TAG, name=tag, limit=monthly_limit(limit))


def plan(name: str = "new", hourly: str = "0.01", **fields: Any) -> DeployPlan:
    """A month of it is 720 or 744 times the hour."""
    offers = [offer("small", "west", hourly, "0"), offer("small", "east", "0.05", "0")]
    return plan_deploy(name, offers, Requirements(), RATES, **fields)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("100", Money.of(100)),
        ("99.50 eur", Money.of("99.50", "EUR")),
        ("100EUR/mo", Money.of(100, "EUR")),
        ("0", Money.of(0)),
    ],
)
def test_a_limit_is_an_amount_a_month(text: str, limit: Money) -> None:
    assert monthly_limit(text) == limit


@pytest.mark.parametrize("text", ["", "lots", "-5", "1e3", "100EURO", "5/h", "١٢", "1,000", "nan"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no budget"):
        monthly_limit(text)


def test_a_budget_replaces_the_one_for_the_same_in_the_same_currency() -> None:
    service = budgets(for_all("100"), for_all("50EUR"), for_tag("web", "10"), for_all("200"))
    kept = [(b.title, str(b.limit)) for b in service.choices.openmesh().budgets]
    assert kept == [("all", "50 EUR"), ("tag web", "10 USD"), ("all", "200 USD")]


def test_one_currency_or_all_of_a_budget_are_taken_away() -> None:
    service = budgets(for_all("100"), for_all("50EUR"), for_tag("web", "10"))
    assert service.remove(BudgetScope.ALL, None, "EUR")[0] == [for_all("50EUR")]
    assert service.remove(BudgetScope.TAG, "web", None)[0] == [for_tag("web", "10")]
    with pytest.raises(NotFound, match="tag web"):
        service.remove(BudgetScope.TAG, "web", None)
    with pytest.raises(NotFound, match="all in GBP"):
        service.remove(BudgetScope.ALL, None, "GBP")
    assert [b.title for b in service.choices.openmesh().budgets] == ["all"]


# web: 480 of November's 720 hours at 0.01 are 4.80 by the 21st, 7.20 at its end, 7.44 after.
@pytest.mark.parametrize(
    ("limit", "percent", "warning"),
    [
        ("100", "4.8", None),
        ("9.60", "50.0", 50),
        ("6", "80.0", 80),
        ("4.80", "100.0", 100),
        ("4", "120.0", 100),
        ("0", "100", 100),
    ],
)
def test_a_state_tells_how_far_it_is_used(limit: str, percent: str, warning: int | None) -> None:
    machine = xnode("web", "0.01", "99", tags=("front",))
    other = xnode("db", "0.01", "99", provider="vultr")
    service = budgets(for_tag("front", limit), xnodes=(machine, other))
    [state] = service.states()
    assert (state.budget, state.spent) == ("tag front", Money.of("4.8"))
    assert (state.forecast, state.next_month) == (Money.of("7.2"), Money.of("7.44"))
    assert (str(state.percent), state.warning) == (percent, warning)


def test_a_budget_of_a_currency_counts_that_currency_alone() -> None:
    fleet = (xnode("web", "0.01", "99"), xnode("scw", "0.01", "99", "EUR", provider="scaleway"))
    service = budgets(for_all("10"), for_all("10EUR"), xnodes=fleet)
    assert [str(state.spent) for state in service.states()] == ["4.8 USD", "4.8 EUR"]


def test_without_a_budget_nothing_is_refused_or_changed() -> None:
    asked = [plan()]
    assert budgets().check(asked) == (asked, ())


def test_a_plan_within_a_budget_is_let_through() -> None:
    assert budgets(for_all("100")).check([plan()]).warnings == []


def test_a_plan_that_the_next_month_could_not_bear_is_refused() -> None:
    """This month has ten days left: 2.40. All of December would be 7.44."""
    with pytest.raises(BudgetExceeded, match=r"next month would come to 7\.44 USD") as told:
        budgets(for_all("7")).check([plan()])
    assert "budget for all is 7 USD a month, and with new" in told.value.message
    assert "--override-budget" in (told.value.hint or "")


def test_what_is_spent_counts_too() -> None:
    """4.80 by now; 7.20 at the month's end, and 14.88 in all the next with the new one."""
    service = budgets(for_all("14.88"), xnodes=(xnode("web", "0.01", "99"),))
    assert service.check([plan()]).warnings == [
        "next month all would come to 14.88 USD, 100 % or more of its budget of 14.88 USD"
    ]
    with pytest.raises(BudgetExceeded):
        budgets(for_all("14.87"), xnodes=(xnode("web", "0.01", "99"),)).check([plan()])


def test_several_plans_count_together() -> None:
    service = budgets(for_all("10"))
    service.check([plan("one")])
    with pytest.raises(BudgetExceeded, match=r"with one, two"):
        service.check([plan("one"), plan("two")])


def test_a_time_to_live_costs_no_longer_than_that() -> None:
    service = budgets(for_all("1"))
    service.check([plan(expires_at=NOW + timedelta(hours=8))])
    with pytest.raises(BudgetExceeded):
        service.check([plan()])


def test_a_tags_budget_is_for_that_tag_and_a_clouds_for_that_cloud() -> None:
    at_cloud = Budget(scope=BudgetScope.PROVIDER, name="fakecloud", limit=monthly_limit("1"))
    budgets(for_tag("web", "1")).check([plan(tags=("db",))])
    for limit in (for_tag("web", "1"), at_cloud):
        with pytest.raises(BudgetExceeded, match=limit.title):
            budgets(limit).check([plan(tags=("web",))])


def test_fallbacks_that_would_go_beyond_are_left_out() -> None:
    asked = plan()
    assert [o.region for o in asked.fallbacks] == ["east"]
    [kept] = budgets(for_all("10")).check([asked]).plans
    assert kept.fallbacks == ()
    [kept] = budgets(for_all("100")).check([asked]).plans
    assert kept == asked


def test_a_plan_in_a_currency_that_has_no_budget_is_refused() -> None:
    with pytest.raises(BudgetExceeded, match="is in EUR, and new would be paid in USD"):
        budgets(for_all("100EUR")).check([plan()])
    budgets(for_all("100EUR"), for_all("100")).check([plan()])
