"""What everything that builds systems does: in memory, and the real Nix of two machines."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_domain.errors import NotFound
from capsule_domain.models.facts import Sudo
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.host import Destination
from capsule_domain.ports.nixos_hosts import Machine
from capsule_domain.ports.system_builder import BuildOrder, StoreTrust, SystemBuilder
from tests.fakes.clock import FakeClock
from tests.fakes.nixos_machine import FakeNixosMachine, system_path
from tests.fakes.system_builder import FakeSystemBuilder
from tests.nix.building_site import building_site


@dataclass
class Site:
    """A builder, a machine that runs nothing yet, and orders of the versions of a system."""

    builder: SystemBuilder
    machine: Machine
    order: Callable[[str], BuildOrder]


@contextmanager
def in_memory(_folder: Path, _home: Path) -> Iterator[Site]:
    there = FakeNixosMachine(FakeClock(), "web", ("192.0.2.1",))
    builder = FakeSystemBuilder(lambda _machine: there)

    def order(version: str) -> BuildOrder:
        path = system_path("web", int(version))
        builder.built["web"] = path
        builder.closures[path] = {"greet": version}
        return BuildOrder(source=SystemsSource(files={"web": "/c/web.nix"}), host="web")

    yield Site(builder, Destination(host="web"), order)


@contextmanager
def real(folder: Path, home: Path) -> Iterator[Site]:
    with building_site(folder, home) as site:
        yield Site(site.builder, site.where, lambda version: site.order(version=version))


MAKERS = {"fake": in_memory, "nix": real}


@pytest.fixture(params=MAKERS)
def site(request: pytest.FixtureRequest, tmp_path: Path, own_home: Path) -> Iterator[Site]:
    with MAKERS[request.param](tmp_path, own_home) as site:
        yield site


def silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


def test_what_is_built_here_is_on_the_machine_once_it_was_brought(site: Site) -> None:
    paths = []
    for version in ("2", "3"):
        order = site.order(version)
        path = site.builder.build(order, site.machine, silent)
        with pytest.raises(NotFound):
            site.builder.compare(path, path, site.machine)
        for _ in range(2):
            site.builder.bring(order, path, site.machine, silent)
        paths.append(path)
    assert len(set(paths)) == 2
    found = site.builder.compare(paths[0], paths[1], site.machine)
    assert (found.before, found.after) == (paths[0], paths[1])
    (change,) = [one for one in found.changes if one.name == "greet"]
    assert (change.before, change.after) == (("2",), ("3",))
    assert (found.kernel, found.postgresql) == (None, None)
    assert site.builder.compare(paths[0], paths[0], site.machine).is_empty


def test_what_the_machine_builds_is_there_at_once(site: Site) -> None:
    order = site.order("1").model_copy(update={"on_machine": True})
    path = site.builder.build(order, site.machine, silent)
    assert site.builder.build(order, site.machine, silent) == path
    assert site.builder.compare(path, path, site.machine).is_empty
    site.builder.bring(order, path, site.machine, silent)


def test_an_unknown_host_is_told(site: Site) -> None:
    order = site.order("1").model_copy(update={"host": "wep"})
    with pytest.raises(NotFound, match="wep"):
        site.builder.describe(order, site.machine, silent)


def test_nothing_builds_for_a_system_that_nobody_knows(site: Site) -> None:
    assert not site.builder.builds_here("vax-ultrix")


def test_root_is_trusted_with_what_is_built_elsewhere(site: Site) -> None:
    live = LiveSystem.model_validate(
        {
            **dict.fromkeys(("running", "booted"), system_path("web", 1)),
            "hostname": "web",
            "user": "root",
            "sudo": Sudo.ROOT,
            "system": "x86_64-linux",
        }
    )
    assert site.builder.trust(site.machine, live) is StoreTrust.TRUSTED


def test_the_key_to_sign_with_is_one_for_ever(site: Site) -> None:
    key = site.builder.signing_key()
    assert re.fullmatch(r"capsule-[0-9a-z]+:[0-9A-Za-z+/]+=*", key)
    assert site.builder.signing_key() == key
