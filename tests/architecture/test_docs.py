"""The documentation: every link leads somewhere, every page can be found."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.tools import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("presets/**/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def links(page: Path) -> list[str]:
    """The targets of a page's links that are not in a code block."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return LINK.findall(prose)


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual renderers name them."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in links(page):
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            continue
        file = page.parent / unquote(parts.path) if parts.path else page
        assert file.exists(), f"{shown(page)} links to {target}, which is not there"
        assert file.resolve().is_relative_to(ROOT), f"{target} leads out of the repository"
        if parts.fragment and file.suffix == ".md":
            assert parts.fragment in headings(file), f"{shown(page)} links to {target}"


def test_the_readme_leads_to_every_page_of_docs() -> None:
    readme = ROOT / "README.md"
    linked = {(ROOT / urlsplit(target).path).resolve() for target in links(readme)}
    assert set(ROOT.glob("docs/*.md")) - linked == set()


def test_the_readme_names_every_dependency_with_its_reason() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    asked = re.search(r"^dependencies = \[\n(.*?)^\]", _pyproject(), re.DOTALL | re.MULTILINE)
    assert asked is not None
    for name in re.findall(r'"([A-Za-z0-9_-]+)', asked[1]):
        assert re.search(rf"^\| {name} \| .{{10,}} \|$", readme, re.MULTILINE), name


def test_the_changelog_has_the_version_of_the_package() -> None:
    source = (ROOT / "src" / "capsule_cli" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'__version__ = "([^"]+)"', source)
    assert version is not None
    assert f"## [{version[1]}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def _pyproject() -> str:
    return (ROOT / "pyproject.toml").read_text(encoding="utf-8")
