"""What every survey of hardware does: the fake, and the one over SSH."""

from collections.abc import Callable

import pytest

from capsule_adapters.probes.hardware import SshHardwareSurvey
from capsule_domain.errors import HostUnreachable
from capsule_domain.ports.hardware_survey import HardwareSurvey
from capsule_domain.ports.host import Target
from tests.fakes.hardware_survey import FakeHardwareSurvey
from tests.fakes.hosts import FakeHosts
from tests.fakes.known_hosts import FakeKnownHosts

MAKERS: dict[str, Callable[[], HardwareSurvey]] = {
    "fake": FakeHardwareSurvey,
    "ssh": lambda: SshHardwareSurvey(FakeHosts(FakeKnownHosts())),
}
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2NzcJGJsuKrzfuGOu1A9jtbiYRT4pc9PcQJYHE4wTj"


@pytest.fixture(params=MAKERS)
def survey(request: pytest.FixtureRequest) -> HardwareSurvey:
    return MAKERS[request.param]()


def test_of_no_machines_nothing_is_told(survey: HardwareSurvey) -> None:
    assert list(survey.look({})) == []


def test_each_machine_has_one_answer_and_none_ends_the_others() -> None:
    known = FakeKnownHosts()
    known.pin("a", HOST_KEY)
    for survey in (FakeHardwareSurvey(), SshHardwareSurvey(FakeHosts(known))):
        machines = {name: Target(address="203.0.113.1", key_alias="a") for name in ("one", "two")}
        answers = dict(survey.look(machines))
        assert sorted(answers) == ["one", "two"]
        assert all(isinstance(answer, HostUnreachable) for answer in answers.values())
