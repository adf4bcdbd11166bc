"""The inventory's indices: a filtered list stays quick when the fleet is large."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.moments import to_microseconds
from capsule_adapters.store.sqlite import Database
from capsule_adapters.store.state import STATE_MIGRATIONS, state_database
from capsule_domain.errors import StoreError
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode, XNodeFilter


def xnode(number: int) -> XNode:
    return XNode(
        id=f"{number:08x}",
        name=f"node-{number}",
        provider=("aws", "vultr", "linode")[number % 3],
        server_id=str(number),
        region=f"r{number % 7}",
        template="t",
        status=ServerStatus.STOPPED if number % 50 == 0 else ServerStatus.RUNNING,
        price_per_hour=Money.of("0.01"),
        price_per_month=Money.of("6"),
        tags=(f"team-{number % 100}", "all"),
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
    )


class Counting(Database):
    """Counts the work that SQLite does, in thousands of its steps."""

    steps = 0

    def count(self) -> None:
        def tick() -> None:
            self.steps += 1

        with self._using() as connection:
            connection.set_progress_handler(tick, 1000)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with 2,000 xNodes."""
    made = tmp_path_factory.mktemp("fleet")
    with closing(state_database(made)) as database:
        inventory = SqliteInventory(database)
        database.rows("PRAGMA synchronous = OFF")
        for number in range(2000):
            inventory.add(xnode(number))
    return made


@pytest.mark.parametrize(
    "chosen",
    [
        XNodeFilter(tags=("team-7",)),
        XNodeFilter(tags=("team-7",), status=ServerStatus.RUNNING),
        XNodeFilter(tags=("team-7",), provider="vultr", region="r0"),
        XNodeFilter(status=ServerStatus.STOPPED),
    ],
    ids=str,
)
def test_a_list_of_few_among_many_reads_few(home: Path, chosen: XNodeFilter) -> None:
    with closing(state_database(home)) as plain:
        database = Counting(plain.path, plain._migrations)
    with closing(database):
        database.count()
        SqliteInventory(database).list(chosen)
        few = database.steps
        SqliteInventory(database).list()
        assert few * 4 < database.steps - few


def test_a_record_that_is_no_xnode_is_told_with_the_path(tmp_path: Path) -> None:
    with closing(state_database(tmp_path)) as database:
        SqliteInventory(database).add(xnode(1))
        with database.change() as transaction:
            transaction.execute("UPDATE xnodes SET body = '{}'")
        with pytest.raises(StoreError, match=r"state\.db holds a record"):
            SqliteInventory(database).get("node-1")


def test_one_kept_before_there_were_prices_in_columns_is_counted_as_any(tmp_path: Path) -> None:
    born = datetime(2026, 10, 31, 23, 59, 59, 750000, tzinfo=UTC)
    ended = datetime(2026, 12, 1, 6, tzinfo=UTC)
    old = xnode(1).model_copy(
        update={"created_at": born, "terminated_at": ended, "profile": "prod"}
    )
    before = Database(tmp_path / "state.db", STATE_MIGRATIONS[:2])
    columns = "id, name, provider, region, status, gone, created_at_us, body"
    with before.change() as transaction:
        transaction.execute(
            f"INSERT INTO xnodes ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                *(old.id, old.name, old.provider, old.region, old.status, 0),
                *(to_microseconds(born), old.model_dump_json()),
            ),
        )
    before.close()

    def columns_of(home: Path) -> Sequence[object]:
        with closing(state_database(home)) as database:
            return database.rows("SELECT * FROM xnodes")

    (tmp_path / "fresh").mkdir()
    with closing(state_database(tmp_path / "fresh")) as fresh:
        SqliteInventory(fresh).add(old)
    assert columns_of(tmp_path) == columns_of(tmp_path / "fresh")


class Cramped(Database):
    """On a disk that has room for so many pages."""

    def fill(self, *, spare_pages: int) -> None:
        with self._using() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + spare_pages}")


def test_a_disk_that_fills_up_in_the_middle_of_many_leaves_nothing_of_them(tmp_path: Path) -> None:
    with closing(Cramped(tmp_path / "state.db", STATE_MIGRATIONS)) as database:
        inventory = SqliteInventory(database)
        inventory.add(xnode(1))
        database.fill(spare_pages=200)
        taken = 0

        def many() -> Iterator[XNode]:
            nonlocal taken
            for taken in range(2, 100_000):
                yield xnode(taken)

        with pytest.raises(StoreError, match="the disk is full"):
            inventory.save_all(many())
        assert taken > 500
        assert (inventory.count(), len(inventory.changes())) == (1, 1)
        inventory.update(xnode(1).model_copy(update={"address": "203.0.113.9"}))
    with closing(state_database(tmp_path)) as again:
        assert SqliteInventory(again).get("node-1").address == "203.0.113.9"


def test_an_interruption_in_the_middle_of_many_leaves_nothing_of_them(tmp_path: Path) -> None:
    def interrupted() -> Iterator[XNode]:
        yield from map(xnode, range(1200))
        raise KeyboardInterrupt

    with closing(state_database(tmp_path)) as database:
        inventory = SqliteInventory(database)
        with pytest.raises(KeyboardInterrupt):
            inventory.save_all(interrupted())
        assert (inventory.count(), inventory.changes()) == (0, [])
        inventory.save_all(map(xnode, range(3)))
        assert inventory.count() == 3


def test_completing_and_the_history_of_what_was_removed_look_at_little(home: Path) -> None:
    with closing(Counting(home / "state.db", STATE_MIGRATIONS)) as database:
        inventory = SqliteInventory(database)
        inventory.remove(xnode(1999).id)
        database.count()
        assert len(inventory.names("node-1", limit=200)) == 200
        assert len(inventory.tags("team-", limit=200)) == 100
        assert len(inventory.changes(inventory.removed("node-1999"))) == 2
        inventory.add(xnode(1999))
        assert database.steps < 30


def test_many_are_taken_into_a_small_inventory_with_no_more_work_than_into_an_empty_one(
    tmp_path: Path,
) -> None:
    steps = []
    for home, few in ((tmp_path / "empty", 0), (tmp_path / "small", 2)):
        with closing(state_database(home)) as database:  # what it holds is learnt as it closes
            SqliteInventory(database).save_all(map(xnode, range(few)))
        with closing(Counting(home / "state.db", STATE_MIGRATIONS)) as database:
            database.count()
            SqliteInventory(database).save_all(map(xnode, range(few, 5000)))
            steps.append(database.steps)
    assert steps[1] <= steps[0] * 1.1
