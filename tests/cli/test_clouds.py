"""Clouds on the command line: prices, keys, regions, the dashboard; word for word, over fakes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import pytest

from capsule_cli.wiring import Wiring
from capsule_domain.errors import (
    AccountLocked,
    CapsuleError,
    CredentialsMissing,
    CredentialsRefused,
    PermissionMissing,
    ProjectUnknown,
    ProviderUnavailable,
    RateLimited,
)
from capsule_domain.models.cloud import CloudFacts
from capsule_domain.models.profile import Profile
from capsule_domain.models.template import Region, Template
from capsule_domain.ports.cloud_keys import CloudKey
from capsule_domain.ports.provider import Provider
from capsule_domain.ports.settings import OpenmeshSettings
from tests.cli.running import Ran, capsule, wired
from tests.fakes.choices import FakeChoices
from tests.fakes.cloud_keys import FakeCloudKeys
from tests.fakes.ledger import FakeLedger
from tests.fakes.offers import offer
from tests.fakes.plots import planted_everywhere
from tests.fakes.presets import FakePresets, stack
from tests.fakes.price_lists import FakePriceLists
from tests.fakes.provider import CAPABILITIES, FakeProvider
from tests.fakes.xnode_files import FakeXNodeFiles
from tests.services.renting import RATES, Street

WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
ENDED = date(2026, 6, 30)


def template(name: str, provider: str, *, sourced: bool = True) -> Template:
    size = offer("s-1", "west", provider=provider).model_dump(exclude={"region"})
    return Template(**{**size, "template": name, "slug": name, "sourced": sourced})


@dataclass(frozen=True)
class Shelf:
    """A small catalogue."""

    def providers(self) -> Sequence[str]:
        return ["fakecloud", "paircloud"]

    def templates(self) -> Sequence[Template]:
        return [template("basic", "fakecloud", sourced=False), template("old", "paircloud")]

    def regions(self) -> Sequence[Region]:
        return [
            Region(
                provider="fakecloud",
                region="west",
                name="Out West",
                country="US",
                aliases=("wild",),
            ),
            Region(provider="paircloud", region="EAST1", name="Down East", country="US"),
        ]


@dataclass
class Desk:
    """A command line over two fake clouds, the second of which has ended."""

    street: Street = field(default_factory=Street)
    keys: FakeCloudKeys = field(default_factory=FakeCloudKeys)
    lists: FakePriceLists = field(default_factory=FakePriceLists)
    choices: FakeChoices = field(default_factory=FakeChoices)
    configured: list[str] = field(default_factory=lambda: ["fakecloud"])
    over: list[str] = field(default_factory=lambda: ["paircloud"])
    silent: list[str] = field(default_factory=list)
    tried: list[CloudKey] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.street.clock.advance(12 * 3600)
        self.street.keys.files["mine"] = (
            self.street.keys.new_host_key().private_openssh.get_secret_value()
        )

    def provider(self, name: str) -> Provider:
        if name not in self.configured:
            raise CredentialsMissing(name, "PAIR_KEY_ID")
        if name in self.silent:
            return FakeProvider(name=name, fails=ProviderUnavailable(name, "no answer"))
        return self.street.cloud

    def connect(self, _name: str, key: CloudKey) -> Provider:
        self.tried.append(key)
        return self.street.cloud

    def facts(self, name: str) -> CloudFacts:
        ended = self.ended(name)
        return CloudFacts(name=name, title=name.title(), capabilities=CAPABILITIES, ended=ended)

    def ended(self, name: str) -> date | None:
        return ENDED if name in self.over else None

    def wiring(self) -> Wiring:
        street = self.street
        return wired(
            **planted_everywhere(),
            clock=street.clock,
            choices=self.choices,
            presets=FakePresets([stack("web")], [Profile(name="minimal", stacks=("web",))]),
            catalogue=Shelf(),
            rates=RATES,
            inventory=street.inventory,
            ledger=FakeLedger(street.inventory),
            xnode_files=FakeXNodeFiles(),
            journal=street.journal,
            keys=street.keys,
            providers=["fakecloud", "paircloud"],
            configured=self.configured,
            provider=self.provider,
            provider_with=self.connect,
            facts=self.facts,
            ended=self.ended,
            cloud_keys=self.keys,
            price_lists=self.lists,
            bills_when_stopped=lambda _name: True,
        )

    def says(
        self, *arguments: str, answer: Callable[[str], str] | None = None, piped: str = ""
    ) -> Ran:
        return capsule("openmesh", *arguments, wiring=self.wiring(), answer=answer, piped=piped)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def answers(*given: str) -> Callable[[str], str]:
    """A person who gives these answers in turn."""
    left = iter(given)
    return lambda _question: next(left)


# -- templates ---------------------------------------------------------------------------


def test_the_catalogue_marks_what_nobody_vouches_for_and_what_has_ended(desk: Desk) -> None:
    done = desk.says("templates")
    assert done.stdout == (
        "cloud  template  where  cores  GiB  disk    $/hr    $/mo\n"
        "FAKE   basic     west       1    1    25  $0.01?  $6.00?\n"
        "PAIR   old†      west       1    1    25   $0.01   $6.00\n"
        "? nobody vouches for this price: --live asks\n"
        "† paircloud ended on 2026-06-30: nothing can be rented there\n"
    )
    rows = desk.says("templates", "--json").data
    assert [(row["sourced"], row["ended"]) for row in rows] == [(False, None), (True, "2026-06-30")]


def test_the_templates_of_one_cloud_are_those_of_the_catalogue(desk: Desk) -> None:
    assert [
        row["template"] for row in desk.says("provider", "templates", "pair", "--json").data
    ] == ["old"]
    unknown = desk.says("provider", "templates", "fakeclout")
    assert (unknown.code, unknown.stderr.splitlines()[0]) == (
        4,
        "✗ no provider named 'fakeclout'; did you mean fakecloud?",
    )


def test_live_prices_are_kept_and_a_change_is_shown(desk: Desk) -> None:
    assert desk.says("templates", "--live", "--json").data[0]["previous"] is None
    kept = desk.lists.lists["fakecloud"]
    desk.street.clock.advance(3600)
    dearer = offer("small", "west", "0.02", "12")
    desk.street.cloud.offers_ = [dearer, *desk.street.cloud.offers_[1:]]
    done = desk.says("templates", "--live")
    assert "Prices that moved:\n" in done.stdout
    told = (
        f"small in west at fakecloud: $0.01 → $0.02 an hour, since {kept.asked_at:%Y-%m-%d %H:%M}"
    )
    assert told in done.stdout
    assert done.stderr == "asking fakecloud …\n"
    assert desk.lists.lists["fakecloud"].offers[0] == dearer


def test_a_change_is_shown_even_when_nothing_fits(desk: Desk) -> None:
    desk.says("templates", "--live")
    desk.street.cloud.offers_ = [offer("small", "west", "0.02", "12")]
    done = desk.says("templates", "--live", "--max-price", "0.001")
    assert done.stdout.startswith("none of 1 fits\nPrices that moved:\n  small in west")


def test_a_changed_price_is_in_the_json_beside_the_new_one(desk: Desk) -> None:
    desk.says("templates", "--live")
    desk.street.cloud.offers_ = [offer("small", "west", "0.02", "12")]
    [row] = desk.says("templates", "--live", "--json").data
    assert row["price_per_hour"] == {"amount": "0.02", "currency": "USD"}
    assert row["previous"]["price_per_hour"] == {"amount": "0.01", "currency": "USD"}


def test_a_silent_cloud_is_stood_in_for_by_its_last_answer(desk: Desk) -> None:
    desk.says("templates", "--live")
    desk.street.clock.advance(3 * 3600)
    desk.street.cloud.fails = ProviderUnavailable(
        "fakecloud", "no answer", hint="is the network up?"
    )
    done = desk.says("templates", "--live")
    assert done.code == 0
    assert done.stderr == (
        "asking fakecloud …\n"
        "⚠ fakecloud: no answer; its prices are those of 3 h ago\n"
        "▸ is the network up?\n"
    )
    assert "small" in done.stdout
    for_scripts = desk.says("templates", "--live", "--json")
    assert '{"warning": {"message": "fakecloud: no answer; its prices' in for_scripts.stderr


def test_when_nothing_is_known_the_worst_error_decides(desk: Desk) -> None:
    desk.street.cloud.fails = ProviderUnavailable("fakecloud", "no answer")
    assert desk.says("templates", "--live").code == 7
    desk.street.cloud.fails = CredentialsRefused("fakecloud", "not accepted")
    assert desk.says("templates", "--live").code == 6
    assert desk.says("templates", "--live", "--provider", "paircloud").code == 3
    desk.configured.clear()
    none = desk.says("templates", "--live")
    assert none.code == 3
    assert "provider configure" in none.stderr


def test_a_damaged_list_and_a_full_disk_are_told_and_do_not_hinder(desk: Desk) -> None:
    desk.lists.damaged.add("fakecloud")
    damaged = desk.says("templates", "--live")
    assert damaged.code == 0
    assert "⚠ fakecloud.json is no price list of ours\n" in damaged.stderr
    desk.lists.full_disk = True
    full = desk.says("templates", "--live")
    assert full.code == 0
    assert "the disk is full" in full.stderr


def test_an_unknown_order_is_a_usage_error(desk: Desk) -> None:
    done = desk.says("templates", "--sort", "beauty")
    assert (done.code, done.stderr) == (
        2,
        "✗ templates cannot be sorted by 'beauty'\n▸ --sort price|cpu|memory|name\n",
    )


# -- regions -----------------------------------------------------------------------------


def test_regions_are_listed_with_their_other_words(desk: Desk) -> None:
    assert desk.says("regions").stdout == (
        "cloud  region  name       country  also called\n"
        "FAKE   west    Out West   US       wild\n"
        "PAIR   EAST1   Down East  US\n"
    )
    [row] = desk.says("regions", "--provider", "fakecloud", "--json").data
    assert row == {
        "provider": "fakecloud",
        "region": "west",
        "name": "Out West",
        "country": "US",
        "aliases": ["wild"],
    }


@pytest.mark.parametrize("word", ["west", "wild", "WEST", "Wild"])
def test_a_region_is_meant_by_any_of_its_words(desk: Desk, word: str) -> None:
    assert [r["region"] for r in desk.says("templates", "--region", word, "--json").data] == [
        "west",
        "west",
    ]
    live = desk.says("templates", "--live", "--region", word, "--json").data
    assert {row["region"] for row in live} == {"west"}
    desk.street.run()
    assert len(desk.says("xnodes", "--region", word, "--json").data) == 1


def test_a_region_of_another_cloud_is_not_found_at_this_one(desk: Desk) -> None:
    done = desk.says("templates", "--region", "east1", "--provider", "fakecloud")
    assert (done.code, done.stderr) == (
        4,
        "✗ no region named 'east1'; did you mean west?\n▸ capsule openmesh regions\n",
    )
    assert desk.says("xnodes", "--region", "nowhere", "--json").data == []


# -- providers ---------------------------------------------------------------------------


def test_the_clouds_are_listed_with_their_keys_and_their_end(desk: Desk) -> None:
    assert desk.says("providers").stdout == (
        "cloud        templates  regions  a stop costs  key\n"
        "● fakecloud          1        1  the same      elsewhere\n"
        "○ paircloud          1        1  the same                 ended 2026-06-30\n"
    )
    rows = desk.says("providers", "--json").data
    assert set(rows[0]) >= {
        *("name", "title", "configured", "templates", "regions", "bills_when_stopped", "ended"),
    }
    assert [row["ended"] for row in rows] == [None, "2026-06-30"]
    assert len(desk.says("providers", "--configured", "--json").data) == 1


def test_in_detail_each_cloud_says_what_it_can_do(desk: Desk) -> None:
    shown = desk.says("providers", "--detailed").stdout
    assert "variables    FAKE_API_KEY, FAKE_TOKEN, FAKE_PROJECT_ID\n" in shown
    assert "billed       by 1 s, at least 1 min, up to the monthly price\n" in shown
    assert "ended        2026-06-30: nothing can be rented there\n" in shown


CHECKS: list[tuple[CapsuleError, int, str]] = [
    (CredentialsMissing("fakecloud", "FAKE_API_KEY"), 3, "credentials_missing"),
    (CredentialsRefused("fakecloud", "no"), 6, "credentials_refused"),
    (PermissionMissing("fakecloud", "no droplet:read"), 6, "permission_missing"),
    (ProjectUnknown("fakecloud", "no such project"), 6, "project_unknown"),
    (AccountLocked("fakecloud", "locked"), 6, "account_locked"),
    (ProviderUnavailable("fakecloud", "no answer"), 7, "provider_unavailable"),
    (RateLimited("fakecloud"), 7, "rate_limited"),
]


@pytest.mark.parametrize(("error", "code", "word"), CHECKS, ids=str)
def test_a_check_tells_apart_what_is_in_the_way(
    desk: Desk, error: CapsuleError, code: int, word: str
) -> None:
    desk.street.cloud.fails = error
    done = desk.says("provider", "check", "fakecloud", "--json")
    assert (done.code, done.stdout) == (code, "")
    assert (done.error["code"], done.error["exit"]) == (word, code)


def test_a_check_that_passes_tells_whose_account_it_is(desk: Desk) -> None:
    done = desk.says("provider", "check", "fake")
    assert done.code == 0
    assert done.stdout.startswith("✓ fakecloud knows fake@example.com\n")
    assert desk.says("provider", "check", "fakecloud", "--json").data["active"] is True


# -- provider configure ------------------------------------------------------------------


def test_a_key_is_asked_for_unseen_tried_and_kept(desk: Desk) -> None:
    asked: list[str] = []

    def person(question: str) -> str:
        asked.append(question)
        return {"API key: ": "s3same"}.get(question, "")

    done = desk.says("provider", "configure", "fakecloud", answer=person)
    assert asked == ["API key: ", "project id (if there is one): "]
    assert done.stdout == (
        "✓ the key of fakecloud is kept in providers.yml; the account is fake@example.com\n"
    )
    assert desk.keys.held["fakecloud"]["api_key"].get_secret_value() == "s3same"
    assert "s3same" not in done.stdout + done.stderr


def test_a_key_comes_from_a_pipe_one_line_a_part(desk: Desk) -> None:
    done = desk.says("provider", "configure", "pair", "--stdin", "--json", piped=" id \nsec\n\n")
    assert done.code == 2, done.stdout
    done = desk.says("provider", "configure", "pair", "--stdin", "--json", piped=" id \nsec\n")
    assert (done.code, done.data["saved"], done.data["checked"]) == (0, True, True)
    held = desk.keys.held["paircloud"]
    assert [part.get_secret_value() for part in held.values()] == ["id", "sec"]
    assert "sec" not in done.stdout.replace("checked", "")


def test_a_key_comes_from_the_environment(desk: Desk) -> None:
    empty = desk.says("provider", "configure", "fakecloud", "--from-env")
    assert (empty.code, empty.stderr.splitlines()[0]) == (3, "✗ no credentials for fakecloud")
    desk.keys = FakeCloudKeys({"FAKE_TOKEN": "t"})
    assert desk.says("provider", "configure", "fakecloud", "--from-env").code == 0
    assert set(desk.keys.held["fakecloud"]) == {"api_key"}


def test_a_refused_key_is_kept_by_force_only(desk: Desk) -> None:
    desk.street.cloud.refuses_key = True
    line = ("provider", "configure", "fakecloud", "--stdin")
    done = desk.says(*line, piped="bad")
    assert (done.code, desk.keys.held) == (6, {})
    assert "▸ nothing was saved; --force saves it all the same\n" in done.stderr
    forced = desk.says(*line, "--force", piped="bad")
    assert forced.code == 0
    assert "is kept in providers.yml, unproven: fakecloud: the key is not accepted" in forced.stdout


def test_another_key_is_replaced_only_with_a_yes(desk: Desk) -> None:
    desk.keys = FakeCloudKeys(kept={"fakecloud": {"api_key": "old"}})
    line = ("provider", "configure", "fakecloud")
    assert desk.says(*line, "--stdin", piped="new").code == 2
    assert desk.says(*line, answer=answers("new", "", "n")).code == 130
    assert desk.keys.held["fakecloud"]["api_key"].get_secret_value() == "old"
    assert desk.says(*line, "--stdin", "--yes", piped="new").code == 0
    assert desk.keys.held["fakecloud"]["api_key"].get_secret_value() == "new"


def test_a_dry_run_tries_the_key_and_keeps_nothing(desk: Desk) -> None:
    done = desk.says("provider", "configure", "fakecloud", "--stdin", "--dry-run", piped="k")
    assert done.stdout.startswith("✓ the key of fakecloud would be kept in providers.yml")
    assert desk.keys.held == {}


@pytest.mark.parametrize(
    ("line", "piped", "told"),
    [
        (("fakecloud", "--stdin"), "a\nb\nc\n", "stdin has 3 lines"),
        (("fakecloud", "--stdin"), "a\x00b", "no key"),
        (("fakecloud", "--stdin"), "k" * 20_000, "no key"),
        (("fakecloud", "--stdin", "--from-env"), "a", "two places"),
        (("fakecloud",), "", "nobody is there to answer"),
        (("fakecloud", "--sandbox"), "", "has its key already"),
    ],
)
def test_what_is_no_key_is_a_usage_error(
    desk: Desk, line: tuple[str, ...], piped: str, told: str
) -> None:
    done = desk.says("provider", "configure", *line, piped=piped)
    assert done.code == 2
    assert told in done.stderr
    assert (desk.tried, desk.keys.held) == ([], {})


# -- configure ---------------------------------------------------------------------------


def test_options_set_what_they_name_and_leave_the_rest(desk: Desk) -> None:
    desk.choices.save_openmesh(OpenmeshSettings(domain="mesh.example.org", ssh_user="ops"))
    done = desk.says("configure", "--owner", WALLET, "--os", "nixos", "--ssh-key", "mine")
    assert (done.code, done.stderr) == (0, "✓ openmesh.yml says so now\n")
    kept = desk.choices.openmesh()
    assert (kept.owner, kept.domain, kept.ssh_user) == (WALLET, "mesh.example.org", "ops")
    assert (kept.default_os, kept.ssh_key) == ("nixos", "mine")
    assert desk.says("configure", "--show", "--json").data["owner"] == WALLET
    assert desk.says("configure", "--domain", "").code == 0
    assert desk.choices.openmesh().domain is None


def test_a_person_is_asked_for_each_until_it_holds(desk: Desk) -> None:
    desk.choices.save_openmesh(OpenmeshSettings(domain="mesh.example.org"))
    person = answers("0xnope", WALLET, "-", "ops@example.org", "", "")
    done = desk.says("configure", answer=person)
    assert "✗ owner '0xnope': a wallet is 0x and 40 hexadecimal digits\n" in done.stderr
    assert desk.choices.openmesh() == OpenmeshSettings(owner=WALLET, email="ops@example.org")


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        (("--owner", "0x12"), 2, "a wallet is 0x and 40"),
        (("--owner", WALLET.swapcase().replace("0X", "0x")), 2, "EIP-55"),
        (("--domain", "localhost"), 2, "domain 'localhost': a domain is"),
        (("--email", "me"), 2, "an address is such as"),
        (("--os", "windows"), 2, "no system named 'windows'"),
        (("--ssh-key", "/nowhere"), 4, "no ssh key named '/nowhere'"),
        (("--show", "--os", "nixos"), 2, "--show changes nothing"),
        ((), 2, "nobody is there to ask"),
    ],
)
def test_what_does_not_hold_is_told_and_nothing_saved(
    desk: Desk, line: tuple[str, ...], code: int, told: str
) -> None:
    done = desk.says("configure", *line)
    assert done.code == code
    assert told in done.stderr
    assert desk.choices.openmesh() == OpenmeshSettings()


def test_a_dry_run_shows_what_would_be_said(desk: Desk) -> None:
    done = desk.says("configure", "--email", "a@example.org", "--dry-run", "--json")
    assert done.data["email"] == "a@example.org"
    assert desk.choices.openmesh() == OpenmeshSettings()


# -- deploy ------------------------------------------------------------------------------

PLAN = ("deploy", "--name", "web-1", "--dry-run")


def test_a_deploy_leaves_out_a_silent_cloud_and_says_so(desk: Desk) -> None:
    desk.over, desk.configured, desk.silent = [], ["fakecloud", "paircloud"], ["paircloud"]
    done = desk.says(*PLAN)
    assert done.code == 0
    assert done.stderr == "⚠ paircloud: no answer; left out\n"
    assert "▸ chosen  FAKE" in done.stdout
    desk.silent.append("fakecloud")
    assert desk.says(*PLAN).code == 7


def test_a_deploy_knows_a_region_by_its_other_word(desk: Desk) -> None:
    assert desk.says(*PLAN, "--region", "wild", "--json").data["offer"]["region"] == "west"
    assert desk.says(*PLAN, "--region", "tame").code == 4


def test_a_deploy_and_the_live_templates_agree(desk: Desk) -> None:
    [cheapest, *_] = desk.says("templates", "--live", "--json").data
    chosen = desk.says(*PLAN, "--json").data["offer"]
    assert {name: cheapest[name] for name in chosen} == chosen


# -- the dashboard -----------------------------------------------------------------------


def test_openmesh_alone_says_where_the_fleet_stands(desk: Desk) -> None:
    desk.street.run()
    assert desk.says().stdout == (
        "xNodes  ● 1 running\n"
        "clouds  ● fakecloud configured, of 2\n"
        "costs   $0.01 an hour, $6.00 a month\n"
        "Next:\n"
        "▸ capsule openmesh configure           say whose xNodes these are\n"
        "▸ capsule openmesh templates           compare servers by price\n"
        "▸ capsule openmesh deploy --name NAME  rent the cheapest that fits\n"
        "▸ capsule openmesh cost-report         what the fleet costs\n"
    )
    found = desk.says("--json").data
    assert found["xnodes"] == {"total": 1, "by_status": {"running": 1}}
    assert found["rates"][0]["monthly"] == {"amount": "6", "currency": "USD"}
