"""What every `NixosInstaller` does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_adapters.sandbox.nixos_installer import RehearsedNixosInstaller
from capsule_domain.errors import HostKeyChanged, HostUnreachable
from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.ports.host import Hosts, KnownHosts, Target
from capsule_domain.ports.nixos_installer import NixosInstaller, NixosJob
from capsule_domain.services.machine_system import NIXOS, system_id
from tests.fakes.hosts import FakeHosts
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.fakes.nixos_installer import FakeNixosInstaller
from tests.rehearsed import open_room


@dataclass
class Site:
    """A machine of Ubuntu's, and what installs NixOS there."""

    installer: NixosInstaller
    hosts: Hosts
    known_hosts: KnownHosts
    target: Target

    def job(self, way: NixosWay = NixosWay.ANYWHERE) -> NixosJob:
        return NixosJob(way=way, target=self.target, folder="/configuration", hostname="web-1")

    def system(self) -> str:
        """What it is; it may be restarting."""
        for _ in range(100):
            try:
                with self.hosts.connect(self.target, timeout_seconds=5) as host:
                    return system_id(host)
            except HostUnreachable:
                continue
        raise AssertionError("it did not come back")


def fake(_folder: Path) -> Iterator[Site]:
    known_hosts = FakeKnownHosts()
    hosts = FakeHosts(known_hosts)
    key = FakeKeys().new_host_key().public_openssh
    known_hosts.pin("id-1", key)
    machine = hosts.add("192.0.2.1", host_key=key, answers={"os-release": "ID=ubuntu\n"})
    installer = FakeNixosInstaller(
        hosts, lambda _job: machine.answers.update({"os-release": "ID=nixos\n"})
    )
    yield Site(installer, hosts, known_hosts, Target(address="192.0.2.1", key_alias="id-1"))


def rehearsed(folder: Path) -> Iterator[Site]:
    for room in open_room("folders", folder):
        installer = RehearsedNixosInstaller(room.hosts)
        yield Site(installer, room.hosts, room.known_hosts, room.boot())


MAKERS: dict[str, Callable[[Path], Iterator[Site]]] = {"fake": fake, "rehearsed": rehearsed}


@pytest.fixture(params=MAKERS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    yield from MAKERS[request.param](tmp_path)


def test_afterwards_the_machine_is_nixos_with_the_host_key_that_it_had(site: Site) -> None:
    pinned = site.known_hosts.pinned("id-1")
    heard: list[str] = []
    assert site.system() == "ubuntu"
    site.installer.refuse_unable(NixosWay.ANYWHERE)
    site.installer.install(site.job(), heard=heard.append)
    assert heard
    assert site.system() == NIXOS
    assert site.known_hosts.pinned("id-1") == pinned


def test_another_machine_is_not_touched(site: Site) -> None:
    site.known_hosts.pin("id-1", FakeKeys().new_host_key().public_openssh)
    with pytest.raises(HostKeyChanged):
        site.installer.install(site.job(), heard=lambda _line: None)
