"""The page of costs: what it says, what it escapes, and how a real Chromium shows it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from capsule_adapters.docs.cost_chart import bars, curve
from capsule_adapters.docs.cost_page import HtmlCostPages
from capsule_domain.models.billing import Terms
from capsule_domain.models.budget import Budget, BudgetScope, monthly_limit
from capsule_domain.models.cost import CostPage, DaySpent
from capsule_domain.models.money import Money
from capsule_domain.services.budgets import Budgets
from capsule_domain.services.cost import cost_report, forecast, spent_by_day
from capsule_domain.services.cost_each import CostEach, offers_by_place
from tests.browser import Tab, browser
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.ledger import FakeLedger
from tests.services.test_cost import xnode
from tests.tools import ROOT, needs_tool

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}</svg>"
ARTEFACTS = ROOT / "artefacts" / "costs"


def page(tag: str = HOSTILE) -> CostPage:
    """Two currencies, a long and hostile tag, a budget that is used up, many groups."""
    fleet = [
        xnode(f"node-{n}", f"0.0{n + 10}", str(7 + n), tags=(f"team-{n}",), region=f"r{n}")
        for n in range(20)
    ]
    fleet.append(xnode("evil", "0.9", "600", tags=(tag,), profile=tag))
    fleet.append(xnode("eu", "0.02", "12", "EUR", provider="scaleway"))
    inventory = FakeInventory(fleet, now=lambda: NOW)
    ledger = FakeLedger(inventory)
    clock = FakeClock()
    clock.advance((NOW - clock.now()).total_seconds())

    def terms(_: str) -> Terms:
        return Terms()

    service = Budgets(FakeChoices(), ledger, clock, terms)
    service.put(Budget(scope=BudgetScope.TAG, name=tag, limit=monthly_limit("100")))
    each = CostEach(inventory, ledger, terms, offers_by_place(()))
    return CostPage(
        report=cost_report(ledger, by="tag", now=NOW, terms=terms),
        forecast=forecast(ledger, now=NOW, terms=terms, budgets=service.states()),
        days=tuple(spent_by_day(ledger, now=NOW, terms=terms)),
        xnodes=tuple(each.of_all(NOW)[:25]),
    )


def test_hostile_words_stay_words() -> None:
    text = HtmlCostPages("1.0").text(page())
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{ 7*7 }}" in text
    assert text.count("</svg>") == 4


def test_it_needs_nothing_from_anywhere() -> None:
    text = HtmlCostPages("1.0").text(page())
    assert "default-src 'none'" in text
    assert "http://" not in text
    assert "https://" not in text


def test_a_fleet_that_costs_nothing_has_a_page_too() -> None:
    empty = FakeLedger(FakeInventory())
    bare = CostPage(
        report=cost_report(empty, by="region", now=NOW, terms=lambda _: Terms()),
        forecast=forecast(empty, now=NOW, terms=lambda _: Terms()),
    )
    assert "Nothing is billed." in HtmlCostPages("1.0").text(bare)


def test_the_thirteenth_group_and_all_after_it_are_one_bar() -> None:
    [_, usd] = page().report.currencies
    drawn = bars(usd.groups)
    assert [bar.label for bar in drawn.bars][-1] == "9 others"
    assert sum((bar.amount for bar in drawn.bars), Decimal(0)) == usd.monthly.amount
    assert drawn.bars[0].width == max(bar.width for bar in drawn.bars)


def test_a_curve_ends_today_and_its_forecast_at_the_month_s_end() -> None:
    days = [
        DaySpent(day=datetime(2026, 11, day, tzinfo=UTC), spent=Money.of(day)) for day in (1, 2)
    ]
    drawn = curve(
        days, Decimal(30), datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 11, 2, 12, tzinfo=UTC)
    )
    assert drawn is not None
    right = drawn.right
    left, width = drawn.left, drawn.right - drawn.left
    now = round(left + width * 1.5 / 30, 1)
    assert drawn.spent.split()[-1].startswith(f"{now:g},")
    assert drawn.ahead.split()[0] == drawn.spent.split()[-1]
    assert drawn.ahead.split()[1] == f"{right:g},15"
    assert curve([], Decimal(0), NOW, NOW) is None


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    needs_tool("chromium")
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [(360, 740), (1280, 900)], ids=["phone", "desk"])
def test_it_is_shown_without_a_complaint_or_a_request(
    tab: Tab, tmp_path: Path, size: tuple[int, int], *, dark: bool
) -> None:
    file = tmp_path / "costs.html"
    file.write_text(HtmlCostPages("1.0").text(page()), encoding="utf-8")
    tab.show(file.as_uri(), *size, dark=dark)
    tab.screenshot(ARTEFACTS / f"{size[0]}x{size[1]}-{'dark' if dark else 'light'}.png", whole=True)
    assert tab.complaints == []
    assert tab.requests == [file.as_uri()]
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
    assert tab.evaluate("document.querySelectorAll('svg rect.bar').length") == 14
