"""What a person sees of renting: plans in files, several at once, falling over, bad input."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.store.plan_files import LocalPlanFiles
from capsule_cli.wiring import Wiring
from capsule_domain.errors import OutOfStock
from capsule_domain.models.budget import Budget
from capsule_domain.models.cloud import CloudFacts
from capsule_domain.models.money import Money
from capsule_domain.models.template import Offer
from capsule_domain.ports.settings import OpenmeshSettings
from tests.cli.running import Ran, capsule
from tests.cli.test_openmesh import Desk
from tests.fakes.choices import FakeChoices
from tests.fakes.offers import DEFAULT_OFFERS, offer
from tests.fakes.price_lists import FakePriceLists
from tests.fakes.provider import CAPABILITIES, FakeProvider
from tests.services.renting import Street

ENDED = date(2026, 6, 30)


def euros(one: Offer) -> Offer:
    prices = {
        name: getattr(one, name).model_copy(update={"currency": "EUR"})
        for name in ("price_per_hour", "price_per_month")
    }
    return one.model_copy(update=prices)


@dataclass
class Market:
    """A desk at one cloud, whose offers may move, and its plan files."""

    desk: Desk = field(default_factory=Desk)
    ended: dict[str, date] = field(default_factory=dict)
    ahead_seconds: float | None = None
    answers: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    @property
    def cloud(self) -> FakeProvider:
        return self.desk.street.cloud

    def wiring(self) -> Wiring:
        return replace(
            self.desk.wiring(),
            plan_files=LocalPlanFiles,
            ended=self.ended.get,
            clock_ahead=lambda _cloud: self.ahead_seconds,
        )

    def says(self, *arguments: str) -> Ran:
        return capsule(*arguments, wiring=self.wiring(), answer=self._answer)

    def deploy(self, *arguments: str) -> Ran:
        return self.says("openmesh", "deploy", *arguments)

    def _answer(self, question: str) -> str:
        self.questions.append(question)
        return self.answers.pop(0) if self.answers else "y"


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def plan(market: Market, tmp_path: Path) -> str:
    file = str(tmp_path / "plan.json")
    done = market.deploy("--name", "web-1", "--plan-out", file)
    assert done.code == 0
    assert f"✓ the plan is in {file}; nothing was rented" in done.stdout
    return file


def test_a_plan_in_a_file_is_carried_out_after_one_question(market: Market, plan: str) -> None:
    assert market.cloud.attempts == []
    assert Path(plan).stat().st_mode & 0o777 == 0o600
    done = market.deploy("--plan", plan, "--json")
    assert (done.code, done.data["name"], len(market.questions)) == (0, "web-1", 1)
    again = market.deploy("--plan", plan, "--yes")
    assert (again.code, len(market.cloud.attempts)) == (5, 1)


@pytest.mark.parametrize("also", [["--name", "b"], ["--os", "nixos"], ["--ttl", "8h"], ["--gpu"]])
def test_a_plan_cannot_be_changed_on_the_way(market: Market, plan: str, also: list[str]) -> None:
    done = market.deploy("--plan", plan, *also)
    assert done.code == 2
    assert f"--plan is the whole plan, and {also[0]} would change it" in done.stderr


def test_a_plan_whose_price_or_stock_moved_or_that_was_edited_rents_nothing(
    market: Market, plan: str
) -> None:
    dearer = DEFAULT_OFFERS[0].model_copy(update={"price_per_hour": Money.of("0.02")})
    market.cloud.offers_ = [dearer, *DEFAULT_OFFERS[1:]]
    moved = market.deploy("--plan", plan, "--yes")
    assert moved.code == 5
    assert "costs 0.02 USD an hour now, not 0.01 USD" in moved.stderr
    market.cloud.offers_ = DEFAULT_OFFERS[1:]
    assert "is not sold any more" in market.deploy("--plan", plan, "--yes").stderr
    market.cloud.offers_ = DEFAULT_OFFERS
    text = Path(plan).read_text().replace('"web-1"', '"web-2"')
    Path(plan).write_text(text)
    edited = market.deploy("--plan", plan, "--yes")
    assert (edited.code, market.cloud.attempts) == (5, [])


def test_a_plan_keeps_to_the_key_that_was_named(market: Market, tmp_path: Path) -> None:
    file, keys = str(tmp_path / "plan.json"), market.desk.street.keys
    for path in ("/keys/mine", "/keys/other"):
        keys.files[path] = keys.new_host_key().private_openssh.get_secret_value()
    market.deploy("--name", "web-1", "--ssh-key", "/keys/mine", "--plan-out", file)
    other = market.deploy("--plan", file, "--ssh-key", "/keys/other", "--yes")
    assert (other.code, "what was planned: the SSH key" in other.stderr) == (5, True)
    assert market.deploy("--plan", file, "--json", "--yes").data["ssh_key"] == "/keys/mine"


def test_a_plan_made_by_force_is_carried_out_by_force_alone(market: Market, tmp_path: Path) -> None:
    market.ended["fakecloud"] = ENDED
    file = str(tmp_path / "forced.json")
    made = market.deploy(
        "--name", "web-1", "--provider", "fakecloud", "--force", "--plan-out", file
    )
    assert made.code == 0
    refused = market.deploy("--plan", file, "--yes")
    assert (refused.code, market.cloud.attempts) == (5, [])
    assert "fakecloud ended on 2026-06-30" in refused.stderr
    assert market.deploy("--plan", file, "--force", "--yes").code == 0


def test_several_are_rented_after_one_question_with_the_whole_price(market: Market) -> None:
    for number in (2, 3):
        market.desk.street.hosts.add(f"127.77.0.{number}", answers=_answers(market))
    done = market.deploy("--name", "web", "--count", "3", "--tags", "a", "--json")
    assert done.code == 0
    assert [one["name"] for one in done.data] == ["web-1", "web-2", "web-3"]
    assert all(one["xnode"]["status"] == "running" for one in done.data)
    assert all(one["error"] is None for one in done.data)
    [question] = market.questions
    assert question == "Rent 3 xNodes for $0.03 an hour, $18.00 a month at most? [y/N] "


def _answers(market: Market) -> dict[str, Any]:
    return dict(market.desk.street.machine.answers)


def test_each_of_several_has_its_own_result_and_the_worst_is_the_end(market: Market) -> None:
    market.cloud.create_fails = OutOfStock("fakecloud", "none left")
    market.cloud.offers_ = DEFAULT_OFFERS[:1]
    done = market.deploy("--name", "web", "--count", "2", "--json")
    assert done.code == 6
    failed = [one for one in done.data if one["error"]]
    assert [one["error"]["code"] for one in failed] == ["out_of_stock"]
    assert len([one for one in done.data if one["xnode"]]) == 1


def test_a_dearer_fallback_is_asked_about_and_a_no_rents_nothing(market: Market) -> None:
    market.cloud.create_fails = OutOfStock("fakecloud", "none left in west")
    market.answers = ["y", "n"]
    done = market.deploy("--name", "web-1")
    assert (done.code, market.cloud.servers_by_id) == (130, {})
    assert market.questions[1] == (
        "fakecloud: none left in west\n"
        "Rent web-1 at small in east at fakecloud instead, for $0.012 an hour, $7.00 a month? "
        "It was $0.01 an hour. [y/N] "
    )


def test_yes_stands_for_a_fifth_more_and_not_for_eight_times(market: Market) -> None:
    market.cloud.create_fails = OutOfStock("fakecloud", "none left in west")
    done = market.deploy("--name", "web-1", "--yes")
    assert done.code == 0
    assert "goes on with web-1 at small in east at fakecloud, $0.012 an hour" in done.stderr
    market.cloud.offers_ = [DEFAULT_OFFERS[0], DEFAULT_OFFERS[2]]
    market.cloud.create_fails = OutOfStock("fakecloud", "none left in west")
    dear = market.deploy("--name", "web-2", "--yes")
    assert dear.code == 6
    assert "$0.08 an hour, $48.00 a month is more than --yes stands for" in dear.stderr
    assert len(market.cloud.servers_by_id) == 1


def test_a_time_to_live_is_in_the_inventory_and_on_the_server(market: Market) -> None:
    done = market.deploy("--name", "web-1", "--ttl", "8h", "--json")
    expires = datetime.fromisoformat(done.data["expires_at"])
    assert (expires - market.desk.street.clock.now()).total_seconds() == 8 * 3600
    [request] = market.cloud.created
    assert request.tags[1:] == (f"capsule-expires:{int(expires.timestamp())}",)


def test_prices_in_two_currencies_are_marked_as_compared(market: Market) -> None:
    market.cloud.offers_ = [euros(offer("small", "west", "0.01")), offer("b", "w", "0.02")]
    rates = market.desk.wiring().rates().model_copy(update={"usd_per": {"EUR": Decimal("1.1")}})
    wiring = replace(market.wiring(), rates=lambda: rates)
    done = capsule("openmesh", "deploy", "--name", "web-1", "--dry-run", wiring=wiring)
    assert "€0.01≈  €6.00≈" in done.stdout
    assert "≈ by the rates of 2026-11-23, 1 EUR = 1.1 USD: to compare, never to sum" in done.stdout


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (7200.0, "⚠ this clock is 2 h behind fakecloud's"),
        (-7200.0, "⚠ this clock is 2 h ahead of fakecloud's"),
        (12.0, ""),
        (None, ""),
    ],
)
def test_a_clock_that_is_wrong_by_hours_is_told(
    market: Market, seconds: float | None, told: str
) -> None:
    market.ahead_seconds = seconds
    done = market.deploy("--name", "web-1", "--dry-run")
    assert told in done.stderr
    assert ("clock" in done.stderr) is bool(told)


def test_a_template_is_rented_by_hand(market: Market) -> None:
    words = ("openmesh", "xnode", "deploy-with-provider", "--provider", "fakecloud")
    done = market.says(*words, "--template", "large", "--name", "big", "--json")
    assert (done.code, done.data["template"], done.data["name"]) == (0, "large", "big")
    market.desk.street.hosts.add("127.77.0.2", answers=_answers(market))
    plain = market.says("openmesh", "xnode", "deploy", "--template", "SMALL", "--json")
    assert plain.data["template"] == "small"
    assert plain.data["name"].startswith("xnode-")
    unknown = market.says("openmesh", "xnode", "deploy", "--template", "smal")
    assert (unknown.code, "did you mean small?" in unknown.stderr) == (4, True)


def test_the_system_is_openmesh_ymls_unless_it_is_said(market: Market) -> None:
    market.cloud.offers_ = [offer("small", "west"), offer("large", "west", "1", "9", 4, 8192)]
    choices = FakeChoices()
    choices.save_openmesh(OpenmeshSettings.model_validate({"default_os": "xnodeos"}))
    wiring = replace(market.wiring(), choices=lambda: choices)
    line = ("openmesh", "deploy", "--name", "web-1", "--dry-run", "--json")
    chosen = capsule(*line, wiring=wiring).data
    assert (chosen["os"], chosen["offer"]["template"]) == ("xnodeos", "large")
    stock = capsule(*line, "--os", "stock", wiring=wiring).data
    assert (stock["os"], stock["offer"]["template"]) == ("stock", "small")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "it needs a name"),
        (["--name", "Web"], 2, "cannot name an xNode"),
        (["--name", "w", "--count", "0"], 2, "--count 0 is not from 1 to 100"),
        (["--name", "w", "--spread", "x"], 2, "nothing is spread by 'x'"),
        (["--name", "w", "--ttl", "-1h"], 2, "'-1h' is past already"),
        (["--name", "w", "--ttl", "9000d"], 2, "is more than 366 days"),
        (["--name", "w", "--min-cpu", "1.5"], 2, "is no whole number for --min-cpu"),
        (["--name", "w", "--min-memory", "8..4"], 2, "the least is more than the most"),
        (["--name", "w", "--min-memory", ".."], 2, "neither a least nor a most"),
        (["--name", "w", "--min-disk", "x"], 2, "'x' is no amount for --min-disk"),
        (["--name", "w", "--os", "windows"], 2, "os 'windows'"),
        (["--name", "w", "--provider", ""], 4, "no provider named ''"),
        (["--name", "w", "--region", "africa"], 4, "no continent with a region named 'Africa'"),
        (["--name", "w", "--min-cpu", "64"], 4, "without --min-cpu there is small in west"),
        (["--name", "w", "--tags", "a=b"], 2, "the tag 'a=b' is refused by fakecloud"),
        (["--name", "w", "--plan", "none.json"], 2, "--name would change it"),
        (["--plan", "none.json"], 4, "no file named 'none.json'"),
    ],
)
def test_bad_input_is_told_and_rents_nothing(
    market: Market, arguments: Sequence[str], code: int, told: str
) -> None:
    done = market.deploy(*arguments)
    assert (done.code, told in done.stderr) == (code, True), done.stderr
    assert market.cloud.attempts == []


def test_a_taken_name_is_told_before_anybody_is_asked(market: Market) -> None:
    market.desk.street.run()
    market.cloud.calls.clear()
    assert market.deploy("--name", "web-1", "--yes").code == 5
    assert (market.cloud.calls, market.questions) == ([], [])


def test_a_full_account_is_seen_before_anything_is_asked(market: Market) -> None:
    market.cloud.server_limit = 0
    done = market.deploy("--name", "web-1", "--yes")
    assert done.code == 4
    assert "fakecloud lets the account have 0 servers, and it has 0" in done.stderr
    assert market.cloud.attempts == []


def test_without_any_key_the_variables_are_named(tmp_path: Path) -> None:
    done = capsule("openmesh", "deploy", "--name", "web-1", home=tmp_path)
    assert done.code == 3
    assert "no cloud is configured" in done.stderr
    for variable in ("DIGITALOCEAN_API_KEY", "VULTR_API_KEY", "AWS_ACCESS_KEY_ID"):
        assert variable in done.stderr
    assert "EQUINIX" not in done.stderr


def test_a_plan_as_data_is_whole(market: Market) -> None:
    done = market.deploy("--name", "web", "--count", "2", "--dry-run", "--json")
    assert [one["name"] for one in json.loads(done.stdout)] == ["web-1", "web-2"]
    assert [o["slug"] for o in done.data[0]["fallbacks"]] == ["small", "large"]


def test_interrupted_while_renting_what_may_be_billed_is_told(market: Market) -> None:
    street: Street = market.desk.street
    create: Callable[..., object] = street.cloud.create

    def interrupted(request: object) -> object:
        create(request)
        raise KeyboardInterrupt

    street.cloud.create = interrupted  # type: ignore[method-assign,assignment]
    done = market.deploy("--name", "web-1", "--yes")
    assert done.code == 130
    assert "of web-1 is intended: something may be billed" in done.stderr
    [left] = street.journal.list(unfinished=True)
    assert f"capsule openmesh deploy --resume {left.id}" in done.stderr


def test_what_a_server_cannot_be_told_is_refused_before_anybody_is_asked(market: Market) -> None:
    market.cloud.offers_ = [offer("large", "west", "1", "9", 4, 8192)]
    ownerless = market.deploy("--name", "web-1", "--os", "xnodeos")
    assert (ownerless.code, market.questions) == (3, [])
    assert "owner" in ownerless.stderr


def _budgeted(market: Market, limit: str) -> Wiring:
    choices = FakeChoices()
    budget = Budget.model_validate({"scope": "all", "limit": limit})
    choices.save_openmesh(OpenmeshSettings(budgets=(budget,)))
    return replace(market.wiring(), choices=lambda: choices)


def test_what_goes_beyond_a_budget_is_refused_unless_a_reason_is_kept(market: Market) -> None:
    line = ("openmesh", "deploy", "--name", "web-1", "--yes")
    small = _budgeted(market, "1 USD")
    refused = capsule(*line, wiring=small)
    assert (refused.code, market.cloud.attempts) == (3, [])
    assert "--override-budget REASON" in refused.stderr
    assert capsule(*line, "--override-budget", " ", wiring=small).code == 2
    done = capsule(*line, "--override-budget", "a demo", wiring=small)
    assert done.code == 0
    assert "it is gone beyond: a demo" in done.stderr
    [deployment] = market.desk.street.journal.list()
    assert deployment.plan is not None
    assert deployment.plan.over_budget == "a demo"


def test_within_a_budget_it_is_told_how_near_that_is(market: Market) -> None:
    wiring = _budgeted(market, "8 USD")
    done = capsule("openmesh", "deploy", "--name", "web-1", "--dry-run", "--json", wiring=wiring)
    assert done.code == 0
    assert "of its budget of 8 USD" in done.stderr
    assert [each["region"] for each in done.data["fallbacks"]] == ["east"]


def test_templates_and_deploy_give_the_same_answer(market: Market) -> None:
    for filters in (
        [],
        ["--region", "east"],
        ["--min-cpu", "2..8", "--min-memory", "4"],
        ["--os", "xnodeos", "--max-price", "0.1"],
        ["--provider", "fakecloud", "--min-disk", "20"],
    ):
        wiring = replace(market.wiring(), price_lists=FakePriceLists)
        listed = capsule("openmesh", "templates", "--live", "--json", *filters, wiring=wiring)
        line = ("openmesh", "deploy", "--name", "w", "--dry-run", "--json", *filters)
        chosen = capsule(*line, wiring=wiring).data["offer"]
        first = listed.data[0]
        assert {key: first[key] for key in chosen} == chosen


def test_what_a_cloud_bills_beside_the_price_is_told_before_anybody_is_asked(
    market: Market,
) -> None:
    can = CAPABILITIES.model_copy(
        update={"address_per_hour": Money.of("0.002"), "not_counted": "disk"}
    )
    facts = CloudFacts(name="fakecloud", title="fakecloud", capabilities=can)
    wiring = replace(market.wiring(), facts=lambda _name: facts)
    done = capsule("openmesh", "deploy", "--name", "web-1", "--dry-run", wiring=wiring)
    assert done.stderr == (
        "fakecloud bills $0.002 an hour for the public address of each that runs, "
        "beside these prices\n"
        "fakecloud bills disk too: price unknown, not counted\n"
    )
