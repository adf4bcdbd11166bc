"""What every journal of switches keeps: the fake, and SQLite."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from capsule_adapters.store.sqlite import Database
from capsule_adapters.store.state import state_database
from capsule_adapters.store.switch_journal import SqliteSwitchJournal
from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.switch import SwitchMode, SwitchRecord, SwitchState
from capsule_domain.ports.switch_journal import SwitchJournal
from tests.fakes.switch_journal import FakeSwitchJournal

MAKERS: dict[str, Callable[[Database], SwitchJournal]] = {
    "fake": lambda _: FakeSwitchJournal(),
    "sqlite": SqliteSwitchJournal,
}
START = datetime(2026, 11, 23, 12, 0, 0, 654321, tzinfo=UTC)
LATER = START + timedelta(seconds=30)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = state_database(tmp_path)
    yield database
    database.close()


@pytest.fixture(params=MAKERS)
def journal(request: pytest.FixtureRequest, database: Database) -> SwitchJournal:
    return MAKERS[request.param](database)


def record(id_: str, key: str = "id-of-web") -> SwitchRecord:
    return SwitchRecord(
        id=id_,
        key=key,
        machine="web",
        old="/nix/store/a-old",
        new="/nix/store/b-new",
        mode=SwitchMode.REBOOT,
        profile="/nix/store/a-old",
        started_at=START,
    )


def test_what_was_begun_is_kept_to_the_letter(journal: SwitchJournal) -> None:
    journal.begin(record("switch-1"))
    assert journal.get("switch-1") == record("switch-1")
    assert journal.list() == [record("switch-1")]


def test_an_id_is_begun_once(journal: SwitchJournal) -> None:
    journal.begin(record("switch-1"))
    with pytest.raises(Conflict):
        journal.begin(record("switch-1", key="another"))


def test_how_far_it_is_is_kept_with_the_time_it_was_heard_first(journal: SwitchJournal) -> None:
    journal.begin(record("switch-1"))
    journal.heard("switch-1", SwitchState.AWAITING, START)
    journal.heard("switch-1", SwitchState.AWAITING, LATER)
    kept = journal.get("switch-1")
    assert (kept.state, kept.heard_at, kept.ended_at) == (SwitchState.AWAITING, START, None)


def test_what_ended_is_not_unfinished_and_stays_as_it_is(journal: SwitchJournal) -> None:
    for id_, key in (("switch-1", "web"), ("switch-2", "web"), ("switch-3", "db")):
        journal.begin(record(id_, key))
    journal.end("switch-1", LATER, "rolled back")
    journal.end("switch-1", LATER + timedelta(seconds=1), "otherwise")
    assert [one.id for one in journal.unfinished("web")] == ["switch-2"]
    assert [one.id for one in journal.list()] == ["switch-3", "switch-2", "switch-1"]
    kept = journal.get("switch-1")
    assert (kept.ended_at, kept.detail) == (LATER, "rolled back")


def test_those_of_a_machine_come_the_oldest_first(journal: SwitchJournal) -> None:
    for number in range(3):
        journal.begin(record(f"switch-{number}"))
    assert [one.id for one in journal.unfinished("id-of-web")] == [
        "switch-0",
        "switch-1",
        "switch-2",
    ]


def test_nothing_is_told_of_a_switch_that_nobody_began(journal: SwitchJournal) -> None:
    with pytest.raises(NotFound):
        journal.heard("switch-9", SwitchState.ARMED, START)
    with pytest.raises(NotFound):
        journal.end("switch-9", START, "")
    with pytest.raises(NotFound):
        journal.get("switch-9")
    assert journal.unfinished("nobody") == []


def test_a_record_that_cannot_be_read_is_a_fault_of_the_store(database: Database) -> None:
    journal = SqliteSwitchJournal(database)
    journal.begin(record("switch-1"))
    with database.change() as transaction:
        transaction.execute("UPDATE switches SET body = '{}'")
    with pytest.raises(StoreError, match="cannot read"):
        journal.get("switch-1")
