"""Archives of a home on disk: what they hold, and homes that come back whole or not at all."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from capsule_adapters.store.backup_state import copy_state, put_state
from capsule_adapters.store.backup_swap import STAGE, recover
from capsule_adapters.store.backups import ArchiveFolder
from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.state import state_database
from capsule_cli.wiring import recovery
from capsule_domain.errors import Conflict, StoreError
from tests.cli.running import capsule
from tests.contracts.test_inventory import xnode
from tests.fakes.clock import FakeClock
from tests.tools import ROOT

FILES = {
    "config.yml": "version: 1\n",
    "configs/mine.yml": "version: 1\nstacks: [docker]\n",
    "nixos/web/configuration.nix": "{ }\n",
    "nixos/web/.capsule.json": "{}\n",
    "presets/stacks/own/preset.toml": 'name = "own"\n',
    "environment/minimal/flake.lock": "{}\n",
    "known_hosts": "x1 ssh-ed25519 AAAA\n",
}
NOT_OURS = {
    "providers.yml": "digitalocean: {api_key: hush}\n",
    "ssh/id_ed25519": "PRIVATE\n",
    "logs/capsule.log": "…\n",
    "metrics.db": "",
    "catalogue/prices.json": "{}\n",
    "sandbox/config.yml": "version: 1\n",
    "nixos/web/.capsule-stage-1/plan.json": "{}",
    "configs/.mine.yml.x.tmp": "",
    "environment/generations.json": "{}",
    "environment/.stage-1/flake.nix": "{ }",
    "environment/.lock": "",
    "stray.txt": "",
}


NOT_COMPARED = ("backups", "logs", ".lock", "known_hosts.lock", "state.db", ".restore")


def fill(home: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
        (home / path).chmod(0o600)


def know(home: Path, *names: str) -> None:
    database = state_database(home)
    for name in names:
        SqliteInventory(database).add(xnode(f"id-{name}", name))
    database.close()


def folder(home: Path) -> ArchiveFolder:
    return ArchiveFolder(home, FakeClock(), "1.2.3")


def tree(home: Path) -> dict[str, bytes | str]:
    """Everything in a home but backups, locks and SQLite's own files; a link by its target."""
    found: dict[str, bytes | str] = {}
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if name.startswith(NOT_COMPARED):
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    fill(tmp_path / "home", FILES)
    know(tmp_path / "home", "web-1")
    return tmp_path / "home"


def test_an_archive_is_a_plain_tar_of_what_belongs_in_it(home: Path, tmp_path: Path) -> None:
    fill(home, NOT_OURS)
    path = Path(folder(home).save(note=""))
    with tarfile.open(path) as packed:
        names = packed.getnames()
        for name in names:
            content = packed.extractfile(name)
            assert content is not None
            fill(tmp_path / "out", {name: ""})
            (tmp_path / "out" / name).write_bytes(content.read())
    assert names == ["manifest.json", *sorted([*FILES, "state.db"])]
    for name, text in FILES.items():
        assert (tmp_path / "out" / name).read_text() == text
    with closing(sqlite3.connect(tmp_path / "out" / "state.db")) as state:
        assert state.execute("SELECT name FROM xnodes").fetchall() == [("web-1",)]


def test_an_archive_is_named_by_its_time_and_only_its_owner_reads_it(home: Path) -> None:
    before = os.umask(0)
    try:
        path = Path(folder(home).save(note=""))
    finally:
        os.umask(before)
    assert path == home / "backups" / "2026-11-23T12-00-00Z.tar.gz"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_same_home_gives_the_same_bytes(home: Path, tmp_path: Path) -> None:
    one = Path(folder(home).save(note="", file=str(tmp_path / "one")))
    two = Path(folder(home).save(note="", file=str(tmp_path / "two")))
    assert one.read_bytes() == two.read_bytes()


def test_the_newest_of_one_second_is_the_one_with_the_highest_number(home: Path) -> None:
    made = [folder(home).save(note="") for _ in range(11)]
    assert folder(home).newest() == made[-1]
    assert made[-1].endswith("Z-11.tar.gz")


