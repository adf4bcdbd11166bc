"""The rehearsal Hivelocity: as unkind as the real one, and still there after a restart."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.hivelocity import HivelocitySimulator
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.recording import RecordingMachines

BODY = {"productId": 525, "locationName": "TPA1", "osName": "Ubuntu 24.04", "hostname": "web.a.b"}
VPS = {**BODY, "productId": 2311, "osName": "Ubuntu 24.04 (VPS)"}
METALS, COMPUTES = "/bare-metal-devices/", "/compute/"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me"


class Caller:
    """A client without manners."""

    def __init__(self, cloud: HivelocitySimulator) -> None:
        self._cloud = cloud
        self._http = httpx.Client(base_url=cloud.endpoint, trust_env=False, timeout=60.0)

    def __call__(
        self, method: str, path: str, body: object = None, token: str | None = None
    ) -> httpx.Response:
        headers = {"x-api-key": token or self._cloud.token}
        return self._http.request(method, path, json=body, headers=headers)

    def without_key(self, path: str) -> httpx.Response:
        return self._http.get(path)

    def rent(self, place: str = METALS, **changes: object) -> int:
        made: dict[str, Any] = self("POST", place, {**BODY, **changes}).json()
        id_: int = made["deviceId"]
        return id_

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def machines() -> RecordingMachines:
    return RecordingMachines()


@pytest.fixture
def cloud(clock: FakeClock, machines: RecordingMachines) -> Iterator[HivelocitySimulator]:
    with HivelocitySimulator(machines, clock=clock) as running:
        yield running


@pytest.fixture
def call(cloud: HivelocitySimulator) -> Iterator[Caller]:
    caller = Caller(cloud)
    yield caller
    caller.close()


def _error(response: httpx.Response) -> str:
    body = response.json()
    assert body["code"] == response.status_code
    assert body.keys() == {"code", "description"}
    message: str = body["description"]
    return message


# Who may ask, and how often


def test_a_wrong_key_is_refused_even_where_none_is_needed(call: Caller) -> None:
    for path in ("/profile/basic", "/inventory/product"):
        response = call("GET", path, token="wrong")
        assert (response.status_code, _error(response)) == (401, "Unauthorized.")
    assert call.without_key("/inventory/locations").status_code == 200
    assert call.without_key("/profile/basic").status_code == 401


def test_a_right_may_be_lacking_for_some_paths(call: Caller, cloud: HivelocitySimulator) -> None:
    cloud.temper.lacking = "/order/.*"
    assert "not been granted permission" in _error(call("GET", "/order/in-progress"))
    assert call("GET", "/profile/basic").status_code == 200


def test_the_limit_is_on_every_answer_in_seconds_left(clock: FakeClock) -> None:
    with HivelocitySimulator(NoMachines(), clock=clock, requests_per_hour=2) as cloud:
        call = Caller(cloud)
        cloud.faults.add(faults.status(500))
        for left in ("1", "0"):
            headers = call("GET", "/profile/basic").headers
            assert headers["x-ratelimit-limit"] == "2"
            assert headers["x-ratelimit-remaining"] == left
            assert headers["x-ratelimit-reset"] == "3600"
        clock.advance(600)
        refused = call("GET", "/profile/basic")
        assert (refused.status_code, _error(refused)) == (429, "Your IP is rate limited.")
        assert refused.headers["x-ratelimit-reset"] == "3000"
        assert "retry-after" not in refused.headers
        clock.advance(3000)
        assert call("GET", "/profile/basic").status_code == 200
        call.close()


# Where things are


@pytest.mark.parametrize("path", ["/bare-metal-devices", "/compute", "/ssh_key", "/device"])
def test_a_slash_that_is_lacking_leads_elsewhere(call: Caller, path: str) -> None:
    for method in ("GET", "POST"):
        response = call(method, path, BODY)
        assert response.status_code == 301
        assert response.headers["location"] == f"/api/v2{path}/"
    assert call("GET", "/inventory/locations/").status_code == 404


def test_rows_come_in_groups_unless_they_are_asked_for_flat(call: Caller) -> None:
    grouped = call("GET", "/inventory/product?location=GPU").json()
    assert list(grouped) == ["TPA1", "LAX2", "NYC1"]
    flat = call("GET", "/inventory/product?location=GPU&group_by=flat").json()
    assert [(row["product_id"], row["data_center"]) for row in flat] == [
        (702, "TPA1"),
        (702, "LAX2"),
        (801, "NYC1"),
    ]
    assert call("GET", "/inventory/product/702").json() == flat[0]
    assert call("GET", "/inventory/product/1").status_code == 404


# A device's life


def test_a_device_is_an_order_first(call: Caller, clock: FakeClock) -> None:
    made = call("POST", METALS, BODY).json()
    assert (made["primaryIp"], made["period"], made["hostname"]) == ("", "hourly", "web.a.b")
    [order] = call("GET", "/order/in-progress").json()
    assert (order["orderId"], order["status"]) == (made["orderId"], "provisioning")
    path = f"/device/{made['deviceId']}"
    assert call("GET", path).json()["spsStatus"] == "PROVISION_STARTED"
    clock.advance(1)
    there = call("GET", f"{METALS}{made['deviceId']}").json()
    assert there["primaryIp"].startswith("127.77.")
    assert call("GET", "/order/in-progress").json() == []
    assert call("GET", path).json()["isReload"] is True
    clock.advance(1)
    booked = call("GET", path).json()
    assert (booked["isReload"], booked["spsStatus"]) == (False, "IN_USE")


def test_each_kind_is_at_its_own_place(call: Caller) -> None:
    bare, virtual = call.rent(), call.rent(COMPUTES, **VPS)
    assert [d["deviceId"] for d in call("GET", METALS).json()] == [bare]
    assert [d["deviceId"] for d in call("GET", COMPUTES).json()] == [virtual]
    assert [d["deviceId"] for d in call("GET", "/device/").json()] == [bare, virtual]
    for path in (f"{METALS}{virtual}", f"{COMPUTES}{bare}"):
        assert call("GET", path).status_code == 404
        assert call("DELETE", path).status_code == 404


def test_what_is_ordered_may_be_in_no_answer(call: Caller, cloud: HivelocitySimulator) -> None:
    cloud.temper.hides_orders = True
    id_ = call.rent()
    assert call("GET", METALS).json() == call("GET", "/device/").json() == []
    for method, path, status in (
        ("GET", f"{METALS}{id_}", 404),
        ("DELETE", f"{METALS}{id_}", 404),
        ("GET", f"/device/{id_}", 403),
    ):
        assert call(method, path).status_code == status
    assert len(call("GET", "/order/in-progress").json()) == 1


def test_power_is_in_the_query_shows_later_and_twice_is_an_error(
    call: Caller, clock: FakeClock, machines: RecordingMachines
) -> None:
    path = f"/device/{call.rent()}/power"
    assert "being provisioned" in _error(call("POST", f"{path}?action=boot"))
    clock.advance(5)
    assert _error(call("POST", path, {"action": "shutdown"})) == "Invalid power action."
    for action, word in (("shutdown", "OFF"), ("boot", "ON"), ("reboot", "ON")):
        answer = call("POST", f"{path}?action={action}")
        assert (answer.status_code, answer.json()) == (202, {"powerStatus": "PENDING"})
        clock.advance(1)
        assert call("GET", path).json() == {"powerStatus": word}
    assert _error(call("POST", f"{path}?action=boot")) == (
        "Can't do this while server is powered on."
    )
    call("POST", f"{path}?action=shutdown")
    for action in ("shutdown", "reboot"):
        said = _error(call("POST", f"{path}?action={action}"))
        assert said == "Can't do this while server is powered off."
    assert call("POST", "/device/1/power?action=boot").status_code == 403
    call("GET", "/profile/basic")
    assert machines.did[:4] == ["boot", "off", "on", "off"]


def test_tags_replace_all_there_were(call: Caller) -> None:
    path = f"/device/{call.rent(tags=['a', 'b'])}/tags"
    assert call("PUT", path, {"tags": ["c"]}).json() == {"tags": ["c"]}
    assert call("GET", path).json() == {"tags": ["c"]}
    bodies: tuple[object, ...] = (None, [], {"tag": ["x"]}, {"tags": "x"}, {"tags": [""]})
    for junk in bodies:
        assert call("PUT", path, junk).status_code == 400
    assert call("GET", path).json() == {"tags": ["c"]}


def test_an_end_is_at_once_or_soon_or_when_the_term_is_over(
    call: Caller, clock: FakeClock, cloud: HivelocitySimulator
) -> None:
    cloud.temper.ending_seconds = 10.0
    virtual = call("DELETE", f"{COMPUTES}{call.rent(COMPUTES, **VPS)}")
    assert (virtual.status_code, virtual.content) == (204, b"")
    hourly, monthly = (f"{METALS}{call.rent(period=p)}" for p in ("hourly", "monthly"))
    for path in (hourly, monthly):
        assert call("DELETE", path).status_code == 201
        assert "Already Being Cancelled" in _error(call("DELETE", path))
    clock.advance(11)
    assert call("GET", hourly).status_code == 404
    assert call("GET", monthly).status_code == 200
    assert call("GET", f"/device/{monthly.rpartition('/')[2]}").json()["hasCancellation"]


def test_a_machine_that_fails_leaves_its_order_under_way(
    call: Caller, machines: RecordingMachines, clock: FakeClock
) -> None:
    machines.broken = True
    path = f"{METALS}{call.rent()}"
    clock.advance(3600)
    assert call("GET", path).json()["primaryIp"] == ""
    assert len(call("GET", "/order/in-progress").json()) == 1


# What is refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"productId": 1}, "Product with given id not found"),
        ({"productId": "525"}, "Product with given id not found"),
        ({"productId": 2311}, "Product with given id not found"),
        ({"productId": 555}, "Product with given id not found"),
        ({"locationName": "MOON1"}, "Invalid locationName"),
        ({"productId": 474, "locationName": "AMS1"}, "out of stock at AMS1"),
        ({"period": "fortnightly"}, "period is not enabled"),
        ({"period": "triennial"}, "period is not enabled"),
        ({"osName": "Ubuntu 24.04 (VPS)"}, "osName must match"),
        ({"osName": None}, "osName must match"),
        ({"osName": ["Ubuntu 24.04"]}, "osName must match"),
        ({"hostname": "web"}, "fully qualified"),
        ({"hostname": "web..b"}, "fully qualified"),
        ({"hostname": "-.b"}, "fully qualified"),
        ({"hostname": 5}, "fully qualified"),
        ({"publicSshKeyId": 7}, "ssh key not found"),
        ({"publicSshKeyId": [7]}, "ssh key not found"),
        ({"tags": "a"}, "Bad request"),
        ({"tags": [""]}, "Bad request"),
        ({"script": {"a": 1}}, "Invalid device parameters"),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_and_nothing_made(
    call: Caller, cloud: HivelocitySimulator, change: dict[str, Any], message: str
) -> None:
    response = call("POST", METALS, {**BODY, **change})
    assert response.status_code == 400
    assert message in _error(response)
    assert cloud.state.devices == {}
    assert cloud.state.orders == {}


def test_the_limit_of_devices_is_told(call: Caller, cloud: HivelocitySimulator) -> None:
    cloud.temper.device_limit = 1
    call.rent()
    assert "limit" in _error(call("POST", METALS, BODY))


def test_the_same_key_is_taken_twice_and_shown_without_a_fingerprint(call: Caller) -> None:
    for _ in range(2):
        assert call("POST", "/ssh_key/", {"name": "x", "publicKey": KEY}).status_code == 201
    keys = call("GET", "/ssh_key/").json()
    assert [key["publicKey"] for key in keys] == [KEY, KEY]
    assert keys[0].keys() == {"sshKeyId", "name", "publicKey"}
    for junk in (None, {"name": "x"}, {"publicKey": KEY}, {"name": "x", "publicKey": "nonsense"}):
        assert call("POST", "/ssh_key/", junk).status_code == 400


def test_junk_requests_do_not_stop_the_cloud(call: Caller) -> None:
    for method, path, body, status in (
        ("POST", METALS, [1], 400),
        ("POST", COMPUTES, "text", 400),
        ("POST", METALS, {**BODY, "productId": {"a": 1}}, 400),
        ("POST", METALS, {**BODY, "publicSshKeyId": "x"}, 400),
        ("PATCH", METALS, BODY, 405),
        ("GET", f"{METALS}{'9' * 30}", None, 404),
        ("GET", "/nowhere", None, 404),
    ):
        assert call(method, path, body).status_code == status, (method, path)
    assert call("GET", "/profile/basic").status_code == 200


# Its memory


def test_the_account_is_there_again_after_a_restart(
    tmp_path: Path, clock: FakeClock, machines: RecordingMachines
) -> None:
    file = tmp_path / "hivelocity.json"

    def opened() -> HivelocitySimulator:
        return HivelocitySimulator(machines, clock=clock, state_file=file)

    with opened() as cloud:
        call = Caller(cloud)
        call("POST", "/ssh_key/", {"name": "x", "publicKey": KEY})
        first = call.rent(tags=["a"])
        clock.advance(5)
        call("GET", METALS)
        second = call.rent(hostname="db.a.b", script="#cloud-config\n")
        call.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = list(machines.did)
    with opened() as cloud:
        call = Caller(cloud)
        clock.advance(5)
        listed = {d["deviceId"]: d for d in call("GET", METALS).json()}
        assert listed.keys() == {first, second}
        assert listed[first]["tags"] == ["a"]
        assert listed[second]["primaryIp"]
        assert len(call("GET", "/ssh_key/").json()) == 1
        assert call.rent() not in (first, second)
        call.close()
    # What was under way begins anew, and what runs is left alone.
    assert machines.did[len(before) :][:2] == ["remove", "boot"]
    assert machines.user_data[-2] == "#cloud-config\n"


@pytest.mark.parametrize("junk", ["{", "[]", "{}", '{"devices": [{"id": 1}]}'])
def test_a_damaged_account_is_told(tmp_path: Path, junk: str) -> None:
    file = tmp_path / "hivelocity.json"
    file.write_text(junk)
    with pytest.raises(ValueError, match=r"hivelocity\.json|JSON|property"):
        HivelocitySimulator(NoMachines(), state_file=file)
