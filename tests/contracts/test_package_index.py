"""What every index of packages does: the fake, and SQLite."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsule_adapters.store.index import SqliteIndex
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.package import IndexAbout, NixosOption, Nixpkgs, Package
from capsule_domain.ports.package_index import PackageIndex
from tests.fakes.package_index import FakePackageIndex

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NIXPKGS = Nixpkgs(source="/srv/nixpkgs", release="26.05", revision="a" * 40)
RIPGREP = Package(
    attribute="ripgrep",
    name="ripgrep",
    version="15.1.0",
    summary="Fast grep: JSON output too",
    licence="MIT",
)
PACKAGES = [
    RIPGREP,
    Package(attribute="ripgrep-all", summary="rg, but also search in PDFs"),
    Package(attribute="vgrep", summary="a pager for grep"),
    Package(attribute="jq", summary="JSON on the command line"),
    Package(attribute="vscode", name="vscode", unfree=True, licence="unfree"),
    Package(attribute="_7zz"),
    Package(attribute="python3Packages", is_set=True),
    Package(attribute="python3Packages.numpy", name="numpy", version="2.4"),
    Package(attribute="python3Packages.grep", summary="as a library"),
    Package(attribute="haskellPackages", is_set=True),
    Package(attribute="openssl"),
]
OPTIONS = [
    NixosOption(name="services.nginx.enable", kind="boolean", default="false"),
    NixosOption(name="services.nginx.old", hidden=True, instead="services.nginx.enable"),
    NixosOption(name="services.nginx.virtualHosts.<name>.root", kind="string"),
    NixosOption(name="services.nginxAgent.enable", internal=True),
    NixosOption(name='boot.kernel.sysctl."vm.swappiness"', kind="signed integer"),
]

MAKERS: dict[str, Callable[[Path], PackageIndex]] = {
    "fake": lambda _: FakePackageIndex(),
    "sqlite": SqliteIndex,
}


@pytest.fixture(params=MAKERS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> PackageIndex:
    return MAKERS[request.param](tmp_path / "home")


@pytest.fixture
def index(empty: PackageIndex) -> PackageIndex:
    empty.replace(NIXPKGS, PACKAGES, OPTIONS, built_at=NOW, skipped=lambda: 2)
    return empty


def names(found: object) -> list[str]:
    assert isinstance(found, list)
    return [package.attribute for package in found]


def test_without_an_index_everything_says_how_to_have_one(empty: PackageIndex) -> None:
    assert empty.about() is None
    asked: list[Callable[[], object]] = [
        lambda: empty.find("ripgrep"),
        lambda: empty.covers("a.b"),
        lambda: empty.near("ripgrep"),
        lambda: empty.search("ripgrep", limit=1),
        lambda: empty.beginning("rip", limit=1),
        lambda: empty.option("services.nginx.enable"),
        lambda: empty.options_below("services.nginx"),
        lambda: empty.options_beside("services"),
    ]
    for ask in asked:
        with pytest.raises(ConfigurationError, match="no index") as caught:
            ask()
        assert caught.value.hint == "capsule pkg index"


def test_an_index_says_what_it_was_built_from(index: PackageIndex) -> None:
    assert index.about() == IndexAbout(
        nixpkgs=NIXPKGS, built_at=NOW, packages=9, options=5, skipped=2
    )


def test_a_package_is_found_by_exactly_its_attribute(index: PackageIndex) -> None:
    assert index.find("ripgrep") == RIPGREP
    assert index.find("python3Packages.numpy") == PACKAGES[7]
    assert (index.find("python3Packages") or RIPGREP).is_set
    for absent in ("Ripgrep", "ripgre", "numpy", "", "ripgrep;", "%", "\udcff"):
        assert index.find(absent) is None


def test_it_knows_of_which_sets_it_has_all_names(index: PackageIndex) -> None:
    covered = ("zzz", "python3Packages.zzz", "noSuchSet.zzz")
    assert [index.covers(name) for name in covered] == [True, True, True]
    unknown = ("haskellPackages.lens", "openssl.dev")
    assert [index.covers(name) for name in unknown] == [False, False]


def test_names_near_a_misspelt_one_are_of_the_same_set_and_no_sets(index: PackageIndex) -> None:
    assert "ripgrep" in index.near("ripgerp")
    assert "python3Packages.numpy" in index.near("python3Packages.nunpy")
    assert "python3Packages.numpy" not in index.near("nunpy")
    assert "python3Packages" not in index.near("pyton3Packages")


def test_searching_ranks_the_name_itself_then_beginnings_then_parts_then_summaries(
    index: PackageIndex,
) -> None:
    assert names(list(index.search("GREP", limit=9))) == [
        "python3Packages.grep",
        "vgrep",
        "ripgrep",
        "ripgrep-all",
    ]
    assert names(list(index.search("ripgrep", limit=9))) == ["ripgrep", "ripgrep-all"]
    assert names(list(index.search("rip", limit=1))) == ["ripgrep"]
    assert names(list(index.search("json", limit=9))) == ["jq", "ripgrep"]


def test_every_word_must_be_found(index: PackageIndex) -> None:
    assert names(list(index.search("grep json", limit=9))) == ["ripgrep"]
    assert names(list(index.search("grep cobol", limit=9))) == []
    assert names(list(index.search("  ", limit=9))) == []


def test_sets_are_not_found_by_searching_nor_offered(index: PackageIndex) -> None:
    assert names(list(index.search("haskell", limit=9))) == []
    assert list(index.beginning("python3Packages", limit=9)) == [
        "python3Packages.grep",
        "python3Packages.numpy",
    ]


@pytest.mark.parametrize(
    ("prefix", "offered"),
    [("rip", ["ripgrep", "ripgrep-all"]), ("_", ["_7zz"]), ("%", []), ("'", []), ("\udcff", [])],
)
def test_beginnings_are_taken_literally(
    index: PackageIndex, prefix: str, offered: list[str]
) -> None:
    assert list(index.beginning(prefix, limit=9)) == offered


def test_an_option_is_found_by_exactly_its_name(index: PackageIndex) -> None:
    assert index.option("services.nginx.enable") == OPTIONS[0]
    assert index.option("services.nginx.old") == OPTIONS[1]
    assert index.option("services.nginx") is None
    assert index.option("\udcff") is None


def test_options_below_a_path_end_where_its_last_name_ends(index: PackageIndex) -> None:
    assert list(index.options_below("services.nginx")) == OPTIONS[:3]
    assert list(index.options_below("services.nginx.enable")) == OPTIONS[:1]
    for absent in ("services.ngin", "", "%", "\udcff"):
        assert list(index.options_below(absent)) == []


def test_the_names_beside_one_are_those_that_are_meant_to_be_set(index: PackageIndex) -> None:
    assert list(index.options_beside("")) == ["boot", "services"]
    assert list(index.options_beside("services")) == ["nginx"]
    assert list(index.options_beside("services.nginx")) == ["enable", "virtualHosts"]
    assert list(index.options_beside("boot.kernel.sysctl")) == ["vm.swappiness"]
    assert list(index.options_beside("\udcff")) == []


def test_a_new_index_replaces_the_old_one_whole(index: PackageIndex) -> None:
    index.replace(NIXPKGS, [Package(attribute="fd")], [], built_at=NOW)
    assert index.find("ripgrep") is None
    assert index.option("services.nginx.enable") is None
    assert names(list(index.search("f", limit=9))) == ["fd"]


def test_reading_that_breaks_off_leaves_the_old_index(index: PackageIndex) -> None:
    def breaking() -> object:
        yield Package(attribute="fd")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        index.replace(NIXPKGS, breaking(), [], built_at=NOW)  # type: ignore[arg-type]
    assert index.find("ripgrep") == RIPGREP
    assert index.find("fd") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=30))
def test_no_text_whatever_breaks_a_search(index: PackageIndex, text: str) -> None:
    for package in index.search(text, limit=3):
        assert not package.is_set
    index.beginning(text, limit=3)
    index.near(text)
    index.covers(text)
