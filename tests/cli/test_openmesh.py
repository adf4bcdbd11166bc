"""What a person sees of renting, looking and ending; word for word, over fakes."""

from dataclasses import dataclass, field
from datetime import date

import pytest

from capsule_cli.wiring import Wiring
from capsule_domain.models.cloud import CloudFacts
from capsule_domain.models.profile import Profile
from tests.cli.running import Ran, capsule, wired
from tests.fakes.choices import FakeChoices
from tests.fakes.ledger import FakeLedger
from tests.fakes.monitor import FakeMonitor
from tests.fakes.plots import planted_everywhere
from tests.fakes.presets import FakePresets, stack
from tests.fakes.provider import CAPABILITIES
from tests.fakes.samples import FakeSamples
from tests.fakes.xnode_files import FakeXNodeFiles
from tests.services.renting import RATES, Street
from tests.services.watching import PLAN


class EmptyCatalogue:
    def providers(self) -> list[str]:
        return []

    def templates(self) -> list[object]:
        return []

    def regions(self) -> list[object]:
        return []


def _facts(name: str) -> CloudFacts:
    return CloudFacts(name=name, title=name.title(), capabilities=CAPABILITIES)


@dataclass
class Desk:
    """A command line over a street of fakes."""

    street: Street = field(default_factory=Street)
    ended: dict[str, date] = field(default_factory=dict)

    def wiring(self) -> Wiring:
        street = self.street
        return wired(
            **planted_everywhere(),
            clock=street.clock,
            choices=FakeChoices(),
            presets=FakePresets([stack("web")], [Profile(name="prod", stacks=("web",))]),
            catalogue=EmptyCatalogue(),
            rates=RATES,
            inventory=street.inventory,
            xnode_files=FakeXNodeFiles(),
            journal=street.journal,
            ledger=FakeLedger(street.inventory),
            hosts=street.hosts,
            known_hosts=street.known_hosts,
            keys=street.keys,
            monitor=FakeMonitor(street.clock),
            samples=FakeSamples(),
            watch_plan=PLAN,
            configured=["fakecloud"],
            providers=["fakecloud"],
            provider=lambda _name: street.cloud,
            bills_when_stopped=lambda _name: True,
            ended=self.ended.get,
            facts=_facts,
            new_id=lambda: next(street.ids),
        )

    def says(self, *arguments: str, answer: str | None = None) -> Ran:
        return capsule(
            *arguments,
            wiring=self.wiring(),
            answer=None if answer is None else lambda _question: answer,
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_deploy_shows_the_plan_asks_and_tells_each_step(desk: Desk) -> None:
    done = desk.says("openmesh", "deploy", "--name", "web-1", "--profile", "prod", answer="y")
    assert done.code == 0
    assert done.stderr == (
        "          cloud  template  region  cores  GiB    $/hr    $/mo\n"
        "▸ chosen  FAKE   small     west        1    1   $0.01   $6.00\n"
        "next 1    FAKE   small     east        1    1  $0.012   $7.00\n"
        "next 2    FAKE   large     west        4    8   $0.08  $48.00\n"
        "profile prod is planted there, by Nix\n"
        "1 of 4 do not fit: 1 × out of stock\n"
        "  12:00:00  intended  small in west\n"
        "  12:00:00  rented  server 9001\n"
        "  12:00:00  recorded  in the inventory\n"
        "  12:00:00  server  running, 127.77.0.1\n"
        "  12:00:00  booted  at 127.77.0.1\n"
        "  12:00:00  entered  Linux x86_64\n"
        "  12:00:00  cloud-init  status: done\n"
        "  12:00:00  host key made"
        "  SHA256:qEkMnMXQ3YkzjmJf3IUTBsCoDZevCD6M3ya8tpAk8BA, on the machine\n"
        "  12:00:00  host key replaced  the one that was sent is trusted no more\n"
        "  12:00:00  system  ubuntu\n"
        "  12:00:00  profile  prod onto Debian GNU/Linux 12 on x86_64: 3 changes, built there,"
        " it has Nix\n"
        "  12:00:00  profile  building the packages\n"
        "  12:00:00  profile  building '/nix/store/…-capsule.drv'...\n"
        "  12:00:00  profile applied  prod, seen by a fresh login shell: 3 changes\n"
        "  12:00:00  health  healthy\n"
        "  12:00:00  ready  SSH, host key verified\n"
    )
    assert done.stdout == ("✓ web-1 is ready at 127.77.0.1, reached over SSH, host key verified\n")


def test_a_no_rents_nothing_and_ends_with_130(desk: Desk) -> None:
    done = desk.says("openmesh", "deploy", "--name", "web-1", answer="n")
    assert done.code == 130
    assert done.stderr.endswith("✗ nothing was changed\n")
    assert desk.street.cloud.attempts == []
    assert desk.street.journal.list() == []


def test_without_a_terminal_and_without_yes_it_refuses(desk: Desk) -> None:
    done = desk.says("openmesh", "deploy", "--name", "web-1")
    assert done.code == 2
    assert done.stderr.endswith(
        "✗ this needs a yes, and nobody is there to give it\n▸ add --yes, or --dry-run\n"
    )
    assert desk.street.cloud.attempts == []


def test_a_deploy_in_json_prints_the_xnode_and_nothing_else(desk: Desk) -> None:
    done = desk.says("openmesh", "deploy", "--name", "web-1", "--yes", "--json")
    assert (done.code, done.stderr) == (0, "")
    assert done.data["name"] == "web-1"
    assert set(done.data) >= {
        *("id", "name", "provider", "server_id", "region", "template", "status", "address"),
        *("price_per_hour", "profile", "tags", "created_at", "expires_at", "protected"),
        "generation",
    }


def test_a_dry_run_shows_the_plan_as_data(desk: Desk) -> None:
    done = desk.says("openmesh", "deploy", "--name", "web-1", "--dry-run", "--json")
    assert done.data["offer"]["slug"] == "small"
    assert done.data["price_per_month"] == {"amount": "6", "currency": "USD"}
    assert desk.street.cloud.attempts == []


def test_xnodes_are_listed_in_columns(desk: Desk) -> None:
    assert desk.says("openmesh", "xnodes").stdout == "none\n"
    desk.street.run()
    assert desk.says("openmesh", "xnodes").stdout == (
        "xNode    status   cloud  region  template  address      $/hr   $/mo\n"
        "● web-1  running  FAKE   west    small     127.77.0.1  $0.01  $6.00\n"
    )


def test_ending_needs_the_name_typed(desk: Desk) -> None:
    desk.street.run()
    assert desk.says("openmesh", "xnode", "terminate", "web-1", answer="web").code == 130
    assert desk.says("openmesh", "xnode", "terminate", "web-1", answer="y").code == 130
    assert desk.street.cloud.destroyed == []
    done = desk.says("openmesh", "xnode", "terminate", "web-1", answer="web-1")
    assert (done.code, done.stdout) == (0, "✓ web-1 is gone; $6.00 a month less\n")
    assert desk.street.cloud.destroyed == ["9001"]


def test_the_cost_report_is_told_by_currency(desk: Desk) -> None:
    assert desk.says("openmesh", "cost-report").stdout == "nothing is billed\n"
    desk.street.run()
    desk.street.clock.advance(3600)
    assert desk.says("openmesh", "cost-report").stdout == (
        "USD: 1 billed now:\n"
        "hourly      $0.01\n"
        "daily       $0.24\n"
        "monthly     $6.00\n"
        "annual      $72.00\n"
        "this month  $0.01 so far\n"
        "by provider:\n"
        "provider   monthly  this month  share\n"
        "fakecloud    $6.00       $0.01  100 %\n"
    )


def test_health_and_metrics_are_last_known_or_fresh(desk: Desk) -> None:
    desk.street.run()
    none = desk.says("openmesh", "monitor", "health", "web-1")
    assert none.code == 4
    assert "--run-check" in none.stderr
    fresh = desk.says("openmesh", "monitor", "health", "web-1", "--run-check")
    assert fresh.stdout.startswith("status   ● healthy\nchecked  just now\n")
    assert desk.says("openmesh", "monitor", "metrics", "web", "--collect").code == 0


def test_the_journal_says_what_may_be_billed(desk: Desk) -> None:
    desk.street.cloud.boot_polls = None
    done = desk.says("openmesh", "deploy", "--name", "web-1", "--yes")
    assert done.code == 6
    listed = desk.says("openmesh", "deployments")
    assert listed.stdout.splitlines()[1].split()[:4] == ["0000000001", "○", "web-1", "rented"]
    assert "⚠ 1 unfinished: something may be billed and not in use" in listed.stdout
    one = desk.says("openmesh", "deployments", "web-1")
    assert "▸ capsule openmesh deploy --resume 0000000001" in one.stdout
    assert "▸ capsule openmesh deploy --abandon 0000000001" in one.stdout
