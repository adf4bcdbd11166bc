"""Building the index."""

import pytest

from capsule_domain.errors import NixFailed, StoreError
from capsule_domain.models.package import NixosOption, Package
from capsule_domain.services.index import BuildIndex
from tests.fakes.clock import FakeClock
from tests.fakes.package_index import FakePackageIndex, FakePackageSource

PACKAGES = [
    Package(attribute="fd"),
    Package(attribute="python3Packages", is_set=True),
    Package(attribute="ripgrep"),
]
OPTIONS = [NixosOption(name="a.enable"), NixosOption(name="b.enable")]


def silent(_seconds: float, _words: str) -> None:
    """Nobody listens."""


def test_an_index_has_all_that_the_nixpkgs_has_and_says_when_it_was_built() -> None:
    index, clock = FakePackageIndex(), FakeClock()
    source = FakePackageSource(PACKAGES, OPTIONS, broken=["yi"])
    heard: list[str] = []
    built = BuildIndex(source, index, clock).run(lambda _seconds, words: heard.append(words))
    assert built.options_failed is None
    assert built.about == index.about()
    about = built.about
    assert (about.packages, about.options, about.skipped) == (2, 2, 1)
    assert about.built_at == clock.now()
    assert about.nixpkgs.release == "26.05"
    assert heard[0] == "reading names"
    assert heard[-1] == "reading NixOS options"


def test_options_are_left_out_when_they_are_not_asked_for() -> None:
    index = FakePackageIndex()
    source = FakePackageSource(PACKAGES, OPTIONS)
    assert BuildIndex(source, index, FakeClock()).run(silent, options=False).about.options == 0


def test_options_that_cannot_be_read_leave_an_index_of_packages() -> None:
    index = FakePackageIndex()
    source = FakePackageSource(PACKAGES, OPTIONS)
    source.no_options = "cannot read nixpkgs: no nixos folder"
    built = BuildIndex(source, index, FakeClock()).run(silent)
    assert built.about.packages == 2
    assert built.options_failed == "cannot read nixpkgs: no nixos folder"


def test_a_nixpkgs_that_breaks_off_leaves_the_old_index() -> None:
    index = FakePackageIndex([Package(attribute="jq")])
    source = FakePackageSource(PACKAGES)
    source.breaks = NixFailed("cannot read nixpkgs: killed")
    with pytest.raises(NixFailed):
        BuildIndex(source, index, FakeClock()).run(silent)
    assert index.find("jq") is not None
    assert index.find("fd") is None


def test_a_full_disk_leaves_the_old_index() -> None:
    index = FakePackageIndex([Package(attribute="jq")])
    index.full_disk = True
    with pytest.raises(StoreError):
        BuildIndex(FakePackageSource(PACKAGES), index, FakeClock()).run(silent)
    assert index.find("jq") is not None


def test_rehearsing_says_which_nixpkgs_it_would_be() -> None:
    build = BuildIndex(FakePackageSource(PACKAGES), FakePackageIndex(), FakeClock())
    assert build.rehearse(silent).source == "/srv/nixpkgs"
