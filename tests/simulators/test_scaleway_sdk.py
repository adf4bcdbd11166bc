"""Scaleway's own SDK drives the rehearsal cloud: it must satisfy a client that is not ours."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from capsule_adapters.sandbox.api import Exchange
from capsule_adapters.sandbox.machines import NoMachines
from capsule_adapters.sandbox.scaleway import ScalewaySimulator, stock
from capsule_adapters.sandbox.scaleway.servers import ORGANIZATION
from tests.fakes.clock import FakeClock
from tests.simulators.scaleway import judge

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p sdk"
ZONE = "fr-par-1"
ACCESS_KEY = "SCWXXXXXXXXXXXXXXXXX"  # it signs nothing


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[ScalewaySimulator]:
    with ScalewaySimulator(NoMachines(), clock=clock) as running:
        yield running
    for exchange in running.exchanges:
        judge().judge(_without_its_idle_body(exchange))


@pytest.fixture
def client(simulator: ScalewaySimulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return import_module("scaleway").Client(
        access_key=ACCESS_KEY,
        secret_key=simulator.token,
        # It takes any URL, and plain http too.
        api_url=simulator.url,
        default_project_id=ORGANIZATION,
        default_organization_id=ORGANIZATION,
        default_zone=ZONE,
        default_page_size=50,
    )


@pytest.fixture
def instance(client: Any) -> Any:
    return import_module("scaleway.instance.v1.custom_api").InstanceUtilsV1API(client)


def _without_its_idle_body(exchange: Exchange) -> Exchange:
    """The SDK sends JSON, mostly `{}`, with requests that have no body."""
    if exchange.request.method not in ("GET", "DELETE"):
        return exchange
    return replace(exchange, request=replace(exchange.request, body=b""))


def test_the_official_sdk_takes_a_server_through_its_whole_life(
    client: Any, instance: Any, simulator: ScalewaySimulator, clock: FakeClock
) -> None:
    types = import_module("scaleway.instance.v1")
    projects = import_module("scaleway.account.v3").AccountV3ProjectAPI(client)
    assert [p.id for p in projects.list_projects_all()] == [ORGANIZATION]
    keys = import_module("scaleway.iam.v1alpha1").IamV1Alpha1API(client)
    key = keys.create_ssh_key(public_key=KEY, name="sdk")
    assert [k.public_key for k in keys.list_ssh_keys_all()] == [KEY]
    assert "MD5:" in keys.get_ssh_key(ssh_key_id=key.id).fingerprint

    made = instance.create_server(
        commercial_type="DEV1-S",
        name="sdk-1",
        image="ubuntu_noble",
        tags=["sdk", "web"],
        project=ORGANIZATION,
        dynamic_ip_required=True,
    ).server
    assert (made.state, made.public_ips) == ("stopped", [])
    [volume] = made.volumes.values()
    assert volume.volume_type == "sbs_volume"
    instance.set_server_user_data(
        server_id=made.id, key="cloud-init", content=b"#cloud-config\n", zone=ZONE
    )
    assert instance.list_server_user_data(server_id=made.id).user_data == ["cloud-init"]
    told = instance.get_server_user_data(server_id=made.id, key="cloud-init", zone=ZONE)
    assert told.content == b"#cloud-config\n"

    def state_after(seconds: float) -> str:
        clock.advance(seconds)
        return str(instance.get_server(server_id=made.id).server.state)

    def act(action: str) -> Any:
        return instance.server_action(server_id=made.id, action=types.ServerAction(action)).task

    assert act("poweron").status == "pending"
    assert [state_after(0), state_after(5)] == ["starting", "running"]
    running = instance.get_server(server_id=made.id).server
    assert running.public_ips[0].address.startswith("127.77.")
    assert [s.id for s in instance.list_servers_all(tags=["sdk"])] == [made.id]
    assert instance.list_servers_all(tags=["other"]) == []
    act("poweroff")
    assert [state_after(0), state_after(5)] == ["stopping", "stopped"]
    act("poweron")
    assert state_after(5) == "running"
    act("reboot")
    assert [state_after(0), state_after(5)] == ["starting", "running"]
    changed = instance._update_server(server_id=made.id, name="sdk-2", tags=["later"]).server
    assert (changed.name, changed.tags) == ("sdk-2", ["later"])
    act("terminate")
    clock.advance(5)
    assert instance.list_servers_all() == []
    # Which is what the adapter must take away.
    block = import_module("scaleway.block.v1").BlockV1API(client)
    assert block.get_volume(volume_id=volume.id).status == "in_use"
    clock.advance(5)
    assert block.get_volume(volume_id=volume.id).status == "available"
    block.delete_volume(volume_id=volume.id)
    keys.delete_ssh_key(ssh_key_id=key.id)
    assert (simulator.state.volumes, simulator.state.keys) == ({}, {})


def test_the_official_sdk_keeps_a_local_volume_and_an_address_until_they_are_deleted(
    instance: Any, simulator: ScalewaySimulator
) -> None:
    types = import_module("scaleway.instance.v1")
    root = types.VolumeServerTemplate(
        volume_type=types.VolumeVolumeType.L_SSD, size=20_000_000_000, boot=False
    )
    made = instance.create_server(
        commercial_type="DEV1-S", name="sdk", image="debian_bookworm", volumes={"0": root}
    ).server
    ip = instance.create_ip(type_=types.IpType.ROUTED_IPV4, server=made.id, tags=["sdk"]).ip
    shown = instance.get_server(server_id=made.id).server
    assert [(i.id, i.dynamic) for i in shown.public_ips] == [(ip.id, False)]
    instance.delete_server(server_id=made.id)
    assert list(simulator.state.ips) == [ip.id]
    [volume] = simulator.state.volumes
    instance.delete_ip(ip=ip.id)
    with pytest.raises(import_module("scaleway_core.api").ScalewayException) as caught:
        instance.delete_volume(volume_id=volume)
    assert caught.value.response.json()["precondition"] == "resource_still_in_use"
    simulator.temper.loose_seconds = 0.0
    simulator.state.volumes[volume].loose_at = 0.0
    instance.delete_volume(volume_id=volume)
    assert (simulator.state.ips, simulator.state.volumes) == ({}, {})


def test_the_official_sdk_sees_refusals_as_it_expects_them(
    client: Any, instance: Any, simulator: ScalewaySimulator
) -> None:
    refused = import_module("scaleway_core.api").ScalewayException

    def refusal(call: Any) -> tuple[int, str]:
        with pytest.raises(refused) as caught:
            call()
        return caught.value.status_code, caught.value.response.json()["type"]

    missing = "00000000-0000-4000-8000-000000000000"
    assert refusal(lambda: instance.get_server(server_id=missing)) == (404, "not_found")

    def create(type_: str = "DEV1-S") -> Any:
        return instance.create_server(
            commercial_type=type_, name="sdk", image="ubuntu_noble"
        ).server

    rare = create(stock.SOLD_OUT)
    assert refusal(lambda: instance.server_action(server_id=rare.id)) == (412, "out_of_stock")
    assert refusal(lambda: create("DEV9-S")) == (400, "invalid_arguments")
    server = create()
    instance.server_action(server_id=server.id)
    assert refusal(lambda: instance.server_action(server_id=server.id)) == (409, "transient_state")
    assert refusal(lambda: instance.delete_server(server_id=server.id))[0] == 400
    simulator.temper.server_limit = 2
    assert refusal(create) == (403, "quotas_exceeded")
    simulator.token = missing
    assert refusal(instance.list_servers) == (401, "denied_authentication")


def test_the_official_sdk_finds_types_stock_and_images(client: Any, instance: Any) -> None:
    listed = instance.list_servers_types()
    # It puts the header's text where the body's number would be.
    assert int(listed.total_count) == len(stock.sold_in(ZONE)) == len(listed.servers)
    dev1 = listed.servers["DEV1-S"]
    assert (dev1.ncpus, dev1.ram, dev1.hourly_price) == (2, 2 * 2**30, 0.008976)
    assert listed.servers["L4-2-24G"].gpu_info.gpu_name == "L4"
    told = instance.get_server_types_availability().servers
    assert told[stock.SOLD_OUT].availability == "shortage"
    marketplace = import_module("scaleway.marketplace.v2").MarketplaceV2API(client)
    images = marketplace.list_local_images_all(
        image_label="ubuntu_noble",
        zone=ZONE,
        type_=import_module("scaleway.marketplace.v2").LocalImageType.INSTANCE_SBS,
    )
    assert {image.arch for image in images} == {"x86_64", "arm64"}
    assert instance.get_dashboard().dashboard.servers_count == 0


def test_the_official_sdk_turns_pages(instance: Any, simulator: ScalewaySimulator) -> None:
    for number in range(3):
        instance.create_server(commercial_type="DEV1-S", name=f"sdk-{number}", image="ubuntu_noble")
    simulator.temper.most_per_page = 2
    assert len({server.id for server in instance.list_servers_all(per_page=2)}) == 3
