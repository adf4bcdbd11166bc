"""What every `MachineSurveys` does."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_domain.errors import HostUnreachable
from capsule_domain.ports.host import Destination
from capsule_domain.ports.machine_surveys import MachineSurveys
from tests.fakes.machine_surveys import FakeMachineSurveys, survey
from tests.surveyed import looked_at


@dataclass
class Site:
    """A machine of Ubuntu's with one disk that holds its root, and 4 GiB of memory."""

    surveys: MachineSurveys
    destination: Destination


@contextmanager
def fake(_folder: Path) -> Iterator[Site]:
    there = Destination(host="203.0.113.9", user="root")
    yield Site(FakeMachineSurveys({there.host: survey()}), there)


@contextmanager
def real(folder: Path) -> Iterator[Site]:
    with looked_at(folder) as machine:
        yield Site(machine.surveys, machine.destination)


MAKERS: dict[str, Callable[[Path], AbstractContextManager[Site]]] = {"fake": fake, "real": real}


@pytest.fixture(params=MAKERS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with MAKERS[request.param](tmp_path) as site:
        yield site


def test_a_machine_tells_what_it_is(site: Site) -> None:
    found = site.surveys.look(site.destination)
    assert (found.system, found.kernel) == ("ubuntu", "Linux")
    assert (found.memory_mib or 0) // 1000 == 3
    assert [disk.name for disk in found.disks if disk.holds_root] != []
    assert len(found.host_keys) == 1
    assert found.session.server_port > 0
    assert found.boot_id == "boot-1"
    assert not found.is_installer


def test_one_that_does_not_answer_is_unreachable(site: Site) -> None:
    nowhere = site.destination.model_copy(update={"host": "127.0.0.1", "port": 1})
    with pytest.raises(HostUnreachable):
        site.surveys.look(nowhere)
