"""libcloud's Vultr driver drives the rehearsal cloud: a client that is not ours is pleased too."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import pytest

from capsule_adapters.sandbox.api import Exchange
from capsule_adapters.sandbox.machines import NoMachines
from capsule_adapters.sandbox.vultr import Temper, VultrSimulator
from tests.fakes.clock import FakeClock
from tests.simulators.vultr import judge

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p libcloud"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[VultrSimulator]:
    with VultrSimulator(
        NoMachines(), clock=clock, temper=Temper(most_per_page=1), requests_per_second=1000
    ) as running:
        yield running
    for exchange in filter(_described, running.exchanges):
        judge().judge(_forgiven(exchange))


@pytest.fixture
def driver(simulator: VultrSimulator) -> Any:
    vultr = import_module("libcloud.compute.drivers.vultr")
    url = urlsplit(simulator.url)
    return vultr.VultrNodeDriver(
        simulator.token, secure=False, host=url.hostname, port=url.port, api_version="2"
    )


def _described(exchange: Exchange) -> bool:
    """The driver halts by a call for several, which our part of the description leaves out."""
    return exchange.request.path != "/v2/instances/halt"


def _forgiven(exchange: Exchange) -> Exchange:
    """Without the driver's own habits: its page size with everything, numbers as texts."""
    asked = exchange.request
    query = {k: v for k, v in asked.query.items() if k != "per_page"}
    body = asked.body.replace(b'"os_id": "2284"', b'"os_id": 2284')
    return replace(exchange, request=replace(asked, query=query, body=body))


def _by_id(things: list[Any], id_: object) -> Any:
    return next(thing for thing in things if thing.id == id_)


@pytest.mark.parametrize("plan", ["vc2-1c-1gb", "vbm-4c-32gb"])
def test_libcloud_takes_a_server_through_its_whole_life(
    driver: Any, simulator: VultrSimulator, clock: FakeClock, plan: str
) -> None:
    key = driver.import_key_pair_from_string("libcloud", KEY)
    assert [pair.public_key for pair in driver.list_key_pairs()] == [KEY]
    node = driver.create_node(
        "web",
        size=_by_id(driver.list_sizes(), plan),
        location=_by_id(driver.list_locations(), "fra"),
        image=_by_id(driver.list_images(), "2284"),
        ex_ssh_key_ids=[key.extra["id"]],
        ex_userdata="#cloud-config\n",
        ex_hostname="web",
        ex_tag="mine",
    )
    assert node.state == "pending"
    [rental] = simulator.state.rentals.values()
    assert (rental.user_data, rental.public_keys, rental.tags) == (
        "#cloud-config\n",
        [KEY],
        ["mine"],
    )

    clock.advance(5)
    [node] = driver.list_nodes()
    assert (node.state, node.name, node.size) == ("running", "web", plan)
    assert node.public_ips[0].startswith("127.77.")
    assert driver.stop_node(node)
    clock.advance(5)
    [halted] = driver.list_nodes()
    assert rental.power == "stopped"
    # Of bare metal the API does not tell.
    assert halted.state == ("stopped" if plan == "vc2-1c-1gb" else "running")
    assert driver.start_node(node)
    clock.advance(5)
    assert driver.reboot_node(node)
    clock.advance(5)
    assert driver.destroy_node(node)
    assert driver.list_nodes() == []
    assert driver.delete_key_pair(key)
    assert driver.list_key_pairs() == []


def test_libcloud_finds_what_is_sold(driver: Any) -> None:
    sizes = {size.id: size for size in driver.list_sizes()}
    assert (sizes["vc2-1c-1gb"].ram, sizes["vc2-1c-1gb"].price) == (1024, 5)
    assert sizes["vbm-4c-32gb"].extra["cpu_threads"] == 8
    places = driver.list_locations()
    assert {place.id for place in places} >= {"ewr", "fra", "syd"}
    there = driver.ex_list_available_sizes_for_location(_by_id(places, "syd"))
    assert "vc2-1c-1gb" in there
    assert "vc2-2c-4gb" not in there


def test_libcloud_sees_refusals_as_it_expects_them(
    driver: Any, simulator: VultrSimulator, clock: FakeClock
) -> None:
    failures = import_module("libcloud.common.vultr")
    with pytest.raises(failures.VultrException) as caught:
        driver.ex_get_node("00000000-0000-0000-0000-000000000000")
    assert caught.value.code == 404
    simulator.token = "another"
    with pytest.raises(failures.VultrException) as caught:
        driver.list_nodes()
    assert caught.value.code == 401
