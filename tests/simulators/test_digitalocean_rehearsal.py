"""The rehearsal DigitalOcean: as unkind as the real one, and still there after a restart."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.digitalocean import DigitalOceanSimulator
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.recording import RecordingMachines

BODY = {"name": "web", "region": "fra1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}


class Caller:
    """A client without manners."""

    def __init__(self, cloud: DigitalOceanSimulator) -> None:
        self._cloud = cloud
        self._http = httpx.Client(base_url=cloud.url, trust_env=False, timeout=60.0)

    def __call__(
        self, method: str, path: str, body: object = None, token: str | None = None
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self._cloud.token}"}
        return self._http.request(method, f"/v2{path}", json=body, headers=headers)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def machines() -> RecordingMachines:
    return RecordingMachines()


@pytest.fixture
def cloud(clock: FakeClock, machines: RecordingMachines) -> Iterator[DigitalOceanSimulator]:
    with DigitalOceanSimulator(machines, clock=clock) as running:
        yield running


@pytest.fixture
def call(cloud: DigitalOceanSimulator) -> Iterator[Caller]:
    caller = Caller(cloud)
    yield caller
    caller.close()


def _message(response: httpx.Response) -> str:
    message: str = response.json()["message"]
    return message


def test_a_wrong_token_is_refused_in_the_clouds_form(call: Caller) -> None:
    response = call("GET", "/account", token="wrong")
    assert response.status_code == 401
    assert response.json()["id"] == "Unauthorized"
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_every_answer_tells_the_limit(call: Caller) -> None:
    for response in (
        call("GET", "/account"),
        call("GET", "/no"),
        call("GET", "/account", token="x"),
    ):
        assert response.headers["ratelimit-limit"] == "5000"
        assert int(response.headers["ratelimit-reset"]) > 0
    assert call("GET", "/account").headers["ratelimit-remaining"] == "4996"


def test_the_limit_refuses_and_opens_again(clock: FakeClock) -> None:
    with DigitalOceanSimulator(NoMachines(), clock=clock, requests_per_minute=3) as cloud:
        call = Caller(cloud)
        assert [call("GET", "/account").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = call("GET", "/account")
        assert refused.headers["retry-after"] == "60"
        assert refused.headers["ratelimit-remaining"] == "0"
        clock.advance(60)
        assert call("GET", "/account").status_code == 200
        call.close()


def test_a_machine_that_fails_leaves_its_droplet_new(
    call: Caller, machines: RecordingMachines, clock: FakeClock
) -> None:
    machines.broken = True
    droplet = call("POST", "/droplets", BODY).json()["droplet"]
    clock.advance(3600)
    assert call("GET", f"/droplets/{droplet['id']}").json()["droplet"]["status"] == "new"


def test_a_droplet_is_locked_while_something_is_done_to_it(call: Caller, clock: FakeClock) -> None:
    droplet = call("POST", "/droplets", BODY).json()["droplet"]
    actions = f"/droplets/{droplet['id']}/actions"
    assert "pending event" in _message(call("POST", actions, {"type": "reboot"}))
    clock.advance(2)
    assert call("POST", actions, {"type": "reboot"}).status_code == 201
    second = call("POST", actions, {"type": "power_off"})
    assert second.status_code == 422
    assert "pending event" in _message(second)


def test_power_goes_to_the_machine_in_order(
    call: Caller, machines: RecordingMachines, clock: FakeClock
) -> None:
    droplet = call("POST", "/droplets", BODY).json()["droplet"]
    clock.advance(2)
    for type_ in ("shutdown", "power_on", "power_cycle"):
        call("GET", f"/droplets/{droplet['id']}")
        response = call("POST", f"/droplets/{droplet['id']}/actions", {"type": type_})
        assert response.status_code == 201, response.text
        clock.advance(2)
    call("DELETE", f"/droplets/{droplet['id']}")
    call("GET", "/account")
    assert machines.did[:5] == ["boot", "off", "on", "off", "on"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "not a name"}, "hostname"),
        ({"size": "huge"}, "invalid size"),
        ({"region": "mars1"}, "invalid region"),
        ({"image": "templeos"}, "invalid image"),
        ({"size": "m-2vcpu-16gb"}, "not available"),
        ({"size": "s-8vcpu-16gb"}, "not available in this region"),
        ({"ssh_keys": [123]}, "invalid key identifiers"),
        ({"tags": ["a=b"]}, "tag"),
        ({"user_data": "x" * 65537}, "64 KiB"),
        ({"names": ["x"] * 11}, "names"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_refused_and_nothing_made(
    call: Caller, cloud: DigitalOceanSimulator, change: dict[str, Any], message: str
) -> None:
    wanted = {**BODY, "region": "lon1", **change}
    response = call("POST", "/droplets", wanted)
    assert response.status_code == 422
    assert message in _message(response)
    assert cloud.state.droplets == {}


def test_a_tag_cannot_be_combined_with_a_type(call: Caller) -> None:
    assert call("GET", "/droplets?tag_name=a&type=gpus").status_code == 422
    assert call("GET", "/droplets?tag_name=a&name=b").status_code == 422


def test_deleting_without_a_tag_deletes_nothing(call: Caller, cloud: DigitalOceanSimulator) -> None:
    call("POST", "/droplets", BODY)
    assert call("DELETE", "/droplets").status_code == 422
    assert len(cloud.state.droplets) == 1


def test_links_name_the_public_host_and_not_the_one_that_was_asked(call: Caller) -> None:
    link = call("GET", "/sizes?per_page=2").json()["links"]["pages"]["next"]
    assert link == "https://api.digitalocean.com/v2/sizes?page=2&per_page=2"


def test_a_lost_answer_was_acted_upon(call: Caller, cloud: DigitalOceanSimulator) -> None:
    cloud.faults.add(faults.lost_answer(), method="POST")
    with pytest.raises(httpx.TransportError):
        call("POST", "/droplets", BODY)
    assert len(cloud.state.droplets) == 1
    cloud.faults.add(faults.reset_before(), method="POST")
    with pytest.raises(httpx.TransportError):
        call("POST", "/droplets", BODY)
    assert len(cloud.state.droplets) == 1


def test_the_account_is_there_again_after_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "digitalocean.json"
    machines = RecordingMachines()
    with DigitalOceanSimulator(machines, clock=clock, state_file=file) as cloud:
        call = Caller(cloud)
        up = call("POST", "/droplets", {**BODY, "user_data": "#secret", "tags": ["t"]})
        clock.advance(2)
        assert call("GET", f"/droplets/{up.json()['droplet']['id']}").status_code == 200
        new = call("POST", "/droplets", {**BODY, "user_data": "#other"})
        call.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "#secret" not in file.read_text(encoding="utf-8")

    again = RecordingMachines()
    with DigitalOceanSimulator(again, clock=clock, state_file=file) as cloud:
        call = Caller(cloud)
        clock.advance(2)
        droplets = call("GET", "/droplets").json()["droplets"]
        assert [d["id"] for d in droplets] == [
            new.json()["droplet"]["id"],
            up.json()["droplet"]["id"],
        ]
        assert {d["status"] for d in droplets} == {"active"}
        assert call("GET", "/tags/t").status_code == 200
        third = call("POST", "/droplets", BODY).json()["droplet"]
        assert third["id"] not in [d["id"] for d in droplets]
        call.close()
    # The one that was up is left alone; the one that was not is made anew.
    assert again.user_data == ["#other", ""]
    assert again.did[:2] == ["remove", "boot"]


def test_an_account_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    file = tmp_path / "digitalocean.json"
    for junk in ("", "{", "[]", json.dumps({"droplets": []}), json.dumps({"droplets": [1]})):
        file.write_text(junk, encoding="utf-8")
        with pytest.raises(ValueError, match=r"JSON|Expecting|rehearsal account"):
            DigitalOceanSimulator(NoMachines(), state_file=file)


def test_the_key_is_in_no_recorded_exchange(call: Caller, cloud: DigitalOceanSimulator) -> None:
    call("GET", "/account")
    assert cloud.token not in repr(list(cloud.exchanges))


def test_junk_requests_do_not_stop_the_cloud(call: Caller, cloud: DigitalOceanSimulator) -> None:
    for method, path, body in (
        ("POST", "/droplets", [1]),
        ("POST", "/droplets", "text"),
        ("POST", "/droplets", {"names": 5}),
        ("POST", "/droplets", {"name": {"a": 1}}),
        ("POST", "/droplets", {**BODY, "ssh_keys": "all", "tags": 5}),
        ("POST", "/account/keys", None),
        ("POST", "/account/keys", {"name": "x", "public_key": "ssh-rsa !!!"}),
        ("POST", "/tags", {"name": 5}),
        ("GET", "/droplets?page=x&per_page=-1", None),
        ("GET", "/droplets?page=99999999999999999999", None),
    ):
        assert call(method, path, body).status_code in (200, 400, 422)
    assert call("PATCH", "/droplets").status_code == 405
    assert call("GET", "/../../etc/passwd").status_code == 404
    assert cloud.state.droplets == {}
