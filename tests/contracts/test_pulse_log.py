"""What every log of signs of life does: the fake, and SQLite."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from capsule_adapters.store.pulse_log import SqlitePulseLog
from capsule_adapters.store.state import state_database
from capsule_domain.models.heartbeat import Pulse
from capsule_domain.ports.heartbeat import PulseLog
from tests.fakes.heartbeat import FakePulseLog

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MAKERS: dict[str, Callable[[Path], PulseLog]] = {
    "fake": lambda _: FakePulseLog(),
    "sqlite": lambda home: SqlitePulseLog(state_database(home)),
}


@pytest.fixture(params=MAKERS)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> PulseLog:
    return MAKERS[request.param](tmp_path / "home")


def test_a_new_home_knows_of_none(log: PulseLog) -> None:
    assert log.read() == Pulse()


def test_the_last_one_counts(log: PulseLog) -> None:
    log.write(Pulse(arrived_at=NOON))
    last = Pulse(arrived_at=NOON, missed=3, failures=7, failed_at=NOON, error="no connection")
    log.write(last)
    assert log.read() == last
