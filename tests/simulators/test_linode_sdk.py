"""Linode's own SDK drives the rehearsal cloud: it must satisfy a client that is not ours."""

from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from typing import Any

import pytest

from capsule_adapters.sandbox.linode import LinodeSimulator
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.linode import judge

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p sdk"
PASSWORD = "correct-Horse-7-staple"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[LinodeSimulator]:
    with LinodeSimulator(NoMachines(), clock=clock) as running:
        yield running
    for exchange in running.exchanges:
        judge().judge(exchange)


@pytest.fixture
def sdk() -> Any:
    return import_module("linode_api4")


@pytest.fixture
def client(sdk: Any, simulator: LinodeSimulator) -> Iterator[Any]:
    made = sdk.LinodeClient(simulator.token, base_url=f"{simulator.url}/v4", retry=False)
    made.session.trust_env = False
    yield made
    made.session.close()


def test_the_official_sdk_takes_a_linode_through_its_whole_life(
    sdk: Any, client: Any, simulator: LinodeSimulator, clock: FakeClock
) -> None:
    assert client.profile().email == "rehearsal@example.com"
    key = client.profile.ssh_key_upload(KEY, "sdk")
    assert [k.ssh_key for k in client.profile.ssh_keys()] == [KEY]
    linode = client.linode.instance_create(
        "g6-nanode-1",
        "fr-par",
        image="linode/ubuntu24.04",
        label="sdk-1",
        root_pass=PASSWORD,
        authorized_keys=[key.ssh_key],
        tags=["sdk"],
        metadata=client.linode.build_instance_metadata(user_data="#cloud-config\n"),
        private_ip=True,
    )
    assert linode.status == "provisioning"
    assert linode.ipv4[0].startswith("127.77.")
    assert linode.ipv4[1].startswith("192.168.")
    assert linode.has_user_data
    assert linode.created == datetime(2026, 11, 23, 12)  # noqa: DTZ001 (the SDK knows no zone)

    def status_after(seconds: float) -> str:
        clock.advance(seconds)
        linode.invalidate()
        status: str = linode.status
        return status

    assert status_after(0.6) == "booting"
    assert status_after(5) == "running"
    tagged = client.linode.instances(sdk.Instance.tags == "sdk")
    assert [found.id for found in tagged] == [linode.id]
    assert list(client.linode.instances(sdk.Instance.tags == "other")) == []
    assert linode.shutdown()
    assert [status_after(0), status_after(0.5), status_after(5)] == [
        "running",
        "shutting_down",
        "offline",
    ]
    clock.advance(5)
    assert linode.boot()
    assert [status_after(0.5), status_after(5)] == ["booting", "running"]
    clock.advance(5)
    assert linode.reboot()
    assert [status_after(0.5), status_after(5)] == ["rebooting", "running"]
    assert linode.delete()
    assert list(client.linode.instances()) == []
    assert simulator.state.linodes == {}


def test_the_official_sdk_sees_refusals_as_it_expects_them(
    sdk: Any, client: Any, simulator: LinodeSimulator
) -> None:
    def refusal(call: Any) -> tuple[int, list[str]]:
        with pytest.raises(sdk.ApiError) as caught:
            call()
        return caught.value.status, caught.value.errors

    missing = sdk.Instance(client, 404404)
    assert refusal(lambda: missing.label) == (404, ["Not found"])

    def create() -> Any:
        return client.linode.instance_create(
            "g6-nanode-1", "fr-par", image="linode/debian12", label="sdk", root_pass=PASSWORD
        )

    linode = create()
    status, errors = refusal(create)
    assert (status, errors) == (400, ["Label must be unique among your linodes"])
    assert refusal(linode.reboot) == (400, ["Linode busy."])
    simulator.token = "another"
    assert refusal(client.profile) == (401, ["Invalid Token"])


def test_the_official_sdk_finds_types_regions_images_and_stock(sdk: Any, client: Any) -> None:
    types = {type_.id: type_ for type_ in client.linode.types()}
    assert types["g6-nanode-1"].price.hourly == 0.0075
    assert types["g6-nanode-1"].region_prices[0].id == "br-gru"
    assert sdk.Type(client, "g6-standard-2").disk == 81920
    regions = {region.id: region for region in client.regions()}
    assert regions["us-ord"].country == "us"
    assert "Premium Plans" in sdk.Region(client, "us-ord").capabilities
    stock = {(row.plan, row.region): row.available for row in client.regions.availability()}
    assert stock["g7-premium-2", "us-ord"] is False
    assert [row.plan for row in regions["fr-par"].availability] == ["g7-premium-2"]
    images = {image.id: image for image in client.images()}
    assert "cloud-init" in images["linode/ubuntu24.04"].capabilities


def test_the_official_sdk_turns_pages(client: Any, simulator: LinodeSimulator) -> None:
    for number in range(26):
        client.profile.ssh_key_upload(KEY, f"key-{number}")
    client.page_size = 25
    assert len({key.label for key in client.profile.ssh_keys()}) == 26
    assert simulator.count("GET", "/v4/profile/sshkeys") == 2


def test_the_official_sdk_renames_and_tags(client: Any, simulator: LinodeSimulator) -> None:
    linode = client.linode.instance_create(
        "g6-nanode-1", "fr-par", image="linode/debian12", label="sdk", root_pass=PASSWORD
    )
    # Its `save` sends fields back that the description calls read-only.
    changed = client.put(
        f"/linode/instances/{linode.id}", data={"label": "sdk-renamed", "tags": ["later"]}
    )
    assert changed["label"] == "sdk-renamed"
    [kept] = simulator.state.linodes.values()
    assert (kept.name, kept.tags) == ("sdk-renamed", ["later"])
