"""Whole files and locks: what a crash, a full disk or another process may not do."""

import os
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from capsule_adapters.store.choices import YamlChoices
from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_adapters.store.lock import FileLock
from capsule_adapters.store.state import state_database
from capsule_domain.errors import StoreError
from capsule_domain.ports.settings import Settings

NOBODY = 65534


@contextmanager
def unprivileged(*folders: Path) -> Iterator[None]:
    """Be someone whom permissions bind. Root becomes nobody, to whom `folders` then belong."""
    if os.geteuid() != 0:
        yield
        return
    for folder in folders:
        os.chown(folder, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder whose parents let everybody through, for tests of permissions."""
    with tempfile.TemporaryDirectory(prefix="capsule-store-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_the_owners_alone_and_holds_what_was_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"content")
    assert (tmp_path / "a").read_bytes() == b"content"
    assert mode(tmp_path / "a") == 0o600


def test_a_file_keeps_its_mode_unless_one_is_given(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    file.chmod(0o640)
    write_atomically(file, b"new")
    assert mode(file) == 0o640
    write_atomically(file, b"newer", mode=0o600)
    assert mode(file) == 0o600


def test_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "config.yml"
    target.parent.mkdir()
    target.write_text("old")
    link = tmp_path / "config.yml"
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_private_folder_and_all_that_was_missing_above_it_are_the_owners_alone(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o755)
    make_private_folder(tmp_path / "home" / "logs")
    make_private_folder(tmp_path / "home" / "logs")
    assert [mode(tmp_path / path) for path in ("home/logs", "home", ".")] == [0o700, 0o700, 0o755]


def test_no_temporary_file_is_left_behind_by_success_or_failure(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="a folder is where a file should be"):
        write_atomically(tmp_path / "folder", b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "folder"]


LIMITED = """
import resource, sys
from pathlib import Path
from capsule_adapters.store.files import write_atomically
from capsule_domain.errors import StoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(Path(sys.argv[1]), b"x" * 5000)
except StoreError as error:
    print(error.message)
"""


def test_a_write_that_finds_no_room_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(file)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"cannot write {file}: the file would be larger than is allowed\n"
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_readers_see_the_old_or_the_new_and_never_a_mix(tmp_path: Path) -> None:
    file = tmp_path / "a"
    write_atomically(file, b"0" * 10_000)
    stop = threading.Event()
    seen: set[bytes | None] = set()

    def read() -> None:
        while not stop.is_set():
            content = read_limited(file, 1_000_000)
            seen.add(None if content is None else bytes(set(content)))

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(50):
        write_atomically(file, str(n % 10).encode() * 10_000)
    stop.set()
    reader.join()
    assert seen <= {str(n).encode() for n in range(10)}


def test_an_absent_file_is_none_and_a_large_one_is_cut_after_the_limit(tmp_path: Path) -> None:
    assert read_limited(tmp_path / "nothing", 10) is None
    (tmp_path / "large").write_bytes(b"x" * 1000)
    assert read_limited(tmp_path / "large", 10) == b"x" * 11


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="it is not a file"):
        read_limited(tmp_path / "pipe", 10)


def test_a_home_that_may_not_be_read_is_told_with_the_path(open_folder: Path) -> None:
    home = open_folder / "home"
    home.mkdir()
    (home / "config.yml").write_text("active_profile: prod\n")
    assert YamlChoices(home).settings().active_profile == "prod"  # imports what nobody may not
    with unprivileged(home):
        home.chmod(0o000)
        try:
            for read in (YamlChoices(home).settings, YamlChoices(home).profiles):
                with pytest.raises(StoreError, match=rf"cannot read {home}.*permission denied"):
                    read()
            with pytest.raises(StoreError, match=rf"{home}.*permission denied"):
                state_database(home).open()
        finally:
            home.chmod(0o700)


def test_a_home_that_may_not_be_written_is_told_and_stays_readable(open_folder: Path) -> None:
    home = open_folder / "home"
    home.mkdir()
    (home / "config.yml").write_text("active_profile: prod\n")
    assert YamlChoices(home).settings().active_profile == "prod"  # imports what nobody may not
    with unprivileged(home):
        home.chmod(0o500)
        try:
            with pytest.raises(StoreError, match=rf"{home}.*permission denied"):
                YamlChoices(home).save_settings(Settings(active_profile="mine"))
            assert YamlChoices(home).settings().active_profile == "prod"
            with pytest.raises(StoreError, match=rf"{home}/state\.db: permission denied"):
                state_database(home).open()
        finally:
            home.chmod(0o700)


def test_a_file_where_the_home_should_be_is_told_for_reading_and_writing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("in the way")
    choices = YamlChoices(home)
    for use in (choices.settings, choices.profiles, lambda: choices.save_settings(Settings())):
        with pytest.raises(StoreError, match="a file is where a folder should be"):
            use()


HOLD = """
import sys
from pathlib import Path
from capsule_adapters.store.lock import FileLock
with FileLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_lock_held_by_another_process_is_told_after_the_deadline(tmp_path: Path) -> None:
    path = tmp_path / "home" / ".lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(StoreError, match=f"another Capsule holds {path}"),
            FileLock(path, timeout_seconds=0.05),
        ):
            pytest.fail("the lock was held")
        holder.kill()
    with FileLock(path, timeout_seconds=5):
        assert mode(path) == 0o600


def test_threads_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    path = tmp_path / "count"
    path.write_text("0")

    def add() -> None:
        for _ in range(10):
            with FileLock(tmp_path / ".lock", timeout_seconds=30):
                path.write_text(str(int(path.read_text()) + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() == "40"


def test_a_lock_is_free_after_a_block_that_failed(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / ".lock", timeout_seconds=0)
    with pytest.raises(InterruptedError), lock:
        raise InterruptedError
    with lock:
        pass
