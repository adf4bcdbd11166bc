"""Switching Vultr's servers and ending them, over its rehearsal."""

from collections.abc import Callable, Iterator

import pytest

from capsule_adapters.rest.refusals import Busy
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.vultr import Temper
from capsule_domain.errors import (
    NotFound,
    ProviderUnavailable,
)
from capsule_domain.models.server import ServerRequest, ServerStatus
from tests.simulators.vultr import (
    IMPATIENT,
    INSTANCES,
    METALS,
    Rehearsal,
    bare_metal,
    instance,
    rehearsal,
)

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def test_power_goes_without_a_body_and_is_followed_at_the_server(here: Rehearsal) -> None:
    server_id = here.provider.create(instance()).server_id
    here.clock.advance(5)
    for switch in (here.provider.stop, here.provider.start, here.provider.restart):
        switch(server_id)
    here.provider.restart(server_id, force=True)
    sent = here.sent("POST", f"{INSTANCES}/.*")
    verbs = [request.path.rpartition("/")[2] for request in sent]
    assert verbs == ["halt", "start", "reboot", "reboot"]
    assert {request.body for request in sent} == {b""}
    assert here.provider.server(server_id).status is ServerStatus.RUNNING


def test_a_halt_that_never_shows_is_not_waited_for_for_ever(here: Rehearsal) -> None:
    server_id = here.provider.create(instance()).server_id
    here.clock.advance(5)
    here.simulator.temper.power_seconds = 10_000.0
    with pytest.raises(ProviderUnavailable, match="not stopped after 300 s"):
        here.provider.stop(server_id)


def test_the_power_of_bare_metal_is_always_asked_for_since_nothing_tells_it(
    here: Rehearsal,
) -> None:
    server_id = here.provider.create(bare_metal()).server_id
    here.clock.advance(5)
    [rental] = here.simulator.state.rentals.values()
    here.provider.stop(server_id)
    here.clock.advance(1)
    assert here.provider.server(server_id).status is ServerStatus.RUNNING
    assert rental.power == "stopped"
    here.provider.start(server_id)
    here.clock.advance(1)
    here.provider.restart(server_id)
    here.clock.advance(1)
    here.provider.servers()
    assert rental.power == "running"
    sent = [request.path.rpartition("/")[2] for request in here.sent("POST", f"{METALS}/.*")]
    assert sent == ["halt", "start", "reboot"]


@pytest.mark.parametrize("status", [400, 409, 500])
@pytest.mark.parametrize("made", [instance, bare_metal], ids=["instance", "bare metal"])
def test_a_server_too_young_to_be_deleted_is_deleted_when_it_lets_itself(
    made: Callable[..., ServerRequest], status: int
) -> None:
    temper = Temper(most_per_page=1, install_seconds=120.0, locked_status=status)
    with rehearsal(temper=temper) as here:
        server_id = here.provider.create(made()).server_id
        here.provider.destroy(server_id)
        assert here.simulator.state.rentals == {}
        assert 120 <= sum(here.clock.slept) <= 130
        assert len(here.sent("DELETE")) > 10


def test_a_server_that_stays_locked_is_told_and_not_taken_for_gone() -> None:
    temper = Temper(most_per_page=1, install_seconds=100_000.0)
    with rehearsal(temper=temper) as here:
        server_id = here.provider.create(instance()).server_id
        with pytest.raises(Busy, match="currently locked") as caught:
            here.provider.destroy(server_id)
        assert caught.value.hint == "try again in some minutes"
        assert len(here.simulator.state.rentals) == 1
        assert 300 <= sum(here.clock.slept) <= 310


def test_a_deletion_that_is_under_way_is_waited_for(here: Rehearsal) -> None:
    server_id = here.provider.create(instance()).server_id
    here.clock.advance(5)
    pending = faults.status(500, "Unable to destroy server: Server is already pending destruction.")
    here.simulator.faults.add(pending, method="DELETE", times=2)
    here.simulator.faults.add(faults.status(404, "Invalid instance ID."), method="DELETE")
    here.provider.destroy(server_id)
    assert len(here.sent("DELETE")) == 3


def test_another_500_at_a_deletion_is_a_cloud_that_does_not_work(here: Rehearsal) -> None:
    server_id = here.provider.create(instance()).server_id
    here.simulator.faults.add(faults.status(500, "Database error"), method="DELETE", times=99)
    with pytest.raises(ProviderUnavailable, match="Database error"):
        here.provider.destroy(server_id)
    assert len(here.sent("DELETE")) == IMPATIENT.attempts


def test_a_request_for_power_while_it_is_locked_waits(here: Rehearsal) -> None:
    server_id = here.provider.create(instance()).server_id
    here.provider.stop(server_id)
    assert here.provider.server(server_id).status is ServerStatus.STOPPED


@pytest.mark.parametrize(
    "server_id", [NOBODY, f"metal-{NOBODY}", "metal-", "metal-1", "metal-../x"]
)
def test_what_is_not_there_is_not_found_of_either_kind(here: Rehearsal, server_id: str) -> None:
    calls = (here.provider.server, here.provider.start, here.provider.stop, here.provider.restart)
    for call in calls:
        with pytest.raises(NotFound):
            call(server_id)
    if NOBODY in server_id:
        here.provider.destroy(server_id)


def test_one_kind_is_never_ended_by_the_id_of_the_other(here: Rehearsal) -> None:
    virtual = here.provider.create(instance()).server_id
    metal = here.provider.create(bare_metal()).server_id
    here.clock.advance(5)
    here.provider.destroy(f"metal-{virtual}")
    here.provider.destroy(metal.removeprefix("metal-"))
    assert {server.server_id for server in here.provider.servers()} == {virtual, metal}
    here.provider.destroy(metal)
    assert [server.server_id for server in here.provider.servers()] == [virtual]
