"""DigitalOcean's own SDK drives the rehearsal cloud: it must satisfy a client that is not ours."""

from collections.abc import Iterator
from typing import Any

import pytest

from capsule_adapters.sandbox.digitalocean import DigitalOceanSimulator, Temper
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.openapi import oracle

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p sdk"
PLAIN_HTTP: dict[str, Any] = {"enforce_https": False, "retry_total": 0}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[DigitalOceanSimulator]:
    with DigitalOceanSimulator(
        NoMachines(), clock=clock, temper=Temper(most_per_page=1)
    ) as running:
        yield running
    for exchange in running.exchanges:
        oracle("digitalocean").judge(exchange)


@pytest.fixture
def client(simulator: DigitalOceanSimulator) -> Iterator[Any]:
    import pydo

    made = pydo.Client(token=simulator.token, endpoint=simulator.url)
    yield made
    made.close()


def test_the_official_sdk_takes_a_droplet_through_its_whole_life(
    client: Any, simulator: DigitalOceanSimulator, clock: FakeClock
) -> None:
    assert client.account.get(**PLAIN_HTTP)["account"]["status"] == "active"
    key = client.ssh_keys.create({"name": "sdk", "public_key": KEY}, **PLAIN_HTTP)["ssh_key"]
    by_fingerprint = client.ssh_keys.get(key["fingerprint"], **PLAIN_HTTP)
    assert by_fingerprint["ssh_key"]["id"] == key["id"]

    body = {
        "name": "sdk-1",
        "region": "fra1",
        "size": "s-1vcpu-1gb",
        "image": "ubuntu-24-04-x64",
        "ssh_keys": [key["id"], key["fingerprint"]],
        "tags": ["sdk"],
    }
    created = client.droplets.create(body, **PLAIN_HTTP)
    droplet_id = created["droplet"]["id"]
    assert created["droplet"]["status"] == "new"
    assert created["droplet"]["networks"] == {"v4": [], "v6": []}
    creation_id = created["links"]["actions"][0]["id"]
    assert client.actions.get(creation_id, **PLAIN_HTTP)["action"]["status"] == "in-progress"

    clock.advance(5)
    droplet = client.droplets.get(droplet_id, **PLAIN_HTTP)["droplet"]
    assert droplet["status"] == "active"
    assert {n["type"] for n in droplet["networks"]["v4"]} == {"public", "private"}
    assert client.actions.get(creation_id, **PLAIN_HTTP)["action"]["status"] == "completed"
    listed = client.droplets.list(tag_name="sdk", **PLAIN_HTTP)
    assert [d["id"] for d in listed["droplets"]] == [droplet_id]

    body = {"type": "shutdown"}
    action = client.droplet_actions.post(droplet_id, body, **PLAIN_HTTP)["action"]
    assert client.droplets.get(droplet_id, **PLAIN_HTTP)["droplet"]["locked"]
    clock.advance(5)
    its_action = client.droplet_actions.get(droplet_id, action["id"], **PLAIN_HTTP)
    assert its_action["action"]["status"] == "completed"
    assert client.droplets.get(droplet_id, **PLAIN_HTTP)["droplet"]["status"] == "off"

    client.droplets.destroy(droplet_id, **PLAIN_HTTP)
    client.ssh_keys.delete(key["id"], **PLAIN_HTTP)
    assert client.droplets.list(**PLAIN_HTTP)["droplets"] == []
    assert client.ssh_keys.list(**PLAIN_HTTP)["ssh_keys"] == []
    assert simulator.state.droplets == {}


def test_the_official_sdk_sees_refusals_as_it_expects_them(
    client: Any, simulator: DigitalOceanSimulator
) -> None:
    from azure.core.exceptions import HttpResponseError

    missing = client.droplets.get(404404, **PLAIN_HTTP)
    assert missing["id"] == "not_found"
    client.ssh_keys.create({"name": "sdk", "public_key": KEY}, **PLAIN_HTTP)
    with pytest.raises(HttpResponseError) as caught:
        client.ssh_keys.create({"name": "again", "public_key": KEY}, **PLAIN_HTTP)
    assert caught.value.status_code == 422
    simulator.token = "another"
    with pytest.raises(HttpResponseError) as caught:
        client.account.get(**PLAIN_HTTP)
    assert caught.value.status_code == 401


def test_the_official_sdk_finds_pages_tags_sizes_and_images(
    client: Any, simulator: DigitalOceanSimulator
) -> None:
    simulator.temper.most_per_page = 200
    first = client.sizes.list(per_page=3, page=2, **PLAIN_HTTP)
    assert len(first["sizes"]) == 3
    assert "page=3" in first["links"]["pages"]["next"]
    assert first["meta"]["total"] == 10
    regions = client.regions.list(per_page=50, **PLAIN_HTTP)["regions"]
    assert len(regions) == 8
    images = client.images.list(type="distribution", **PLAIN_HTTP)["images"]
    assert "ubuntu-24-04-x64" in {image["slug"] for image in images}
    assert client.images.get("debian-12-x64", **PLAIN_HTTP)["image"]["distribution"] == "Debian"

    body = {"names": ["a", "b"], "size": "c-8", "image": 195932981, "region": "nyc1"}
    ids = [d["id"] for d in client.droplets.create(body, **PLAIN_HTTP)["droplets"]]
    client.tags.create({"name": "later"}, **PLAIN_HTTP)
    resources = {"resources": [{"resource_id": str(ids[0]), "resource_type": "droplet"}]}
    client.tags.assign_resources("later", resources, **PLAIN_HTTP)
    assert client.tags.get("later", **PLAIN_HTTP)["tag"]["resources"]["count"] == 1
    client.tags.unassign_resources("later", resources, **PLAIN_HTTP)
    assert client.tags.list(**PLAIN_HTTP)["tags"][0]["resources"]["count"] == 0
    client.tags.assign_resources("later", resources, **PLAIN_HTTP)
    client.droplets.destroy_by_tag(tag_name="later", **PLAIN_HTTP)
    left = client.droplets.list(**PLAIN_HTTP)["droplets"]
    assert [d["id"] for d in left] == [ids[1]]
