"""What every implementation of the SearchPath port does."""

from pathlib import Path, PurePosixPath

import pytest

from capsule_adapters.shell import ShellSearchPath
from capsule_domain.ports.search_path import SearchPath
from tests.fakes.search_path import FakeSearchPath

HELD, OTHER = PurePosixPath("/profiles/held/bin"), PurePosixPath("/profiles/other/bin")


@pytest.fixture(params=["fake", "shell"])
def search_path(request: pytest.FixtureRequest, tmp_path: Path) -> SearchPath:
    if request.param == "fake":
        return FakeSearchPath((str(HELD),))
    environment = {"HOME": str(tmp_path), "SHELL": "/bin/bash", "PATH": f"/usr/bin:{HELD}"}
    return ShellSearchPath(environment)


def test_it_knows_what_the_path_holds(search_path: SearchPath) -> None:
    assert search_path.holds(HELD)
    assert not search_path.holds(OTHER)


def test_a_line_is_added_once(search_path: SearchPath) -> None:
    assert str(OTHER) in search_path.line(OTHER)
    assert not search_path.is_written(OTHER)
    assert search_path.add(OTHER)
    assert search_path.is_written(OTHER)
    assert not search_path.add(OTHER)


def test_another_folder_takes_the_place_of_the_one_before(search_path: SearchPath) -> None:
    assert search_path.add(HELD)
    assert search_path.add(OTHER)
    assert not search_path.is_written(HELD)
    assert search_path.is_written(OTHER)


def test_it_names_the_file(search_path: SearchPath) -> None:
    assert search_path.start_up_file().is_absolute()
