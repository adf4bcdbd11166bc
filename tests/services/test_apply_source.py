"""Which configuration is meant, and which host of it."""

from pathlib import Path

import pytest

from capsule_adapters.nix.reading.modules import NixModules
from capsule_adapters.store.configurations import ConfigurationFolders
from capsule_domain.errors import ConfigurationError, NotFound, ToolMissing
from capsule_domain.services.apply_source import FindSource
from tests.fakes.choices import FakeChoices
from tests.fakes.nix_systems import FakeNixSystems
from tests.fakes.package_index import FakePackageIndex


class NoNix(FakeNixSystems):
    """No Nix on this machine."""

    def nixpkgs(self, folder: str | None, progress: object) -> str | None:
        raise ToolMissing("Nix", hint="capsule bootstrap")


def finder(home: Path, systems: FakeNixSystems | None = None) -> FindSource:
    return FindSource(
        configurations=ConfigurationFolders(home),
        choices=FakeChoices(),
        reader=NixModules(),
        systems=systems or FakeNixSystems(),
        index=FakePackageIndex(),
    )


def silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


def folder(home: Path, name: str, text: str = "{ }", *, flake: str | None = None) -> str:
    place = home / name
    place.mkdir(parents=True)
    (place / "configuration.nix").write_text(text)
    if flake is not None:
        (place / "flake.nix").write_text(flake)
    return str(place)


def test_the_host_of_a_lone_file_is_called_as_its_folder(tmp_path: Path) -> None:
    found = finder(tmp_path).named(folder(tmp_path, "web"), None, None, silent)
    assert found.order.host == "web"
    assert found.order.nixpkgs == "/srv/nixpkgs"


def test_a_flake_calls_its_host_as_the_host_calls_itself(tmp_path: Path) -> None:
    place = folder(tmp_path, "x", '{ networking.hostName = "web"; }', flake="{ }")
    found = finder(tmp_path).named(place, None, None, silent)
    assert (found.order.host, found.order.source.flake) == ("web", place)


def test_a_flake_without_a_name_is_called_as_its_folder(tmp_path: Path) -> None:
    place = folder(tmp_path, "web", flake="{ }")
    assert finder(tmp_path).named(place, None, None, silent).order.host == "web"


def test_a_locked_flake_takes_its_own_nixpkgs(tmp_path: Path) -> None:
    place = folder(tmp_path, "web", flake="{ }")
    Path(place, "flake.lock").write_text('{"nodes": {}, "root": "root", "version": 7}')
    assert finder(tmp_path).named(place, None, None, silent).order.nixpkgs is None


def test_several_hosts_need_a_name_that_is_one_of_them(tmp_path: Path) -> None:
    folder(tmp_path / "all", "web")
    folder(tmp_path / "all", "db")
    place = str(tmp_path / "all")
    with pytest.raises(ConfigurationError, match="several hosts are there: db, web"):
        finder(tmp_path).named(place, None, None, silent)
    with pytest.raises(NotFound, match="did you mean web"):
        finder(tmp_path).named(place, "wbe", None, silent)
    assert finder(tmp_path).named(place, "db", None, silent).order.host == "db"


def test_of_a_crowd_of_hosts_ten_are_named(tmp_path: Path) -> None:
    for number in range(13):
        folder(tmp_path / "all", f"web-{number:02}")
    with pytest.raises(ConfigurationError, match=r": web-00, .*, web-09 and 3 more$"):
        finder(tmp_path).named(str(tmp_path / "all"), None, None, silent)


def test_a_folder_without_a_system_is_told(tmp_path: Path) -> None:
    (tmp_path / "module.nix").write_text("{ }")
    with pytest.raises(ConfigurationError, match=r"no configuration\.nix and no flake\.nix"):
        finder(tmp_path).named(str(tmp_path), None, None, silent)


def test_nothing_generated_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no configuration was generated yet"):
        finder(tmp_path).named(None, None, None, silent)


def test_without_nix_here_the_machines_own_nixpkgs_is_left_to_it(tmp_path: Path) -> None:
    found = finder(tmp_path, NoNix()).named(folder(tmp_path, "web"), None, None, silent)
    assert found.order.nixpkgs is None


def test_a_nixpkgs_that_is_named_here_is_not_passed_over_for_want_of_nix(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="Nix"):
        finder(tmp_path, NoNix()).named(folder(tmp_path, "web"), None, "/srv/nixpkgs", silent)


def test_a_secret_in_a_file_with_any_name_is_seen(tmp_path: Path) -> None:
    place = folder(tmp_path, "web")
    Path(place, "my secrets (old).nix").write_text('{ services.x.password = "hunter2hunter2"; }\n')
    found = finder(tmp_path).named(place, None, None, silent)
    assert [leak.line for leak in found.leaks] == [1]
