"""What every keeper of plan files does: the fake, and files."""

import stat
from pathlib import Path

import pytest

from capsule_adapters.store.plan_files import LIMIT_BYTES, LocalPlanFiles
from capsule_domain.errors import Conflict, NotFound, StoreError, UsageError
from capsule_domain.ports.plan_files import PlanFiles
from tests.fakes.plan_files import FakePlanFiles


@pytest.fixture(params=[FakePlanFiles, LocalPlanFiles])
def files(request: pytest.FixtureRequest) -> PlanFiles:
    made: PlanFiles = request.param()
    return made


def test_what_is_stored_is_loaded_and_never_written_over(files: PlanFiles, tmp_path: Path) -> None:
    where = files.store(str(tmp_path / "plan.json"), "{}")
    assert files.load(where) == "{}"
    with pytest.raises(Conflict, match="is there already"):
        files.store(where, "[]")
    assert files.load(where) == "{}"


def test_a_file_that_is_not_there_is_not_found(files: PlanFiles, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file named"):
        files.load(str(tmp_path / "none.json"))


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    where = Path(LocalPlanFiles().store(str(tmp_path / "plan.json"), "{}"))
    assert stat.S_IMODE(where.stat().st_mode) == 0o600


def test_what_is_no_text_too_large_or_no_file_is_refused(tmp_path: Path) -> None:
    files, binary, large = LocalPlanFiles(), tmp_path / "binary", tmp_path / "large"
    binary.write_bytes(b"\xff\xfe")
    large.write_bytes(b" " * (LIMIT_BYTES + 1))
    with pytest.raises(UsageError, match="is no text"):
        files.load(str(binary))
    with pytest.raises(UsageError, match="too large"):
        files.load(str(large))
    with pytest.raises(StoreError, match="cannot read"):
        files.load(str(tmp_path))
    with pytest.raises(StoreError):
        files.store(str(tmp_path / "missing" / "plan.json"), "{}")
