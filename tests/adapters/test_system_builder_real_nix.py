"""Systems built and brought by the real Nix: here, and on a machine with a store of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from capsule_domain.errors import (
    ConfigurationError,
    NixFailed,
    NotFound,
)
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.system_builder import BuildOrder
from tests.nix.building_site import NIXPKGS, Site, build_host, building_site


@pytest.fixture
def site(tmp_path: Path, own_home: Path) -> Iterator[Site]:
    with building_site(tmp_path, own_home) as site:
        yield site


BOTH = ["greet-1.0", "nixos-system-web-26.05"]


def test_a_system_built_here_is_brought_once_and_kept_there(site: Site) -> None:
    order = site.order()
    path = site.build(order)
    assert (site.paths("ours"), site.paths("theirs")) == (BOTH, [])
    site.bring(order, path)
    assert site.paths("theirs") == BOTH
    assert site.kept_there() == path
    site.heard.clear()
    site.bring(order, path)
    assert not [line for line in site.heard if "copying" in line]


def test_a_system_is_built_on_the_machine_from_what_is_evaluated_here(site: Site) -> None:
    order = site.order(on_machine=True)
    path = site.build(order)
    assert (site.paths("ours"), site.paths("theirs")) == ([], BOTH)
    assert site.kept_there() == path
    site.bring(order, path)


def test_without_nix_here_the_configuration_is_evaluated_on_the_machine(site: Site) -> None:
    order = site.order(on_machine=True, nixpkgs=None)
    path = site.without_nix().build(order, site.where, site.listen)
    assert (site.paths("ours"), site.paths("theirs")) == ([], BOTH)
    assert site.kept_there() == path
    assert site.rooms() == []


def test_a_build_host_builds_and_the_system_goes_from_there_straight_to_the_machine(
    site: Site, own_home: Path
) -> None:
    with build_host(site, own_home) as host:
        order = site.order(where=host)
        path = site.build(order)
        assert (site.paths("ours"), site.paths("theirs")) == ([], [])
        site.bring(order, path)
        assert (site.paths("ours"), site.paths("theirs")) == ([], BOTH)


@pytest.mark.parametrize("place", ["here", "there"])
def test_a_build_that_fails_is_told_in_nixs_own_last_words(site: Site, place: str) -> None:
    order = site.order(more="echo no such luck >&2; exit 3", on_machine=place == "there")
    where = " on web" if place == "there" else ""
    with pytest.raises(
        NixFailed, match=f"cannot build the system{where}: .* exit code 3"
    ) as failed:
        site.build(order)
    assert any("no such luck" in line for line in failed.value.lines)


def test_two_systems_on_the_machine_are_compared(site: Site) -> None:
    first = site.build(site.order(on_machine=True))
    second = site.build(site.order(version="2.0", kernel="6.18.2", on_machine=True))
    found = site.builder.compare(first, second, site.where)
    (greet,) = [change for change in found.changes if change.name == "greet"]
    assert (greet.before, greet.after) == (("1.0",), ("2.0",))
    assert found.kernel == ("6.12.1", "6.18.2")
    assert "greet: 1.0 → 2.0" in site.theirs("store", "diff-closures", first, second)
    assert (found.added_paths, found.removed_paths, found.postgresql) == (2, 2, None)
    assert site.builder.compare(first, first, site.where).is_empty
    absent = first.replace("nixos-system", "nixos-nowhere")
    with pytest.raises(NotFound, match="nixos-nowhere"):
        site.builder.compare(first, absent, site.where)


def test_what_is_built_here_is_not_collected_until_the_end(site: Site) -> None:
    path = site.build(site.order())
    site.ours("nix-store", "--gc")
    assert site.paths("ours") == BOTH
    site.builder.close()
    site.ours("nix-store", "--gc")
    assert site.paths("ours") == []
    assert path.endswith("nixos-system-web-26.05")


def test_what_a_machine_knows_our_key_for_is_signed_with_it(site: Site) -> None:
    key = site.builder.signing_key()
    assert site.builder.signing_key() == key
    secret = site.folder / "home" / "signing" / "secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    settings = site.machine.folder / "nix-state" / "nix-conf" / "nix.conf"
    settings.write_text(f"{settings.read_text()}trusted-public-keys = {key}\n")
    order = site.order()
    path = site.build(order)
    site.bring(order, path)
    said = site.theirs("path-info", "--sigs", path)
    assert f"\t{key.partition(':')[0]}:" in said
    assert secret.read_text().strip() not in f"{said}{site.heard}"


def test_without_nix_here_the_machine_describes_it_and_names_the_persons_own_files(
    site: Site,
) -> None:
    order = site.order(nixpkgs=None)
    elsewhere = site.without_nix()
    with pytest.raises(NotFound, match="did you mean web"):
        elsewhere.describe(order.model_copy(update={"host": "wep"}), site.where, site.listen)
    described = elsewhere.describe(order, site.where, site.listen)
    assert described == site.builder.describe(site.order(), site.where, site.listen)
    broken = site.order(nixpkgs=None, more='"; oops = ', version="1")
    with pytest.raises(ConfigurationError) as wrong:
        elsewhere.describe(broken, site.where, site.listen)
    assert f"{site.folder}/configuration/configuration.nix" in wrong.value.message
    assert site.rooms() == []


def test_a_flake_whose_inputs_are_stand_ins_is_not_built(site: Site) -> None:
    folder = site.folder / "flake"
    folder.mkdir()
    (folder / "flake.nix").write_text(
        '{ inputs.sops-nix.url = "x"; outputs = { nixpkgs, sops-nix, ... }:'
        " { nixosConfigurations.web = nixpkgs.lib.nixosSystem"
        " { modules = [ sops-nix.nixosModules.sops ]; }; }; }\n"
    )
    source = SystemsSource(flake=str(folder))
    order = BuildOrder(source=source, host="web", nixpkgs=NIXPKGS)
    with pytest.raises(ConfigurationError, match="nobody locked its input sops-nix") as refused:
        site.build(order)
    assert refused.value.hint == f"nix flake lock path:{folder}"
