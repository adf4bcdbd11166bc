"""Two systems of a machine by what a person calls them, and what is asked for that."""

import pytest

from capsule_domain.errors import NotFound
from capsule_domain.ports.host import Target
from capsule_domain.services.compare_systems import CompareSystems
from tests.fakes.clock import FakeClock
from tests.fakes.nixos_hosts import FakeNixosHosts
from tests.fakes.nixos_machine import FakeNixosMachine, system_path
from tests.fakes.system_builder import FakeSystemBuilder

FIRST, SECOND, THIRD = (system_path("web", number) for number in (1, 2, 3))
WEB = Target(address="203.0.113.9", key_alias="web")


@pytest.fixture
def hosts() -> FakeNixosHosts:
    return FakeNixosHosts(FakeClock())


@pytest.fixture
def machine(hosts: FakeNixosHosts) -> FakeNixosMachine:
    """Started as its first generation, runs its second, and would start as its third."""
    machine = hosts.add("web", "203.0.113.9")
    for number, path in ((2, SECOND), (3, THIRD)):
        machine.profile[number] = machine.add_system(path)
    machine.current, machine._running = 3, SECOND
    return machine


def compared(hosts: FakeNixosHosts, before: str, after: str) -> tuple[str, str]:
    builder = FakeSystemBuilder(machine_of=lambda _: hosts.machines[0])
    found = CompareSystems(hosts, builder).run(before, after, WEB)
    return found.before, found.after


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        (("booted", "running"), (FIRST, SECOND)),
        (("previous", "profile"), (SECOND, THIRD)),
        (("1", THIRD), (FIRST, THIRD)),
    ],
)
def test_generations_are_told_apart_without_what_only_root_may_ask(
    hosts: FakeNixosHosts,
    machine: FakeNixosMachine,
    words: tuple[str, str],
    paths: tuple[str, str],
) -> None:
    assert machine.current == 3
    assert compared(hosts, *words) == paths
    assert "look" not in hosts.calls


def test_a_system_that_was_only_tried_runs_and_is_no_generation(
    hosts: FakeNixosHosts, machine: FakeNixosMachine
) -> None:
    machine._running = machine.add_system(system_path("web", 4))
    assert compared(hosts, "running", "profile") == (system_path("web", 4), THIRD)


def test_before_the_first_there_is_none(hosts: FakeNixosHosts, machine: FakeNixosMachine) -> None:
    machine.current = 1
    with pytest.raises(NotFound) as told:
        compared(hosts, "previous", "running")
    assert told.value.hint == "there are 3, 2, 1"
