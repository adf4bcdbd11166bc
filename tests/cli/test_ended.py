"""What a person sees of a cloud that has ended."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from capsule_cli.wiring import Wiring
from capsule_domain.models.template import Region, Template
from tests.cli.running import Ran, capsule
from tests.cli.test_openmesh import Desk
from tests.fakes.offers import offer
from tests.fakes.provider import FakeProvider
from tests.services.renting import Street

DAY = date(2026, 6, 30)


class Past:
    """The catalogue of a cloud that ended; nothing there is dearer than elsewhere."""

    def providers(self) -> Sequence[str]:
        return ["bygone"]

    def templates(self) -> Sequence[Template]:
        fields = offer("old", "west", "0.001", provider="bygone").model_dump(exclude={"region"})
        return [Template(**fields)]

    def regions(self) -> Sequence[Region]:
        return []


class Town:
    """Two clouds: one goes on, and one has ended."""

    def __init__(self) -> None:
        self.street = Street()
        self.bygone = FakeProvider(
            clock=self.street.clock,
            name="bygone",
            offers_=[offer("old", "west", "0.001", provider="bygone")],
        )
        self.asked: list[str] = []

    def _cloud(self, name: str) -> FakeProvider:
        self.asked.append(name)
        return self.bygone if name == "bygone" else self.street.cloud

    def wiring(self) -> Wiring:
        return replace(
            Desk(self.street).wiring(),
            catalogue=Past,
            configured=lambda: ["fakecloud", "bygone"],
            providers=lambda: ["fakecloud", "bygone"],
            provider=self._cloud,
            ended={"bygone": DAY}.get,
        )

    def deploy(self, *arguments: str) -> Ran:
        return capsule("openmesh", "deploy", "--name", "web-1", *arguments, wiring=self.wiring())


@pytest.fixture
def town() -> Town:
    return Town()


def test_a_deploy_neither_asks_nor_chooses_a_cloud_that_ended(town: Town) -> None:
    done = town.deploy("--dry-run", "--json")
    assert done.data["offer"]["provider"] == "fakecloud"
    assert set(town.asked) == {"fakecloud"}
    reasons = {r["reason"] for r in done.data["rejected"] if r["offer"]["provider"] == "bygone"}
    assert reasons == {"bygone ended on 2026-06-30"}
    assert "1 × bygone ended on 2026-06-30" in town.deploy("--dry-run").stdout


def test_naming_it_is_refused_with_the_day_and_the_others(town: Town) -> None:
    done = town.deploy("--provider", "bygone", "--yes")
    assert done.code == 5
    assert done.stderr == (
        "✗ bygone ended on 2026-06-30: nothing can be rented there\n"
        "▸ there is fakecloud; --force asks bygone all the same\n"
    )
    assert town.deploy("--provider", "bygone", "--dry-run", "--json").error["code"] == (
        "service_ended"
    )
    assert town.asked == []


def test_naming_it_with_force_asks_it(town: Town) -> None:
    done = town.deploy("--provider", "bygone", "--force", "--dry-run", "--json")
    assert done.data["offer"]["provider"] == "bygone"
    assert set(town.asked) == {"bygone"}


def test_force_is_for_one_cloud(town: Town) -> None:
    done = town.deploy("--force", "--yes")
    assert (done.code, town.asked) == (2, [])
    assert "--provider" in done.stderr


def test_equinix_is_refused_before_a_key_is_asked_for(tmp_path: Path) -> None:
    done = capsule("openmesh", "deploy", "--name", "w", "--provider", "equinix", home=tmp_path)
    assert done.code == 5
    assert done.stderr.startswith("✗ equinix ended on 2026-06-30: nothing can be rented there\n")
    assert "digitalocean" in done.stderr


def test_equinix_with_force_asks_for_its_key(tmp_path: Path) -> None:
    arguments = ("openmesh", "deploy", "--name", "w", "--provider", "equinix", "--force")
    done = capsule(*arguments, home=tmp_path)
    assert done.code == 3
    assert "EQUINIX_API_KEY" in done.stderr
