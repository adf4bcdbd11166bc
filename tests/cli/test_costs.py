"""Costs, budgets, forecasts and advice, word for word, over fakes."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from capsule_adapters.docs.cost_page import HtmlCostPages
from capsule_cli.wiring import Wiring
from capsule_domain.models.cloud import CloudFacts
from capsule_domain.models.money import Money
from capsule_domain.models.price_list import PriceList
from capsule_domain.models.server import Capabilities
from tests.cli.running import Ran, capsule, wired
from tests.fakes.choices import FakeChoices
from tests.fakes.ledger import FakeLedger
from tests.fakes.monitor import FakeMonitor
from tests.fakes.offers import DEFAULT_OFFERS
from tests.fakes.price_lists import FakePriceLists
from tests.fakes.provider import CAPABILITIES
from tests.fakes.xnode_files import FakeXNodeFiles
from tests.services.renting import RATES, Street


class NoCatalogue:
    def templates(self) -> list[object]:
        return []

    def regions(self) -> list[object]:
        return []


@dataclass
class Desk:
    """A person, one xNode of $0.01 an hour, and five hours."""

    street: Street = field(default_factory=Street)
    choices: FakeChoices = field(default_factory=FakeChoices)
    files: FakeXNodeFiles = field(default_factory=FakeXNodeFiles)
    can: Capabilities = CAPABILITIES

    def __post_init__(self) -> None:
        self.street.run()
        self.street.clock.advance(5 * 3600)

    def wiring(self) -> Wiring:
        street = self.street
        now = street.clock.now()
        lists = FakePriceLists(
            PriceList(provider="fakecloud", asked_at=now, offers=tuple(DEFAULT_OFFERS))
        )
        return wired(
            clock=street.clock,
            choices=self.choices,
            catalogue=NoCatalogue(),
            price_lists=lists,
            rates=RATES,
            inventory=street.inventory,
            ledger=FakeLedger(street.inventory),
            monitor=FakeMonitor(street.clock),
            xnode_files=self.files,
            cost_pages=HtmlCostPages("1.0"),
            providers=["fakecloud", "othercloud"],
            ended=lambda _name: None,
            facts=lambda name: CloudFacts(name=name, title=name, capabilities=self.can),
        )

    def says(self, *words: str) -> Ran:
        return capsule("openmesh", *words, wiring=self.wiring())


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    assert desk.choices.saved_alone == []


def test_each_xnode_is_told_then_and_today(desk: Desk) -> None:
    assert desk.says("cost-report", "--each").stdout == (
        "xNode  cloud  template  rented at  today  monthly  this month   ever\n"
        "web-1  FAKE   small         $0.01  $0.01    $6.00       $0.05  $0.05\n"
    )


def test_csv_and_page_are_written_once_and_over_only_by_force(desk: Desk) -> None:
    done = desk.says("cost-report", "--csv", "c.csv", "--html", "c.html")
    assert (done.code, done.stderr) == (
        0,
        "✓ the costs of 1 xNodes are in c.csv\n✓ the page is c.html\n",
    )
    heading, row = desk.files.files["c.csv"].splitlines()
    told = dict(zip(heading.split(","), row.split(","), strict=True))
    assert (told["name"], told["currency"], told["rented_at"], told["to_date"]) == (
        *("web-1", "USD", "0.01"),
        "0.05",
    )
    assert "What the fleet costs" in desk.files.files["c.html"]
    assert desk.says("cost-report", "--csv", "c.csv").code == 5
    assert desk.says("cost-report", "--csv", "c.csv", "--force").code == 0


def test_a_dry_run_writes_no_file(desk: Desk) -> None:
    done = desk.says("cost-report", "--html", "c.html", "--dry-run")
    assert done.stderr == "would write c.html\n"
    assert desk.files.files == {}


def test_a_budget_is_set_shown_warned_of_and_taken_away(desk: Desk) -> None:
    assert desk.says("budget", "show").stdout == "none\n"
    done = desk.says("budget", "set", "0.06", "--provider", "fake")
    assert done.stdout == (
        "budget              a month  spent          at its end  next month\n"
        "provider fakecloud    $0.06  $0.05  83.3 %       $1.80       $6.00\n"
    )
    assert done.stderr == ("✓ openmesh.yml says now: 0.06 USD a month for provider fakecloud\n")
    assert desk.says("cost-report").stderr == (
        "⚠ budget provider fakecloud: $0.05 of $0.06 are spent, 83.3 %\n"
    )
    [state] = desk.says("budget", "show", "--json").data
    assert (state["budget"], state["warning"]) == ("provider fakecloud", 80)
    gone = desk.says("budget", "remove", "--provider", "fakecloud")
    assert (gone.code, gone.stdout) == (0, "none\n")
    assert desk.choices.openmesh().budgets == ()


def test_a_dry_run_of_a_budget_shows_it_and_keeps_nothing(desk: Desk) -> None:
    done = desk.says("budget", "set", "7", "--dry-run")
    assert "$7.00" in done.stdout
    assert desk.choices.openmesh().budgets == ()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("budget", "set", "lots"), 2),
        (("budget", "set", "-5"), 2),
        (("budget", "set", "5", "--tag", "a", "--provider", "fakecloud"), 2),
        (("budget", "set", "5", "--tag", " "), 2),
        (("budget", "set", "5", "--provider", "moon"), 4),
        (("budget", "remove"), 2),
        (("budget", "remove", "--all"), 4),
        (("cost-report", "--by", "moon"), 2),
        (("advice", "--region", "nowhere"), 4),
    ],
)
def test_what_cannot_be_is_refused(desk: Desk, words: tuple[str, ...], code: int) -> None:
    refused = desk.says(*words)
    assert refused.code == code
    assert "Traceback" not in refused.stderr


def test_the_forecast_is_the_month_s_end_and_the_next_with_what_is_beyond_a_budget(
    desk: Desk,
) -> None:
    desk.says("budget", "set", "5")
    assert desk.says("forecast").stdout == (
        "USD:\n"
        "this month  $0.05 so far\n"
        "at its end  $1.80\n"
        "next month  $6.00\n"
        "if nothing else is rented or ended; what has a time to live ends with it\n"
        "⚠ budget all: next month comes to $6.00, more than $5.00\n"
    )


def test_advice_says_what_it_does_not_know(desk: Desk) -> None:
    told = desk.says("advice").stdout
    assert told.startswith("nothing to save is known of\nthe oldest price is of ")
    assert told.endswith("so nobody knows whether idle: web-1\n")


def test_what_a_cloud_bills_beside_its_prices_is_counted_where_it_is_known_and_told(
    desk: Desk,
) -> None:
    plain = desk.says("cost-report", "--json").data
    assert plain["beside"] == []
    desk.can = CAPABILITIES.model_copy(
        update={"address_per_hour": Money.of("0.002"), "not_counted": "disk"}
    )
    told = desk.says("cost-report", "--json").data
    assert told["beside"] == [
        {
            "provider": "fakecloud",
            "address_per_hour": {"amount": "0.002", "currency": "USD"},
            "not_counted": "disk",
        }
    ]
    [costs] = told["currencies"]
    assert costs["hourly"]["amount"] == "0.012"
    assert costs["monthly"]["amount"] == "7.46"
    assert costs["to_date"]["amount"] == "0.06"
    text = desk.says("cost-report").stdout
    assert "fakecloud bills $0.002 an hour for the public address of each that runs" in text
    assert "fakecloud bills disk too: price unknown, not counted" in text
    each = desk.says("cost-report", "--each")
    assert " $7.46 " in each.stdout
    assert "price unknown, not counted" in each.stderr
    assert desk.says("forecast", "--json").data["currencies"][0]["to_date"]["amount"] == "0.06"
    assert desk.says("cost-report", "--html", "c.html").code == 0
    assert "without disk, whose price is not known here" in desk.files.files["c.html"]
