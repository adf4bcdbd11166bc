"""What every log of remedies does: the fake, and SQLite; also when its writer is killed."""

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.store.remediation_log import SqliteRemediationLog
from capsule_adapters.store.state import state_database
from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.remediation import Remediation, RemediationFilter, RemediationState
from capsule_domain.ports.remediation_log import RemediationLog
from tests.fakes.remediation_log import FakeRemediationLog

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MAKERS: dict[str, Callable[[Path], RemediationLog]] = {
    "fake": lambda _: FakeRemediationLog(),
    "sqlite": lambda home: SqliteRemediationLog(state_database(home)),
}


@pytest.fixture(params=MAKERS)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> RemediationLog:
    return MAKERS[request.param](tmp_path / "home")


def one(number: int, **changes: Any) -> Remediation:
    fields: dict[str, Any] = {
        "id": f"r{number}",
        "time": NOON + number * MINUTE,
        "alert_id": f"a{number}",
        "xnode": f"n{number % 2}",
        "xnode_id": f"x-n{number % 2}",
        "rule": "service",
        "instance": "nginx.service",
        "remedy": "restart nginx.service",
        "state": RemediationState.PLANNED,
    }
    return Remediation(**{**fields, **changes})


def test_what_is_kept_comes_back_the_oldest_first(log: RemediationLog) -> None:
    assert log.list() == []
    log.keep([one(1), one(2)])
    log.keep([one(3, detail="a b", begun_at=NOON)])
    assert log.list() == [one(1), one(2), one(3, detail="a b", begun_at=NOON)]


def test_a_filter_takes_what_matches_all_of_it(log: RemediationLog) -> None:
    log.keep([one(number) for number in range(6)])

    def ids(**wanted: Any) -> list[str]:
        return [found.id for found in log.list(RemediationFilter(**wanted))]

    assert ids(since=NOON + 4 * MINUTE) == ["r4", "r5"]
    assert ids(xnode_ids=("x-n1",)) == ["r1", "r3", "r5"]
    assert ids(xnode_ids=("x-n1", "x-n0"), since=NOON + 3 * MINUTE) == ["r3", "r4", "r5"]
    assert ids(limit=2) == ["r4", "r5"]
    assert ids(xnode_ids=("nobody",)) == []


def test_one_alert_is_decided_about_once_and_all_or_nothing_is_kept(log: RemediationLog) -> None:
    log.keep([one(1)])
    with pytest.raises(Conflict):
        log.keep([one(2), one(3, alert_id="a1")])
    with pytest.raises(Conflict):
        log.keep([one(1, alert_id="a9")])
    assert log.list() == [one(1)]


def test_what_is_of_no_alert_may_be_kept_again_and_again(log: RemediationLog) -> None:
    held = [one(n, alert_id=None, state=RemediationState.HELD) for n in (1, 2)]
    log.keep(held)
    assert log.list() == held


def test_what_is_open_is_found_until_it_ended(log: RemediationLog) -> None:
    log.keep([one(1), one(2), one(3, state=RemediationState.REFUSED)])
    assert [found.id for found in log.open()] == ["r1", "r2"]
    log.change(one(1, state=RemediationState.BEGUN))
    assert [found.id for found in log.open()] == ["r1", "r2"]
    log.change(one(1, state=RemediationState.DONE))
    assert log.open() == [one(2)]
    assert log.list()[0] == one(1, state=RemediationState.DONE)


def test_what_is_not_there_cannot_be_changed(log: RemediationLog) -> None:
    with pytest.raises(NotFound):
        log.change(one(1))


def test_old_ones_are_forgotten_unless_they_are_open(log: RemediationLog) -> None:
    log.keep([one(1), one(2, state=RemediationState.DONE), one(3, state=RemediationState.DONE)])
    log.prune(NOON + 3 * MINUTE)
    assert [found.id for found in log.list()] == ["r1", "r3"]


DIES_IN_THE_ACT = """
import os, signal, sys
from pathlib import Path
from capsule_adapters.store.remediation_log import SqliteRemediationLog
from capsule_adapters.store.state import state_database
from tests.contracts.test_remediation_log import one
log = SqliteRemediationLog(state_database(Path(sys.argv[1])))
log.keep([one(1), one(2)])
log.change(one(1, state="begun"))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_begun_is_known_after_a_kill(tmp_path: Path) -> None:
    died = subprocess.run(
        [sys.executable, "-c", DIES_IN_THE_ACT, str(tmp_path)], timeout=60, check=False
    )
    assert died.returncode == -signal.SIGKILL
    left = SqliteRemediationLog(state_database(tmp_path)).open()
    assert [(found.id, found.state.value) for found in left] == [("r1", "begun"), ("r2", "planned")]


def test_a_record_that_is_none_is_a_store_error(tmp_path: Path) -> None:
    database = state_database(tmp_path)
    log = SqliteRemediationLog(database)
    log.keep([one(1)])
    with database.change() as transaction:
        transaction.execute("UPDATE remediations SET body = '{'")
    with pytest.raises(StoreError, match=r"state\.db"):
        log.list()
