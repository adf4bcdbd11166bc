"""`capsule docs`, over a real home and over pages in memory."""

from pathlib import Path

import pytest

from capsule_cli.wiring import Wiring
from capsule_domain.models.profile import Profile
from tests.cli.running import capsule, wired
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.nix_environment import FakeNixEnvironment
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.pages import FakePages
from tests.fakes.presets import FakePresets, stack


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def with_pages(pages: FakePages) -> Wiring:
    return wired(
        choices=FakeChoices(),
        presets=FakePresets([stack("base")], [Profile(name="minimal", builtin=True)]),
        renderer=FakeNixRenderer(),
        index=FakePackageIndex(),
        nix_environment=FakeNixEnvironment(),
        clock=FakeClock(),
        pages=pages,
    )


def test_the_page_of_the_active_profile_is_written_and_its_place_told() -> None:
    pages = FakePages()
    ran = capsule("docs", wiring=with_pages(pages))
    assert ran.code == 0
    assert ran.stdout.startswith("✓ wrote /home/docs/minimal.html\n1 stacks, ")
    assert list(pages.texts) == ["/home/docs/minimal.html"]
    assert pages.opened == []


def test_a_real_page_lands_in_the_home(home: Path) -> None:
    ran = capsule("docs", "ml-gpu", "--json", home=home)
    assert ran.code == 0
    path = Path(ran.data["path"])
    assert path == home / "docs" / "ml-gpu.html"
    assert ran.data["size_bytes"] == path.stat().st_size
    assert ran.data["stacks"] > 3
    assert ran.data["opened"] is False


def test_stdout_can_have_the_page_itself(home: Path) -> None:
    ran = capsule("docs", "--output", "-", home=home)
    assert ran.code == 0
    assert ran.stdout.startswith("<!doctype html>\n")
    assert not (home / "docs").exists()
    assert capsule("docs", "--output", "-", "--json", home=home).code == 2
    assert capsule("docs", "--output", "-", "--open", home=home).code == 2


def test_a_dry_run_writes_nothing(home: Path) -> None:
    ran = capsule("docs", "--dry-run", "--json", home=home)
    assert ran.data["path"] == str(home / "docs" / "minimal.html")
    assert not (home / "docs").exists()


def test_somebody_elses_file_stays(home: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.html"
    letter.write_text("<p>Dear</p>")
    assert capsule("docs", "-o", str(letter), home=home).code == 5
    assert letter.read_text() == "<p>Dear</p>"
    assert capsule("docs", "-o", str(letter), "--force", home=home).code == 0
    assert letter.read_text().startswith("<!doctype html>")


def test_opening_is_asked_for_and_its_failure_told() -> None:
    shown = FakePages(desktop=True)
    ran = capsule("docs", "--open", "--json", wiring=with_pages(shown))
    assert shown.opened == ["/home/docs/minimal.html"]
    assert ran.data["opened"] is True
    ran = capsule("docs", "--open", wiring=with_pages(FakePages()))
    assert ran.code == 0
    assert "open that file in a browser" in ran.stderr


def test_an_unknown_profile_is_not_found(home: Path) -> None:
    ran = capsule("docs", "minimul", "--json", home=home)
    assert (ran.code, "minimal" in ran.error["message"]) == (4, True)
