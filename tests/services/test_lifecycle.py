"""On, off and on again: what is kept is what the cloud showed."""

from collections.abc import Callable
from typing import Any

import pytest

from capsule_domain.errors import (
    CapsuleError,
    Conflict,
    CredentialsRefused,
    ProviderError,
    ProviderUnavailable,
)
from capsule_domain.models.deployment import DeploymentState
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.services.lifecycle import Lifecycle
from capsule_domain.services.write_off import WriteOff
from tests.services.renting import Street


def lost(*, sent: bool = True) -> ProviderUnavailable:
    return ProviderUnavailable("fakecloud", "the connection broke", sent=sent)


class House:
    """An xNode that was rented an hour ago."""

    def __init__(self) -> None:
        self.street = Street()
        self.cloud = self.street.cloud
        self.xnode = self.street.run()
        self.street.clock.advance(3600)

    @property
    def kept(self) -> XNode:
        return self.street.inventory.get(self.xnode.id)

    def lifecycle(self, cloud: Any = None) -> Lifecycle:
        street = self.street
        books = WriteOff(street.inventory, street.journal, street.known_hosts, street.clock)
        return Lifecycle(lambda _name: cloud or self.cloud, street.inventory, books, street.clock)

    def server(self, **changes: Any) -> None:
        """Change the server behind Capsule's back."""
        found = self.cloud.servers_by_id[self.xnode.server_id]
        self.cloud.servers_by_id[self.xnode.server_id] = found.model_copy(update=changes)


@pytest.fixture
def house() -> House:
    return House()


def test_it_is_stopped_launched_and_restarted(house: House) -> None:
    stopped = house.lifecycle().stop(house.xnode)
    assert (stopped.status, house.kept) == (ServerStatus.STOPPED, stopped)
    launched = house.lifecycle().launch(stopped)
    assert (launched.status, house.kept) == (ServerStatus.RUNNING, launched)
    assert house.lifecycle().restart(launched, force=True) == launched
    assert "restart, forced" in house.cloud.calls


def test_a_launch_reads_the_address_anew_and_the_host_key_stays_pinned(house: House) -> None:
    stopped = house.lifecycle().stop(house.xnode)
    start = house.cloud.start

    def start_elsewhere(server_id: str) -> None:
        start(server_id)
        house.server(address="127.77.9.9")

    house.cloud.start = start_elsewhere  # type: ignore[method-assign]
    assert house.lifecycle().launch(stopped).address == "127.77.9.9"
    assert house.kept.address == "127.77.9.9"
    assert house.street.known_hosts.pinned(house.xnode.id)


def test_it_is_launched_only_when_it_has_an_address(house: House) -> None:
    house.server(address=None)
    with pytest.raises(ProviderError, match="which is running without an address 120 s later"):
        house.lifecycle().launch(house.xnode)
    assert house.kept.address is None


def test_a_cloud_that_does_not_do_it_is_not_believed(house: House) -> None:
    house.cloud.stop = lambda _server_id: None  # type: ignore[method-assign,assignment]
    with pytest.raises(ProviderError, match=r"took the stop of web-1, which is running"):
        house.lifecycle().stop(house.xnode)
    assert house.kept.status is ServerStatus.RUNNING


def breaking(house: House, method: str, error: CapsuleError, *, acts: bool) -> None:
    """The answer of `method` is lost, after it was acted upon or before."""
    act: Callable[..., None] = getattr(house.cloud, method)

    def call(*given: Any, **named: Any) -> None:
        if acts:
            act(*given, **named)
        raise error

    setattr(house.cloud, method, call)


def test_a_lost_answer_is_settled_by_a_look(house: House) -> None:
    breaking(house, "stop", lost(), acts=True)
    assert house.lifecycle().stop(house.xnode).status is ServerStatus.STOPPED
    assert house.kept.status is ServerStatus.STOPPED


def test_a_lost_answer_that_a_look_does_not_settle_is_told_with_what_is_known(
    house: House,
) -> None:
    breaking(house, "stop", lost(), acts=False)
    with pytest.raises(ProviderUnavailable) as told:
        house.lifecycle().stop(house.xnode)
    assert told.value.message == (
        "fakecloud: the connection broke; nobody knows whether the stop was done; it is running now"
    )
    assert house.kept == house.xnode


def test_nobody_knows_of_a_restart_whose_answer_was_lost(house: House) -> None:
    breaking(house, "restart", lost(), acts=True)
    with pytest.raises(ProviderUnavailable, match="nobody knows whether the restart was done"):
        house.lifecycle().restart(house.xnode)


def test_a_request_that_was_not_sent_surely_did_nothing(house: House) -> None:
    breaking(house, "stop", lost(sent=False), acts=False)
    with pytest.raises(ProviderUnavailable, match="the stop was not done"):
        house.lifecycle().stop(house.xnode)


def test_a_cloud_that_is_away_changes_nothing_here(house: House) -> None:
    house.cloud.fails = lost(sent=False)
    with pytest.raises(ProviderUnavailable, match="how it is cannot be read"):
        house.lifecycle().stop(house.xnode)
    house.cloud.fails = CredentialsRefused("fakecloud", "the key is not accepted")
    with pytest.raises(CredentialsRefused):
        house.lifecycle().launch(house.xnode)
    assert house.kept == house.xnode


@pytest.mark.parametrize("word", ["launch", "stop", "restart", "look"])
def test_one_that_the_cloud_knows_no_more_is_written_off(house: House, word: str) -> None:
    house.cloud.servers_by_id.clear()
    with pytest.raises(Conflict, match="web-1 is gone: fakecloud knows no server 9001"):
        getattr(house.lifecycle(), word)(house.xnode)
    assert house.kept.status is ServerStatus.GONE
    assert house.street.journal.get("web-1").state is DeploymentState.TERMINATED
    assert not house.street.known_hosts.pinned(house.xnode.id)


def test_a_young_one_that_is_not_shown_is_not_believed_to_be_gone() -> None:
    house = House()
    young = house.xnode.model_copy(update={"created_at": house.street.clock.now()})
    house.street.inventory.update(young)
    house.cloud.servers_by_id.clear()
    with pytest.raises(ProviderError, match="does not show web-1 yet"):
        house.lifecycle().stop(young)
    assert house.kept.status is ServerStatus.RUNNING


def test_one_that_is_off_is_launched_and_not_restarted(house: House) -> None:
    stopped = house.lifecycle().stop(house.xnode)
    with pytest.raises(Conflict) as refused:
        house.lifecycle().restart(stopped)
    assert refused.value.hint == "capsule openmesh xnode launch web-1"


def test_a_look_writes_down_what_moved_and_nothing_else(house: House) -> None:
    changes = len(house.street.inventory.changes())
    assert house.lifecycle().look(house.xnode) == house.xnode
    assert len(house.street.inventory.changes()) == changes
    house.server(status=ServerStatus.UNKNOWN)
    assert house.lifecycle().look(house.xnode).status is ServerStatus.UNKNOWN
    assert house.kept.status is ServerStatus.UNKNOWN


def test_one_at_no_cloud_of_ours_is_refused(house: House) -> None:
    by_hand = house.xnode.model_copy(update={"provider": "manual"})

    def provider(name: str) -> Any:
        from capsule_domain.errors import NotFound

        raise NotFound("provider", name)

    service = Lifecycle(
        provider, house.street.inventory, house.lifecycle().write_off, house.street.clock
    )
    with pytest.raises(Conflict, match="is at 'manual', which is no cloud"):
        service.stop(by_hand)
