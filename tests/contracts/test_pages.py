"""What every maker of pages does: the fake, and HTML files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from capsule_adapters.docs.html import HtmlPages
from capsule_domain.errors import Conflict
from capsule_domain.models.page import Page, PagePackage, PageSource, PageUndo
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.stack import ResolvedStack
from capsule_domain.ports.page import Pages
from tests.fakes.pages import FakePages
from tests.fakes.presets import stack


def page(name: str = "mine", **changes: object) -> Page:
    """A page with one of each thing on it."""
    environment = Environment(
        profile=Profile(name=name, summary="all of it", stacks=("docker",)),
        stacks=(
            ResolvedStack(stack=stack("base"), because=("always",)),
            ResolvedStack(stack=stack("docker", "base"), because=("chosen",)),
        ),
        packages=("ripgrep",),
        python_packages=("numpy",),
        services=("docker",),
        ports=(80, 443),
    )
    whole = Page(
        environment=environment,
        active=True,
        packages=(
            PagePackage(attribute="ripgrep", because=("chosen",), version="14.1", licence="MIT"),
            PagePackage(attribute="python3Packages.numpy", because=("ml",)),
        ),
        sources=(PageSource(title="What setup installs", name="flake.nix", text="{ a = 1; }\n"),),
        undo=(PageUndo(what="Take out docker", command="capsule remove docker"),),
        capsule="0.1.0",
        made_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    )
    return whole.model_copy(update=changes)


@dataclass(frozen=True)
class Desk:
    """Pages, a file of somebody else's, and a look at what stands somewhere."""

    pages: Pages
    foreign: str
    elsewhere: str
    read: Callable[[str], str | None]


def _on_disk(folder: Path) -> Desk:
    (folder / "letter.html").write_text("<p>Dear</p>")

    def read(path: str) -> str | None:
        return Path(path).read_text() if Path(path).exists() else None

    pages = HtmlPages(folder / "home", {})
    return Desk(pages, str(folder / "letter.html"), str(folder / "mine.html"), read)


def _in_memory(_: Path) -> Desk:
    fake = FakePages()
    fake.foreign.add("/letter.html")
    return Desk(fake, "/letter.html", "/mine.html", fake.texts.get)


MAKERS = {"fake": _in_memory, "html": _on_disk}


@pytest.fixture(params=MAKERS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return MAKERS[request.param](tmp_path)


def test_the_same_page_gives_the_same_text(desk: Desk) -> None:
    assert desk.pages.text(page()) == desk.pages.text(page())
    assert desk.pages.text(page()) != desk.pages.text(page("other"))


def test_a_page_is_written_where_it_is_said_to_be(desk: Desk) -> None:
    place = desk.pages.place(page())
    assert desk.read(place) is None
    assert desk.pages.write(page()) == place
    assert desk.read(place) == desk.pages.text(page())
    assert place.endswith("docs/mine.html")


def test_a_page_of_ours_is_replaced_without_a_word(desk: Desk) -> None:
    desk.pages.write(page(), desk.elsewhere)
    desk.pages.write(page(capsule="0.2.0"), desk.elsewhere)
    assert "0.2.0" in (desk.read(desk.elsewhere) or "")


def test_somebody_elses_file_is_replaced_only_by_force(desk: Desk) -> None:
    with pytest.raises(Conflict):
        desk.pages.write(page(), desk.foreign)
    assert desk.pages.write(page(), desk.foreign, force=True) == desk.foreign
    assert desk.read(desk.foreign) == desk.pages.text(page())


def test_without_a_desktop_nothing_is_opened(desk: Desk) -> None:
    assert not desk.pages.open(desk.pages.write(page()))
