"""What every nixpkgs that is read does: the fake, and a small one read by real Nix."""

from collections.abc import Callable
from itertools import islice

import pytest

from capsule_adapters.nix.index.source import NixpkgsSource
from capsule_domain.models.package import NixosOption, Package
from capsule_domain.ports.package_index import PackageSource
from tests.fakes.package_index import FakePackageSource
from tests.nix.test_index import TREE, silent, small
from tests.tools import needs_tool


def fake() -> PackageSource:
    packages = [
        Package(attribute="ripgrep", name="ripgrep", version="15.1.0"),
        Package(attribute="python3Packages", is_set=True),
        Package(attribute="python3Packages.numpy"),
    ]
    options = [NixosOption(name="services.nginx.enable", kind="boolean")]
    return FakePackageSource(packages, options, broken=["aborts"])


def real() -> PackageSource:
    needs_tool("nix-instantiate")
    return NixpkgsSource(folder=str(TREE), machine=small)


MAKERS: dict[str, Callable[[], PackageSource]] = {"fake": fake, "real": real}


@pytest.fixture(params=MAKERS)
def source(request: pytest.FixtureRequest) -> PackageSource:
    return MAKERS[request.param]()


def test_it_says_which_nixpkgs_it_is(source: PackageSource) -> None:
    found = source.nixpkgs(silent)
    assert found.source
    assert (found.release or "").startswith("26.05")
    assert len(found.revision or "") == 40


def test_every_package_and_every_set_comes_once(source: PackageSource) -> None:
    packages = list(source.packages(silent))
    names = [package.attribute for package in packages]
    assert len(names) == len(set(names))
    assert {"ripgrep", "python3Packages", "python3Packages.numpy"} <= set(names)
    assert {p.attribute for p in packages if p.is_set} >= {"python3Packages"}


def test_what_was_skipped_is_known_when_all_is_read_and_is_no_package(
    source: PackageSource,
) -> None:
    assert list(source.skipped()) == []
    names = {package.attribute for package in source.packages(silent)}
    assert "aborts" in source.skipped()
    assert names & set(source.skipped()) == set()


def test_reading_may_stop_early(source: PackageSource) -> None:
    reading = source.packages(silent)
    assert len(list(islice(reading, 1))) == 1
    reading.close()  # type: ignore[attr-defined]


def test_options_come_with_their_type(source: PackageSource) -> None:
    options = {option.name: option for option in source.options(silent)}
    assert options["services.nginx.enable"].kind == "boolean"
