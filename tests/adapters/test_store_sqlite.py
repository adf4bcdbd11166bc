"""SQLite files: opened with care, by several at once, and through every kind of damage."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from capsule_adapters.store.journal import SqliteJournal
from capsule_adapters.store.sqlite import Database, Synchronous, open_database
from capsule_adapters.store.state import state_database
from capsule_domain.errors import StoreError
from capsule_domain.models.deployment import DeploymentState

ONE = ("CREATE TABLE words (word TEXT PRIMARY KEY);",)
TWO = (
    *ONE,
    "ALTER TABLE words ADD COLUMN length INTEGER;\nUPDATE words SET length = length(word);",
)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Database]]:
    """Opens `words.db`, and closes it at the end."""
    with ExitStack() as stack:

        def open_(migrations: tuple[str, ...] = ONE, **how: float) -> Database:
            database = open_database(tmp_path / "words.db", migrations, **how)  # type: ignore[arg-type]
            stack.callback(database.close)
            return database

        yield open_


def words(database: Database) -> list[str]:
    return [word for (word,) in database.rows("SELECT word FROM words ORDER BY word")]


def put(database: Database, *new: str) -> None:
    with database.change() as transaction:
        for word in new:
            transaction.execute("INSERT INTO words (word) VALUES (?)", (word,))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_database_and_all_its_files_are_the_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with closing(open_database(tmp_path / "home" / "state.db", ONE)) as database:
            put(database, "a")
            assert mode(tmp_path / "home") == 0o700
            files = {file.name: mode(file) for file in (tmp_path / "home").iterdir()}
    finally:
        os.umask(before)
    assert files == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}


def test_a_database_that_others_could_read_is_taken_from_them(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    opened().close()
    (tmp_path / "words.db").chmod(0o644)
    opened()
    assert mode(tmp_path / "words.db") == 0o600


@pytest.mark.parametrize(("synchronous", "level"), [(Synchronous.FULL, 2), (Synchronous.NORMAL, 1)])
def test_it_is_set_up_as_asked(tmp_path: Path, synchronous: Synchronous, level: int) -> None:
    path = tmp_path / "words.db"
    with closing(open_database(path, ONE, synchronous=synchronous)) as database:
        asked = ("journal_mode", "synchronous", "foreign_keys", "user_version")
        told = [database.rows(f"PRAGMA {name}")[0][0] for name in asked]
        assert told == ["wal", level, 1, 1]


def test_state_db_is_written_through_to_the_disk(tmp_path: Path) -> None:
    with closing(state_database(tmp_path)) as database:
        assert database.rows("PRAGMA synchronous") == [(2,)]


def test_nothing_is_made_before_the_first_use(tmp_path: Path) -> None:
    database = state_database(tmp_path / "home")
    assert not (tmp_path / "home").exists()
    database.open()
    database.close()
    assert (tmp_path / "home" / "state.db").exists()


def test_an_older_schema_is_brought_forward_with_what_it_holds(
    opened: Callable[..., Database],
) -> None:
    old = opened(ONE)
    put(old, "four")
    old.close()
    assert opened(TWO).rows("SELECT word, length FROM words") == [("four", 4)]


def test_a_migration_that_fails_leaves_the_schema_before_it(
    opened: Callable[..., Database],
) -> None:
    put(opened(ONE), "a")
    broken = (*ONE, "CREATE TABLE half (x);\nINSERT INTO nowhere VALUES (1);")
    with pytest.raises(StoreError, match="nowhere"):
        opened(broken)
    again = opened(ONE)
    assert words(again) == ["a"]
    assert again.rows("SELECT name FROM sqlite_master WHERE name = 'half'") == []


def test_a_schema_newer_than_this_capsule_is_refused_with_the_path(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    opened(TWO).close()
    with pytest.raises(StoreError, match=r"newer Capsule.*version 2.*knows 1") as caught:
        opened(ONE)
    assert str(tmp_path / "words.db") in caught.value.message
    assert caught.value.hint


def test_another_programs_database_is_refused_and_left_as_it_was(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    path = tmp_path / "words.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        opened()
    assert path.read_bytes() == before


def _junk(path: Path) -> None:
    path.write_bytes(b"this is not a database, whatever its name says\n" * 100)


def _folder(path: Path) -> None:
    path.mkdir()


def _cut(path: Path) -> None:
    with closing(open_database(path, ONE)) as database:
        put(database, *(f"word {n}" for n in range(3000)))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_junk, "is not a database"),
        (_folder, "a folder is where a file should be"),
        (_cut, "is damaged"),
    ],
)
def test_what_is_no_sound_database_is_one_line_with_the_path(
    tmp_path: Path, damage: Callable[[Path], None], told: str
) -> None:
    path = tmp_path / "words.db"
    damage(path)
    with (
        pytest.raises(StoreError, match=told) as caught,
        closing(Database(path, ONE)) as database,
    ):
        database.rows("SELECT word FROM words ORDER BY word")
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message


def test_a_file_where_the_home_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(StoreError, match="a file is where a folder should be"):
        state_database(tmp_path / "home").open()


def test_a_full_disk_is_told_and_loses_nothing(opened: Callable[..., Database]) -> None:
    database = opened()
    put(database, "kept")
    ((pages,),) = database.rows("PRAGMA page_count")
    database.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="the disk is full"):
        put(database, "first", "x" * 100_000)
    assert words(database) == ["kept"]
    database.rows("PRAGMA max_page_count = 1000000")
    put(database, "room again")
    assert words(database) == ["kept", "room again"]


LIMITED = """
import resource, sys
from pathlib import Path
from capsule_adapters.store.sqlite import open_database
from capsule_domain.errors import StoreError
database = open_database(Path(sys.argv[1]), ("CREATE TABLE words (word TEXT);",))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with database.change() as transaction:
        transaction.execute("INSERT INTO words VALUES (?)", ("x" * 1_000_000,))
