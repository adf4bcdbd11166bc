"""What every keeper of files of xNodes does: the fake, and files."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from capsule_adapters.store.xnode_files import LocalXNodeFiles
from capsule_domain.errors import ConfigurationError, Conflict, NotFound, StoreError
from capsule_domain.ports.xnode_files import XNodeFiles
from tests.fakes.xnode_files import FakeXNodeFiles


@pytest.fixture(params=["fake", "local"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> XNodeFiles:
    return FakeXNodeFiles() if request.param == "fake" else LocalXNodeFiles(tmp_path)


def test_what_is_written_is_read_line_by_line(files: XNodeFiles, tmp_path: Path) -> None:
    where = files.write(str(tmp_path / "fleet"), iter(["\ufeffa,é\r\n", "b\n", "c"]), replace=False)
    assert list(files.lines(where)) == ["a,é\r\n", "b\n", "c"]


def test_a_file_that_is_there_is_replaced_only_on_request(
    files: XNodeFiles, tmp_path: Path
) -> None:
    where = files.write(str(tmp_path / "fleet"), ["old"], replace=False)
    with pytest.raises(Conflict, match="is there already"):
        files.write(where, ["new"], replace=False)
    assert list(files.lines(where)) == ["old"]
    assert files.write(where, ["new"], replace=True) == where
    assert list(files.lines(where)) == ["new"]


def test_a_file_that_is_not_there_is_not_found(files: XNodeFiles, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(files.lines(str(tmp_path / "none")))


def test_the_originals_inventory_is_seen_in_the_home_and_set_aside(
    files: XNodeFiles, tmp_path: Path
) -> None:
    assert files.original() is None
    where = files.write(str(tmp_path / "inventory.json"), ["{}"], replace=False)
    assert files.original() == where
    assert files.set_aside(where) == f"{where}.orig"
    assert files.original() is None
    assert list(files.lines(f"{where}.orig")) == ["{}"]


def test_setting_aside_never_replaces_what_was_set_aside(tmp_path: Path) -> None:
    files = LocalXNodeFiles(tmp_path)
    for _ in range(3):
        files.set_aside(files.write(str(tmp_path / "inventory.json"), ["{}"], replace=False))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "inventory.json.orig",
        "inventory.json.orig.1",
        "inventory.json.orig.2",
    ]


def test_a_new_file_is_the_users_alone_and_another_keeps_its_mode(tmp_path: Path) -> None:
    files = LocalXNodeFiles(tmp_path)
    where = Path(files.write(str(tmp_path / "fleet"), ["a"], replace=False))
    assert stat.S_IMODE(where.stat().st_mode) == 0o600
    where.chmod(0o640)
    files.write(str(where), ["b"], replace=True)
    assert stat.S_IMODE(where.stat().st_mode) == 0o640


def test_a_writing_that_breaks_leaves_the_old_file(tmp_path: Path) -> None:
    files = LocalXNodeFiles(tmp_path)
    where = files.write(str(tmp_path / "fleet"), ["old"], replace=False)

    def broken() -> Iterator[str]:
        yield "new"
        raise EOFError

    with pytest.raises(EOFError):
        files.write(where, broken(), replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["fleet"]
    assert list(files.lines(where)) == ["old"]


def test_what_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    files = LocalXNodeFiles(tmp_path)
    (tmp_path / "binary").write_bytes(b"a\nb\n" + b"\xff\xfe\n")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        list(files.lines(str(tmp_path / "binary")))
    os.mkfifo(tmp_path / "pipe")
    for name in (".", "pipe"):
        with pytest.raises(StoreError):
            list(files.lines(str(tmp_path / name)))
    with pytest.raises(StoreError, match="does not exist"):
        files.write(str(tmp_path / "none" / "fleet"), ["a"], replace=False)


def test_a_long_line_comes_in_pieces(tmp_path: Path) -> None:
    files = LocalXNodeFiles(tmp_path)
    where = files.write(str(tmp_path / "long"), ["x" * 200_000, "\n"], replace=False)
    pieces = list(files.lines(where))
    assert len(pieces) == 4
    assert "".join(pieces) == "x" * 200_000 + "\n"