def test_two_capsules_that_back_up_at_once_make_two_whole_archives(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.fakes.clock import FakeClock;"
        "from capsule_adapters.store.backups import ArchiveFolder;"
        "folder = ArchiveFolder(Path(sys.argv[1]), FakeClock(), '0');"
        "[folder.look(folder.save(note='')) for _ in range(5)]"
    )
    command = [sys.executable, "-c", code, str(home)]
    both = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    made = sorted((home / "backups").iterdir())
    assert len(made) == 10
    for path in made:
        assert len(folder(home).look(str(path)).manifest.files) == len(FILES) + 1


def test_what_a_killed_backup_left_behind_is_swept(home: Path) -> None:
    (home / "backups" / ".backup-dead").mkdir(parents=True)
    (home / "backups" / ".backup-dead" / "packed").write_text("half")
    path = Path(folder(home).save(note=""))
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_taken_along_is_said(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("not of this home")
    (home / "configs" / "link.yml").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(home / "configs" / "pipe.yml")
    (home / "configs" / "line\nbreak.yml").write_text("")
    (home / "nixos" / "web" / ".git").mkdir()
    (home / "nixos" / "web" / ("n" * 120)).write_text("")
    with (home / "nixos" / "web" / "disk.img").open("wb") as huge:
        huge.truncate(64 * 1024**2 + 1)
    skipped = {left.path: left.why for left in folder(home).here(with_secrets=False).skipped}
    assert skipped == {
        "configs/line\N{REPLACEMENT CHARACTER}break.yml": (
            "a path holds characters that no backup writes"
        ),
        "configs/link.yml": "it is a symbolic link",
        "configs/pipe.yml": "it is not a file",
        "nixos/web/.git": "a repository is not taken along",
        "nixos/web/disk.img": "it is larger than 64 MiB",
        "nixos/web/" + "n" * 120: "the path is too long for an archive",
    }


def test_a_linked_config_file_is_kept_by_what_it_says(home: Path, tmp_path: Path) -> None:
    (tmp_path / "dotfiles.yml").write_text("version: 1\nactive_profile: web\n")
    (home / "config.yml").unlink()
    (home / "config.yml").symlink_to(tmp_path / "dotfiles.yml")
    archive = folder(home).look(folder(home).save(note=""))
    assert "web" in archive.snapshot.texts["config.yml"]


def test_a_backup_of_a_home_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert folder(tmp_path / "none").here(with_secrets=True).files == ()
    assert not (tmp_path / "none").exists()


def test_a_full_disk_leaves_no_half_archive(home: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path;"
        "from tests.fakes.clock import FakeClock;"
        "from capsule_adapters.store.backups import ArchiveFolder;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8));"
        "ArchiveFolder(Path(sys.argv[1]), FakeClock(), '0').save(note='')"
    )
    (home / "state.db").unlink()
    done = subprocess.run(
        [sys.executable, "-c", code, str(home)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "StoreError: cannot write" in done.stderr
    assert list((home / "backups").iterdir()) == []


def test_a_writer_at_work_does_not_tear_the_state(home: Path, tmp_path: Path) -> None:
    ending = threading.Event()

    def write() -> None:
        database = state_database(home)
        number = 0
        while not ending.is_set():
            number += 1
            with database.change() as transaction:  # always two, or none
                for side in ("left", "right"):
                    transaction.execute(
                        "INSERT INTO xnode_tags (xnode_id, tag) VALUES ('id-web-1', ?)",
                        (f"{side}-{number}",),
                    )
        database.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(10):
            copy = tmp_path / f"copy-{number}.db"
            copy_state(home / "state.db", copy)
            with closing(sqlite3.connect(copy)) as state:
                count = "SELECT count(*) FROM xnode_tags WHERE tag LIKE ?"
                (left,) = state.execute(count, ("left-%",)).fetchone()
                (right,) = state.execute(count, ("right-%",)).fetchone()
                assert state.execute("PRAGMA quick_check").fetchall() == [("ok",)]
            assert left == right
    finally:
        ending.set()
        writer.join()


def test_another_capsule_that_has_the_state_open_sees_the_restored_one(home: Path) -> None:
    archive = folder(home).look(folder(home).save(note=""))
    know(home, "web-2")
    open_elsewhere = state_database(home)
    inventory = SqliteInventory(open_elsewhere)
    assert [x.name for x in inventory.list()] == ["web-1", "web-2"]
    folder(home).restore(archive, keep_state=False)
    assert [x.name for x in inventory.list()] == ["web-1"]
    inventory.add(xnode("x3", "web-3"))
    open_elsewhere.close()
    assert sorted(folder(home).here(with_secrets=False).xnodes.values()) == ["web-1", "web-3"]


def test_a_state_that_another_holds_is_waited_for_and_then_given_up(
    home: Path, tmp_path: Path
) -> None:
    copy_state(home / "state.db", tmp_path / "copy.db")
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another Capsule holds"):
            put_state(tmp_path / "copy.db", home / "state.db", busy_seconds=0.1)
        holder.execute("ROLLBACK")


def test_restored_files_have_their_own_rights_again(home: Path) -> None:
    (home / "nixos/web/configuration.nix").chmod(0o644)
    archive = folder(home).look(folder(home).save(note=""))
    shutil.rmtree(home / "nixos")
    (home / "config.yml").unlink()
    folder(home).restore(archive, keep_state=False)
    rights = {n: stat.S_IMODE((home / n).stat().st_mode) for n in (*FILES, "state.db")}
    assert rights.pop("nixos/web/configuration.nix") == 0o644
    assert set(rights.values()) == {0o600}


def test_folders_that_a_restore_empties_go_too(home: Path) -> None:
    archive = folder(home).look(folder(home).save(note=""))
    fill(home, {"nixos/later/configuration.nix": "{ }\n"})
    folder(home).restore(archive, keep_state=False)
    assert not (home / "nixos" / "later").exists()
    assert (home / "nixos" / "web").exists()


def changed(home: Path) -> None:
    """Make the home differ from its backup in every way there is."""
    fill(
        home,
        {"config.yml": "version: 1\nactive_profile: prod\n", "configs/new.yml": "version: 1\n"},
    )
    shutil.rmtree(home / "nixos")
    know(home, "web-2")


class Broken(Exception):
    """The disk fails, or the power."""


def failing_at(number: int) -> Callable[[Path, Path], None]:
    calls = iter(range(10_000))

    def move(source: Path, target: Path) -> None:
        if next(calls) == number:
            raise Broken
        source.replace(target)

    return move


def moves(home: Path) -> int:
    """How many files a restore of the newest backup moves."""
    count = 0

    def move(source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        source.replace(target)

    backups = ArchiveFolder(home, FakeClock(), "0", move)
    backups.restore(backups.look(backups.newest()), keep_state=False)
    return count


def test_a_restore_that_fails_anywhere_leaves_everything_as_it_was(
    home: Path, tmp_path: Path
) -> None:
    folder(home).save(note="")
    changed(home)
    shutil.copytree(home, tmp_path / "spare")
    before = tree(home)
    for number in range(moves(tmp_path / "spare")):
        backups = ArchiveFolder(home, FakeClock(), "0", failing_at(number))
        archive = backups.look(str(home / "backups" / "2026-11-23T12-00-00Z.tar.gz"))
        with pytest.raises(Broken):
            backups.restore(archive, keep_state=False)
        assert tree(home) == before
        assert not (home / STAGE).exists()
        assert set(backups.here(with_secrets=False).xnodes.values()) == {"web-1", "web-2"}


@pytest.mark.parametrize("number", [0, 2, 4])
def test_a_restore_that_is_killed_is_undone_by_the_next_command(home: Path, number: int) -> None:
    folder(home).save(note="")
    changed(home)
    before = tree(home)
    code = (
        "import itertools, os, sys; from pathlib import Path;"
        "from tests.fakes.clock import FakeClock;"
        "from capsule_adapters.store.backups import ArchiveFolder;"
        "calls = itertools.count();"
        "move = lambda a, b: os._exit(9) if next(calls) == int(sys.argv[2]) else os.replace(a, b);"
        "backups = ArchiveFolder(Path(sys.argv[1]), FakeClock(), '0', move);"
        "backups.restore(backups.look(backups.newest()), keep_state=False)"
    )
    command = [sys.executable, "-c", code, str(home), str(number)]
    assert subprocess.run(command, check=False, cwd=ROOT, timeout=60).returncode == 9
    assert (home / STAGE / "plan.json").exists()
    assert tree(home) != before or number == 0
    assert capsule("profiles", "--json", home=home).code == 0
    assert tree(home) == before
    assert not (home / STAGE).exists()
    assert "a restore was interrupted" in (home / "logs" / "capsule.log").read_text()


def test_a_power_cut_after_the_state_was_written_takes_the_state_back_too(home: Path) -> None:
    folder(home).save(note="")
    changed(home)
    before, kept = tree(home), home.parent / "kept"

    def move(source: Path, target: Path) -> None:
        source.replace(target)
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(home / STAGE, kept)

    backups = ArchiveFolder(home, FakeClock(), "0", move)
    backups.restore(backups.look(backups.newest()), keep_state=False)
    assert set(backups.here(with_secrets=False).xnodes.values()) == {"web-1"}
    kept.rename(home / STAGE)  # all is written, but for the last step: forgetting the plan
    assert recover(home)
    assert tree(home) == before
    assert set(backups.here(with_secrets=False).xnodes.values()) == {"web-1", "web-2"}


def test_nothing_to_recover_costs_nothing(tmp_path: Path) -> None:
    assert not recover(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    assert STAGE in (Path(recovery.__file__)).read_text()


def test_a_linked_folder_in_the_way_stops_the_restore(home: Path, tmp_path: Path) -> None:
    archive = folder(home).look(folder(home).save(note=""))
    (home / "nixos").rename(tmp_path / "mine")
    (home / "nixos").symlink_to(tmp_path / "mine")
    (tmp_path / "mine" / "web" / "configuration.nix").write_text("{ mine = true; }")
    before = tree(home)
    with pytest.raises(Conflict, match="not a folder of its own"):
        folder(home).restore(archive, keep_state=False)
    assert tree(home) == before
    assert (tmp_path / "mine" / "web" / "configuration.nix").read_text() == "{ mine = true; }"


def test_what_no_backup_could_keep_is_not_overwritten(home: Path, tmp_path: Path) -> None:
    archive = folder(home).look(folder(home).save(note=""))
    (tmp_path / "mine.yml").write_text("mine: 1\n")
    (home / "configs" / "mine.yml").unlink()
    (home / "configs" / "mine.yml").symlink_to(tmp_path / "mine.yml")
    with pytest.raises(Conflict, match="no backup could keep it"):
        folder(home).restore(archive, keep_state=False)
    assert (home / "configs" / "mine.yml").is_symlink()
    assert (tmp_path / "mine.yml").read_text() == "mine: 1\n"


def test_an_older_state_comes_back_at_the_schema_of_today(home: Path, tmp_path: Path) -> None:
    archive = folder(home).look(folder(home).save(note=""))
    know(home, "web-2")
    folder(home).restore(archive, keep_state=False)
    with closing(sqlite3.connect(home / "state.db")) as state:
        (version,) = state.execute("PRAGMA user_version").fetchone()
    fresh = state_database(tmp_path / "fresh")
    fresh.open()
    assert fresh.rows("PRAGMA user_version") == [(version,)]
    fresh.close()


def test_a_state_that_is_not_ours_is_not_backed_up(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db")) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreError, match="another program's"):
        folder(tmp_path).save(note="")


def test_a_state_of_a_newer_capsule_is_refused(home: Path) -> None:
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as state:
        state.execute("PRAGMA user_version = 900")
    path = folder(home).save(note="")
    with pytest.raises(StoreError, match="newer Capsule") as refused:
        folder(home).look(path)
    assert "backup-" not in refused.value.message
    assert isinstance(refused.value.__cause__, StoreError)