except StoreError as error:
    print(error.message)
"""


def test_a_write_that_the_system_refuses_is_told_with_the_path(tmp_path: Path) -> None:
    path = tmp_path / "words.db"
    done = _run(LIMITED, path)
    assert done.stdout.startswith(f"cannot use {path}: the disk")


def test_a_writer_that_stays_is_told_after_a_while(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    opened().close()
    with closing(sqlite3.connect(tmp_path / "words.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = opened(busy_seconds=0.05)
        with pytest.raises(StoreError, match="another Capsule holds"):
            put(waiting, "a")
        assert words(waiting) == []
        other.execute("COMMIT")
    put(waiting, "a")
    assert words(waiting) == ["a"]


def test_a_block_that_fails_changes_nothing(opened: Callable[..., Database]) -> None:
    database = opened()

    def put_half() -> None:
        with database.change() as transaction:
            transaction.execute("INSERT INTO words VALUES ('a')")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        put_half()
    assert words(database) == []


def test_a_statement_that_is_wrong_is_a_store_error(opened: Callable[..., Database]) -> None:
    with pytest.raises(StoreError, match="no such table"):
        opened().rows("SELECT * FROM nowhere")


def test_threads_take_turns(opened: Callable[..., Database]) -> None:
    database = opened()
    failures: list[BaseException] = []

    def write(name: int) -> None:
        try:
            for n in range(20):
                put(database, f"{name}-{n}")
                assert f"{name}-{n}" in words(database)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(words(database)) == 160


def test_what_is_closed_opens_again_by_itself(opened: Callable[..., Database]) -> None:
    database = opened()
    put(database, "a")
    database.close()
    database.close()
    assert words(database) == ["a"]


AT_ONCE = """
import sys
from pathlib import Path
from capsule_adapters.store.sqlite import open_database
two = ("CREATE TABLE words (word TEXT PRIMARY KEY);", "ALTER TABLE words ADD COLUMN length INT;")
sys.stdin.readline()
database = open_database(Path(sys.argv[1]), two)
for n in range(10):
    with database.change() as transaction:
        transaction.execute("INSERT INTO words (word) VALUES (?)", (f"{sys.argv[2]}-{n}",))
"""


def test_several_processes_open_a_new_database_at_the_same_moment(tmp_path: Path) -> None:
    path = tmp_path / "home" / "words.db"
    started = [_start(AT_ONCE, path, str(n)) for n in range(4)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 4, ends
    with closing(open_database(path, TWO)) as database:
        assert len(words(database)) == 40


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from capsule_adapters.store.journal import SqliteJournal
from capsule_adapters.store.state import state_database
from capsule_domain.models.deployment import Deployment, DeploymentId, DeploymentState
journal = SqliteJournal(state_database(Path(sys.argv[1])))
journal.begin(Deployment(
    id=DeploymentId("d1"), name="web", state=DeploymentState.INTENDED, provider="digitalocean",
    region="ams3", slug="s-1vcpu-1gb", started_at=datetime(2026, 11, 23, tzinfo=UTC),
))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_intent_is_there_after_its_process_was_killed(tmp_path: Path) -> None:
    done = _run(KILLED, tmp_path)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with closing(state_database(tmp_path)) as database:
        (found,) = SqliteJournal(database).list(unfinished=True)
    assert (found.id, found.name, found.state) == ("d1", "web", DeploymentState.INTENDED)


def _run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _start(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
