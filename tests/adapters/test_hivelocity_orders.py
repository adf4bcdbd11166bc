"""A Hivelocity server is an order before it is a device: nothing that is billed is forgotten."""

from collections.abc import Callable, Iterator

import pytest

from capsule_adapters.providers.hivelocity import HivelocityProvider
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.hivelocity import Temper
from capsule_domain.errors import NotFound, ProviderUnavailable
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.server import ServerRequest, ServerStatus
from tests.simulators.hivelocity import RENTING, Rehearsal, metal, rehearsal, vps

OURS = DeploymentId("1")


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    """The cloud at its worst: what is ordered is in no answer until it is there."""
    with rehearsal(temper=Temper(order_seconds=600.0, hides_orders=True)) as made:
        yield made


@pytest.mark.parametrize("made", [metal, vps], ids=["metal", "vps"])
def test_an_order_that_is_shown_is_found_by_its_tag(made: Callable[[], ServerRequest]) -> None:
    with rehearsal(temper=Temper(order_seconds=600.0)) as here:
        server_id = here.provider.create(made()).server_id
        [server] = here.provider.servers(deployment=OURS)
        assert (server.server_id, server.status) == (server_id, ServerStatus.PENDING)
        assert server.address is None


@pytest.mark.parametrize("made", [metal, vps], ids=["metal", "vps"])
def test_while_its_order_is_under_way_a_server_is_not_believed_to_be_gone(
    here: Rehearsal, made: Callable[[], ServerRequest]
) -> None:
    server_id = here.provider.create(made()).server_id
    [order] = here.simulator.state.orders
    calls: tuple[Callable[[str], object], ...] = (
        here.provider.server,
        here.provider.start,
        here.provider.stop,
        here.provider.restart,
        here.provider.destroy,
        lambda id_: here.provider.set_tags(id_, ("x",)),
    )
    for call in calls:
        with pytest.raises(ProviderUnavailable, match=rf"order {order} is still under way") as told:
            call(server_id)
        assert server_id in told.value.message
    here.clock.advance(601)
    assert here.provider.server(server_id).status is ServerStatus.RUNNING
    here.provider.destroy(server_id)
    here.provider.destroy(server_id)
    with pytest.raises(NotFound):
        here.provider.server(server_id)


def test_after_a_lost_answer_nobody_says_that_nothing_was_rented(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.lost_answer(), method="POST", path=RENTING)
    with pytest.raises(ProviderUnavailable):
        here.provider.create(metal())
    with pytest.raises(ProviderUnavailable, match="a server with the tag capsule-1 is not shown"):
        here.provider.servers(deployment=OURS)
    assert here.provider.servers() == []
    here.clock.advance(601)
    [server] = here.provider.servers(deployment=OURS)
    assert server.status is ServerStatus.RUNNING


def test_the_order_of_a_server_that_is_shown_hides_nothing() -> None:
    with rehearsal(temper=Temper(order_seconds=600.0)) as here:
        here.provider.create(metal())
        here.provider.create(vps())
        assert here.provider.servers(deployment=DeploymentId("2")) == []
        with pytest.raises(NotFound):
            here.provider.server("404404404")
        here.provider.destroy("404404404")


def test_what_was_found_is_not_doubted_because_of_another_order(here: Rehearsal) -> None:
    server_id = here.provider.create(metal()).server_id
    here.clock.advance(601)
    here.provider.create(metal(name="other", tags=("other",)))
    assert [s.server_id for s in here.provider.servers(deployment=OURS)] == [server_id]
    assert here.provider.server(server_id).server_id == server_id


def test_orders_that_cannot_be_read_are_no_proof(here: Rehearsal) -> None:
    orders = "/api/v2/order/in-progress"
    for fault in (faults.status(503), faults.status(403), faults.altered(lambda _: [{}])):
        here.simulator.faults.clear()
        here.simulator.faults.add(fault, path=orders, times=9)
        asks: tuple[Callable[[HivelocityProvider], object], ...] = (
            lambda p: p.servers(deployment=OURS),
            lambda p: p.destroy("123"),
            lambda p: p.server("123"),
        )
        for ask in asks:
            with pytest.raises(Exception, match="hivelocity: ") as caught:
                ask(here.provider)
            assert not isinstance(caught.value, NotFound)


def test_what_cannot_be_an_id_is_no_order(here: Rehearsal) -> None:
    here.provider.create(metal())
    for junk in ("vps-", "vps-web", "metal-1", "../device/1", "0"):
        with pytest.raises(NotFound):
            here.provider.destroy(junk)
    assert here.sent("DELETE") == []
