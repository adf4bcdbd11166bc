"""What every `MachineSurveys` does."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_adapters.installers.nixos.survey import SshMachineSurveys
from capsule_domain.errors import HostUnreachable
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.machine_surveys import MachineSurveys
from tests.fakes.machine_surveys import FakeMachineSurveys, survey
from tests.rehearsed import open_room
from tests.surveyed import looked_at


@dataclass
class Site:
    """A machine of Ubuntu's with a disk that holds its root, and more than 1 GiB of memory."""

    surveys: MachineSurveys
    destination: Target | Destination


@contextmanager
def fake(_folder: Path) -> Iterator[Site]:
    there = Destination(host="203.0.113.9", user="root")
    yield Site(FakeMachineSurveys({there.host: survey()}), there)


@contextmanager
def real(folder: Path) -> Iterator[Site]:
    with looked_at(folder) as machine:
        yield Site(machine.surveys, machine.destination)


@contextmanager
def rehearsed(folder: Path) -> Iterator[Site]:
    for room in open_room("bubblewrap", folder):
        yield Site(SshMachineSurveys(room.hosts), room.boot())


MAKERS: dict[str, Callable[[Path], AbstractContextManager[Site]]] = {
    "fake": fake,
    "real": real,
    "rehearsed": rehearsed,
}


@pytest.fixture(params=MAKERS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with MAKERS[request.param](tmp_path) as site:
        yield site


def test_a_machine_tells_what_it_is(site: Site) -> None:
    found = site.surveys.look(site.destination)
    assert (found.system, found.kernel) == ("ubuntu", "Linux")
    assert (found.memory_mib or 0) > 1000
    assert [disk.name for disk in found.disks if disk.holds_root] != []
    assert len(found.host_keys) == 1
    assert found.session.server_port > 0
    assert found.boot_id
    assert not found.is_installer


def test_one_that_does_not_answer_is_unreachable(site: Site) -> None:
    place = "address" if isinstance(site.destination, Target) else "host"
    nowhere = site.destination.model_copy(update={place: "127.0.0.1", "port": 1})
    with pytest.raises(HostUnreachable):
        site.surveys.look(nowhere)
