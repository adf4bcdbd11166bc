"""Switching Hivelocity's servers and ending them, over its rehearsal."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.hivelocity import Temper
from capsule_domain.errors import (
    NotFound,
    PermissionMissing,
    ProviderError,
    ProviderUnavailable,
)
from capsule_domain.models.server import ServerRequest, ServerStatus
from tests.simulators.hivelocity import BOOK, METALS, RENTING, Rehearsal, metal, rehearsal, vps

OFF_ALREADY = "Can't do this while server is powered off."


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def _booted(here: Rehearsal, request: ServerRequest | None = None) -> str:
    server_id = here.provider.create(request or metal()).server_id
    here.clock.advance(5)
    return server_id


@pytest.mark.parametrize("made", [metal, vps], ids=["metal", "vps"])
def test_power_is_asked_for_in_the_query_and_followed_at_the_server(
    here: Rehearsal, made: Callable[[], ServerRequest]
) -> None:
    server_id = _booted(here, made())
    for switch in (here.provider.stop, here.provider.start, here.provider.restart):
        switch(server_id)
    here.provider.restart(server_id, force=True)
    sent = here.sent("POST", f"{BOOK}.*")
    assert [dict(request.query) for request in sent] == [
        {"action": "shutdown"},
        {"action": "boot"},
        {"action": "reboot"},
        {"action": "reboot"},
    ]
    assert {request.body for request in sent} == {b""}
    assert {request.path for request in sent} == {f"{BOOK}{server_id.removeprefix('vps-')}/power"}
    assert here.provider.server(server_id).status is ServerStatus.RUNNING


@pytest.mark.parametrize(
    ("switch", "before", "said"),
    [
        ("stop", "OFF", OFF_ALREADY),
        ("start", "ON", "Can't do this while server is powered on."),
        ("start", "ON", "Device already powered on"),
    ],
)
def test_a_power_that_another_was_quicker_to_switch_is_a_success(
    here: Rehearsal, switch: str, before: str, said: str
) -> None:
    """It is seen as it was, and is so by the time it is asked for."""
    server_id = _booted(here)
    [device] = here.simulator.state.devices.values()
    device.power = before
    other = {"ON": "OFF", "OFF": "ON"}[before]

    def as_it_was(body: Any) -> Any:
        return {**body, "powerStatus": other}

    here.simulator.faults.add(faults.altered(as_it_was), path=f"{METALS}{server_id}")
    here.simulator.faults.add(faults.status(400, said), method="POST", path=f"{BOOK}.*")
    getattr(here.provider, switch)(server_id)
    assert len(here.sent("POST", f"{BOOK}.*")) == 1


def test_the_same_words_about_another_state_are_no_success(here: Rehearsal) -> None:
    server_id = _booted(here)
    here.simulator.faults.add(faults.status(400, OFF_ALREADY), method="POST", path=f"{BOOK}.*")
    with pytest.raises(ProviderError, match="while server is powered off"):
        here.provider.stop(server_id)


def test_a_restart_of_what_is_off_is_refused_with_the_clouds_words(here: Rehearsal) -> None:
    server_id = _booted(here)
    here.provider.stop(server_id)
    with pytest.raises(ProviderError, match="can't do this while server is powered off"):
        here.provider.restart(server_id)
    assert here.provider.server(server_id).status is ServerStatus.STOPPED


def test_a_switch_while_it_is_installed_is_refused(here: Rehearsal) -> None:
    server_id = here.provider.create(metal()).server_id
    with pytest.raises(ProviderError, match="while the device is being provisioned"):
        here.provider.stop(server_id)


def test_a_shutdown_that_never_shows_is_not_waited_for_for_ever(here: Rehearsal) -> None:
    server_id = _booted(here)
    here.simulator.temper.power_seconds = 10_000.0
    with pytest.raises(ProviderUnavailable, match="not stopped after 300 s"):
        here.provider.stop(server_id)


def test_what_is_not_there_is_not_asked_to_restart(here: Rehearsal) -> None:
    """The power call would say only that it is not allowed."""
    with pytest.raises(NotFound):
        here.provider.restart("123")
    assert here.sent("POST") == []


@pytest.mark.parametrize("made", [metal, vps], ids=["metal", "vps"])
def test_a_server_ends_at_its_own_place(here: Rehearsal, made: Callable[[], ServerRequest]) -> None:
    server_id = _booted(here, made())
    here.provider.destroy(server_id)
    [sent] = here.sent("DELETE")
    assert sent.path.startswith(METALS) is (made is metal)
    assert here.simulator.state.devices == {}


def test_one_kind_is_never_ended_by_the_id_of_the_other(here: Rehearsal) -> None:
    bare, virtual = _booted(here), _booted(here, vps())
    here.provider.destroy(f"vps-{bare}")
    here.provider.destroy(virtual.removeprefix("vps-"))
    assert {server.server_id for server in here.provider.servers()} == {bare, virtual}


def test_a_cancellation_is_watched_until_the_server_is_gone() -> None:
    with rehearsal(temper=Temper(ending_seconds=20.0)) as here:
        server_id = _booted(here)
        here.provider.destroy(server_id)
        assert here.simulator.state.devices == {}
        assert 20 <= sum(here.clock.slept) <= 30
        assert len(here.sent("DELETE")) == 1


def test_a_promised_end_is_not_waited_for_for_ever() -> None:
    with rehearsal(temper=Temper(ending_seconds=10_000.0)) as here:
        server_id = _booted(here)
        here.provider.destroy(server_id)
        assert 60 <= sum(here.clock.slept) <= 70
        # It is being cancelled, and that is no reason to complain either.
        here.provider.destroy(server_id)
        assert len(here.sent("DELETE")) == 2


@pytest.mark.parametrize("again", [False, True])
def test_a_longer_term_is_cancelled_and_said_to_cost_further(
    here: Rehearsal,
    again: bool,  # noqa: FBT001
) -> None:
    """None is rented so here, but one that was may be ended."""
    server_id = _booted(here)
    [device] = here.simulator.state.devices.values()
    device.period = "monthly"
    for _ in range(2 if again else 1):
        with pytest.raises(ProviderError, match="billed to the end of its monthly term") as told:
            here.provider.destroy(server_id)
        assert not isinstance(told.value, ProviderUnavailable)
    assert device.cancelled
    assert here.provider.server(server_id).status is ServerStatus.RUNNING


def test_a_refused_cancellation_is_told(here: Rehearsal) -> None:
    server_id = _booted(here)
    refused = faults.status(400, "Device Cancellation Failed.")
    here.simulator.faults.add(refused, method="DELETE")
    with pytest.raises(ProviderError, match="device Cancellation Failed"):
        here.provider.destroy(server_id)
    assert len(here.simulator.state.devices) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [(403, ""), (401, "Access to Deployment not Allowed"), (401, "Not Allowed")],
)
def test_a_server_of_somebody_else_is_not_taken_for_gone(
    here: Rehearsal, status: int, said: str
) -> None:
    here.simulator.faults.add(faults.status(status, said), path=f"{RENTING}|{METALS}1", times=9)
    for call in (here.provider.server, here.provider.destroy):
        with pytest.raises(ProviderError) as caught:
            call("1")
        assert not isinstance(caught.value, ProviderUnavailable)
        if "Deployment" in said or status == 403:
            assert isinstance(caught.value, PermissionMissing)


def test_a_repeated_cancellation_after_a_lost_answer_is_a_success(here: Rehearsal) -> None:
    server_id = _booted(here)
    here.simulator.faults.add(faults.lost_answer(), method="DELETE")
    here.provider.destroy(server_id)
    assert len(here.sent("DELETE")) == 2
    assert here.simulator.state.devices == {}
