"""One collector a home: the fake, and the file; between processes, too."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from capsule_adapters.collector.lock import FileEngineLock
from capsule_domain.errors import Conflict, StoreError
from capsule_domain.ports.engine_lock import EngineLock
from tests.fakes.clock import FakeClock
from tests.fakes.supervision import FakeEngineLock

MAKERS: dict[str, Callable[[Path], EngineLock]] = {
    "fake": lambda _: FakeEngineLock(),
    "file": lambda folder: FileEngineLock(
        folder / "home" / "monitor.lock", "anna@laptop", FakeClock()
    ),
}


@pytest.fixture(params=MAKERS)
def lock(request: pytest.FixtureRequest, tmp_path: Path) -> EngineLock:
    return MAKERS[request.param](tmp_path)


def test_nobody_holds_it_at_first_and_after_the_end(lock: EngineLock) -> None:
    assert lock.holder() is None
    with lock.hold():
        pass
    assert lock.holder() is None
    with lock.hold():
        pass


def test_a_second_one_is_refused_and_told_who_runs(lock: EngineLock) -> None:
    with lock.hold():
        holder = lock.holder()
        assert holder is not None
        assert holder.who == "anna@laptop"
        with pytest.raises(Conflict, match=rf"process {holder.pid} of anna@laptop"), lock.hold():
            raise AssertionError("held twice")
        assert lock.holder() == holder


def test_it_is_free_after_a_failure(lock: EngineLock) -> None:
    with pytest.raises(ValueError, match="broken"), lock.hold():
        raise ValueError("broken")
    assert lock.holder() is None


HOLDS = """
import sys
from pathlib import Path
from capsule_adapters.clock import SystemClock
from capsule_adapters.collector.lock import FileEngineLock
with FileEngineLock(Path(sys.argv[1]), "ben@desk", SystemClock()).hold():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_holds_it_until_it_dies(tmp_path: Path) -> None:
    path = tmp_path / "monitor.lock"
    lock = FileEngineLock(path, "anna@laptop", FakeClock())
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        holder = lock.holder()
        assert holder is not None
        assert (holder.pid, holder.who) == (other.pid, "ben@desk")
        with pytest.raises(Conflict, match=str(other.pid)), lock.hold():
            pass
        other.kill()
    assert lock.holder() is None
    with lock.hold():
        found = lock.holder()
        assert found is not None
        assert found.pid == os.getpid()


def test_a_holder_that_has_not_signed_yet_is_told_without_its_name(tmp_path: Path) -> None:
    lock = FileEngineLock(tmp_path / "monitor.lock", "anna@laptop", FakeClock())
    with lock.hold():
        (tmp_path / "monitor.lock").write_text("", encoding="utf-8")
        holder = lock.holder()
        assert holder is not None
        assert holder.who == "?"
        with pytest.raises(Conflict, match="runs here already"), lock.hold():
            pass


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "monitor.lock").mkdir()
    lock = FileEngineLock(tmp_path / "monitor.lock", "anna@laptop", FakeClock())
    with pytest.raises(StoreError), lock.hold():
        pass
