"""Real accounts: which are configured, and how much may be spent on them in one run.

Nothing here is collected without `--live`. Keys come from the environment alone, since
the home of a test is empty.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from capsule_cli.options import GlobalOptions
from capsule_cli.wiring import Wiring, wire
from capsule_domain.models.money import Money, Rates


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Without `--live`, or without any account, there is nothing to collect."""
    wanted = config.getoption("--live") and configured()
    return None if wanted else True


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test once for each account."""
    if "cloud" in metafunc.fixturenames:
        metafunc.parametrize("cloud", configured())


def configured() -> list[str]:
    """The clouds whose key the environment has."""
    empty = GlobalOptions(home=Path(os.environ["CAPSULE_HOME"]))
    return [*wire(empty, os.environ).configured()]


@dataclass
class Purse:
    """What may still be spent, in US dollars. A renting is paid for before it is asked for."""

    left: Decimal
    rates: Rates

    def pay(self, price: Money) -> bool:
        """Whether there is enough; then there is less."""
        due = self.rates.in_usd(price)
        if due > self.left:
            return False
        self.left -= due
        return True


@pytest.fixture(scope="session")
def purse(request: pytest.FixtureRequest) -> Purse:
    """The cap of this run, which all accounts share."""
    from capsule_adapters.presets.catalogue import rates

    return Purse(request.config.getoption("--live-spend"), rates())


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[Wiring]:
    """The true ports over an empty home and the person's keys."""
    made = wire(GlobalOptions(home=tmp_path / "home"), os.environ)
    yield made
    made.close()
