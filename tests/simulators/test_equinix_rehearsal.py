"""The rehearsal Equinix Metal: as unkind as the real one was, and still there after a restart."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.equinix import EquinixSimulator
from capsule_adapters.sandbox.equinix.state import HOME_PROJECT
from capsule_adapters.sandbox.equinix.wording import PREFIX
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.equinix import KEY
from tests.simulators.recording import RecordingMachines

DEVICES = f"/projects/{HOME_PROJECT}/devices"
KEYS = f"/projects/{HOME_PROJECT}/ssh-keys"
NOBODYS = "00000000-0000-4000-8000-000000000000"
BODY = {
    "hostname": "web",
    "metro": "da",
    "plan": "c3.small.x86",
    "operating_system": "ubuntu_24_04",
    "no_ssh_keys": True,
}


class Caller:
    """A client without manners."""

    def __init__(self, cloud: EquinixSimulator) -> None:
        self._cloud = cloud
        self._http = httpx.Client(base_url=cloud.endpoint, trust_env=False, timeout=60.0)

    def __call__(
        self, method: str, path: str, body: object = None, token: str | None = None
    ) -> httpx.Response:
        headers = {"x-auth-token": self._cloud.token if token is None else token}
        return self._http.request(method, path, json=body, headers=headers)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def machines() -> RecordingMachines:
    return RecordingMachines()


@pytest.fixture
def cloud(clock: FakeClock, machines: RecordingMachines) -> Iterator[EquinixSimulator]:
    with EquinixSimulator(machines, clock=clock) as running:
        yield running


@pytest.fixture
def call(cloud: EquinixSimulator) -> Iterator[Caller]:
    caller = Caller(cloud)
    yield caller
    caller.close()


def _refusal(response: httpx.Response) -> tuple[int, str]:
    [told] = response.json()["errors"]
    return response.status_code, told


def test_a_wrong_key_is_told_in_the_other_form_of_errors(call: Caller) -> None:
    for token in ("", "wrong"):
        refused = call("GET", "/user", token=token)
        assert refused.status_code == 401
        assert refused.json() == {"error": "Invalid authentication token"}


def test_an_answer_has_links_for_what_is_not_included(call: Caller) -> None:
    device = call("POST", DEVICES, BODY).json()
    for part in ("plan", "metro", "operating_system", "project"):
        assert list(device[part]) == ["href"]
    whole = call("GET", f"/devices/{device['id']}?include=plan,metro").json()
    assert whole["plan"]["slug"] == "c3.small.x86"
    assert whole["metro"]["code"] == "da"
    assert list(whole["operating_system"]) == ["href"]


def test_ten_are_on_a_page_and_a_hundred_at_most(call: Caller, cloud: EquinixSimulator) -> None:
    cloud.temper.device_limit = 200
    for number in range(101):
        call("POST", DEVICES, {**BODY, "hostname": f"web-{number}"})
    usual = call("GET", DEVICES).json()
    assert (len(usual["devices"]), usual["meta"]["last_page"]) == (10, 11)
    assert usual["meta"]["previous"] is None
    many = call("GET", f"{DEVICES}?per_page=1000&tag=").json()
    assert many["devices"] == []
    many = call("GET", f"{DEVICES}?per_page=1000&metro=da").json()
    assert (len(many["devices"]), many["meta"]["total"]) == (100, 101)
    following = many["meta"]["next"]["href"].removeprefix(PREFIX)
    last = call("GET", following).json()
    assert (len(last["devices"]), last["meta"]["next"]) == (1, None)
    for junk in ("per_page=0", "per_page=x", "per_page=100001", "page=0", "page=-1"):
        assert _refusal(call("GET", f"{DEVICES}?{junk}"))[0] == 422


def test_a_device_opens_to_every_key_unless_some_are_named(
    call: Caller, cloud: EquinixSimulator
) -> None:
    without = {name: value for name, value in BODY.items() if name != "no_ssh_keys"}
    none = _refusal(call("POST", DEVICES, without))
    assert none == (422, "must have at least one SSH key or explicitly send no_ssh_keys option")
    other = KEY.replace("AAAAC3NzaC1lZDI1NTE5AAAAIP", "AAAAC3NzaC1lZDI1NTE5AAAAIQ")
    ours = call("POST", KEYS, {"label": "ours", "key": KEY}).json()
    call("POST", "/ssh-keys", {"label": "a member's", "key": other})
    call("POST", DEVICES, without)
    call("POST", DEVICES, {**without, "project_ssh_keys": [ours["id"]]})
    call("POST", DEVICES, BODY)
    assert [len(d.public_keys) for d in cloud.state.devices.values()] == [2, 1, 0]


def test_a_key_is_kept_once_in_each_place_and_has_a_fingerprint(call: Caller) -> None:
    added = call("POST", KEYS, {"label": "ours", "key": KEY})
    assert added.status_code == 201
    assert added.json()["fingerprint"].count(":") == 15
    again = _refusal(call("POST", KEYS, {"label": "ours again", "key": KEY}))
    assert again == (422, "Key has already been taken")
    assert call("POST", "/ssh-keys", {"label": "mine", "key": KEY}).status_code == 201
    assert len(call("GET", KEYS).json()["ssh_keys"]) == 1
    assert call("DELETE", f"/ssh-keys/{added.json()['id']}").status_code == 204
    assert call("GET", KEYS).json() == {"ssh_keys": []}
    assert call("DELETE", f"/ssh-keys/{added.json()['id']}").status_code == 404


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"metro": None}, "Either metro or facility"),
        ({"metro": "dfw2"}, "not a valid metro"),
        ({"plan": "huge"}, "not a valid plan"),
        ({"plan": None}, "not a valid plan"),
        ({"operating_system": "templeos"}, "not a valid operating system"),
        (
            {"operating_system": "nixos_22_11", "plan": "c3.large.arm64"},
            "not provisionable on c3.large.arm64",
        ),
        ({"hostname": "not a name"}, "Hostname"),
        ({"hostname": ""}, "Hostname"),
        ({"billing_cycle": "by the minute"}, "Billing cycle"),
        ({"tags": "web"}, "Tags"),
        ({"tags": [""]}, "Tags"),
        ({"userdata": "x" * 65_537}, "Userdata"),
        ({"userdata": 5}, "Userdata"),
        ({"no_ssh_keys": False, "project_ssh_keys": [NOBODYS]}, "not of this project"),
        ({"no_ssh_keys": False, "project_ssh_keys": "all"}, "must be lists"),
        ({"plan": "m3.large.x86"}, "no provisionable m3.large.x86 servers"),
        ({"plan": "g2.large.x86", "metro": "ty"}, "no provisionable g2.large.x86 servers"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_refused_and_nothing_made(
    call: Caller, cloud: EquinixSimulator, change: dict[str, Any], reason: str
) -> None:
    status, told = _refusal(call("POST", DEVICES, {**BODY, **change}))
    assert status == 422
    assert reason in told
    assert cloud.state.devices == {}


def test_a_project_has_a_limit(call: Caller, cloud: EquinixSimulator) -> None:
    cloud.temper.device_limit = 0
    assert "limit of 0 devices" in _refusal(call("POST", DEVICES, BODY))[1]


def test_power_goes_to_the_machine_in_order(
    call: Caller, machines: RecordingMachines, clock: FakeClock
) -> None:
    device = f"/devices/{call('POST', DEVICES, BODY).json()['id']}"
    for type_ in ("power_off", "power_on", "reboot"):
        clock.advance(5)
        call("GET", device)
        clock.advance(5)
        assert call("POST", f"{device}/actions", {"type": type_}).status_code == 202
    assert call("DELETE", device).status_code == 204
    call("GET", "/user")
    assert machines.did[:5] == ["boot", "off", "on", "off", "on"]


@pytest.mark.parametrize("type_", ["rescue", "explode", None, 5, ["reboot"]])
def test_an_action_that_there_is_not_is_refused(
    call: Caller, clock: FakeClock, type_: object
) -> None:
    device = f"/devices/{call('POST', DEVICES, BODY).json()['id']}"
    clock.advance(5)
    assert _refusal(call("POST", f"{device}/actions", {"type": type_}))[0] == 422


def test_an_action_waits_for_the_state_that_it_needs(call: Caller, clock: FakeClock) -> None:
    device = f"/devices/{call('POST', DEVICES, BODY).json()['id']}"
    must_be_active = (422, "Device must be active for reboot")
    assert _refusal(call("POST", f"{device}/actions", {"type": "reboot"})) == must_be_active
    clock.advance(5)
    assert call("POST", f"{device}/actions", {"type": "reboot"}).status_code == 202
    # It is active while it reboots, and does not take another action.
    assert call("GET", device).json()["state"] == "active"
    assert _refusal(call("POST", f"{device}/actions", {"type": "reboot"})) == must_be_active
    told = _refusal(call("POST", f"{device}/actions", {"type": "power_on"}))
    assert told == (422, "Device must be inactive for power_on")


def test_a_machine_that_fails_leaves_its_device_without_an_address(
    call: Caller, machines: RecordingMachines, clock: FakeClock
) -> None:
    machines.broken = True
    device = call("POST", DEVICES, BODY).json()
    clock.advance(3600)
    shown = call("GET", f"/devices/{device['id']}").json()
    assert (shown["state"], shown["ip_addresses"]) == ("provisioning", [])


def test_a_device_that_fails_is_moved_away_and_answered_with_a_403(
    call: Caller, cloud: EquinixSimulator, clock: FakeClock
) -> None:
    cloud.temper.provisioning_fails = True
    device = f"/devices/{call('POST', DEVICES, BODY).json()['id']}"
    clock.advance(5)
    for method in ("GET", "DELETE"):
        refused = _refusal(call(method, device))
        assert refused == (403, "You are not authorized to view this device")
    assert call("GET", DEVICES).json()["devices"] == []


def test_a_lock_and_volumes_are_in_the_way_of_an_end(call: Caller, cloud: EquinixSimulator) -> None:
    device = f"/devices/{call('POST', DEVICES, BODY).json()['id']}"
    assert call("PUT", device, {"locked": True}).json()["locked"]
    assert _refusal(call("DELETE", f"{device}?force_delete=true"))[0] == 422
    call("PUT", device, {"locked": False})
    cloud.temper.volume_attached = True
    assert "volumes attached" in _refusal(call("DELETE", device))[1]
    assert call("DELETE", f"{device}?force_delete=true").status_code == 204


def test_tags_and_hostname_are_changed_together_or_not_at_all(call: Caller) -> None:
    device = f"/devices/{call('POST', DEVICES, {**BODY, 'tags': ['one', 'one']}).json()['id']}"
    changed = call("PUT", device, {"tags": ["two"], "hostname": "renamed"}).json()
    assert (changed["tags"], changed["hostname"]) == (["two"], "renamed")
    assert _refusal(call("PUT", device, {"tags": ["three"], "hostname": "no name"}))[0] == 422
    assert call("GET", device).json()["tags"] == ["two"]


def test_a_lost_answer_was_acted_upon(call: Caller, cloud: EquinixSimulator) -> None:
    cloud.faults.add(faults.lost_answer(), method="POST")
    with pytest.raises(httpx.TransportError):
        call("POST", DEVICES, BODY)
    assert len(cloud.state.devices) == 1
    # One hostname may be on many devices: asking again rents again.
    assert call("POST", DEVICES, BODY).status_code == 201
    assert len(cloud.state.devices) == 2


def test_the_account_is_there_again_after_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "equinix.json"
    with EquinixSimulator(RecordingMachines(), clock=clock, state_file=file) as cloud:
        call = Caller(cloud)
        call("POST", KEYS, {"label": "ours", "key": KEY})
        up = call("POST", DEVICES, {**BODY, "userdata": "#secret", "tags": ["tag"]}).json()
        clock.advance(5)
        assert call("GET", f"/devices/{up['id']}").json()["state"] == "active"
        new = call("POST", DEVICES, {**BODY, "hostname": "new", "userdata": "#other"}).json()
        call.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "#secret" not in file.read_text(encoding="utf-8")

    again = RecordingMachines()
    with EquinixSimulator(again, clock=clock, state_file=file) as cloud:
        call = Caller(cloud)
        clock.advance(5)
        devices = {d["id"]: d for d in call("GET", DEVICES).json()["devices"]}
        assert devices.keys() == {up["id"], new["id"]}
        assert {d["state"] for d in devices.values()} == {"active"}
        assert devices[up["id"]]["tags"] == ["tag"]
        assert len(call("GET", KEYS).json()["ssh_keys"]) == 1
        call.close()
    # The one that was up is left alone; the one that was not is made anew.
    assert again.user_data == ["#other"]
    assert again.did == ["remove", "boot"]


def test_an_account_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    file = tmp_path / "equinix.json"
    for junk in ("", "{", "[]", json.dumps({"devices": []}), json.dumps({"devices": [1]})):
        file.write_text(junk, encoding="utf-8")
        with pytest.raises(ValueError, match=r"JSON|Expecting|rehearsal account"):
            EquinixSimulator(NoMachines(), state_file=file)


def test_the_key_is_in_no_recorded_exchange(call: Caller, cloud: EquinixSimulator) -> None:
    call("GET", "/user")
    assert cloud.token not in repr(list(cloud.exchanges))


def test_junk_requests_do_not_stop_the_cloud(call: Caller, cloud: EquinixSimulator) -> None:
    for method, path, body in (
        ("POST", DEVICES, [1]),
        ("POST", DEVICES, "text"),
        ("POST", DEVICES, {**BODY, "plan": ["c3.small.x86"]}),
        ("POST", DEVICES, {**BODY, "operating_system": {"a": 1}}),
        ("POST", DEVICES, {**BODY, "hostname": 5}),
        ("POST", DEVICES, {**BODY, "tags": [5]}),
        ("POST", KEYS, None),
        ("POST", KEYS, {"label": "x", "key": "ssh-rsa !!!"}),
        ("POST", KEYS, {"label": " ", "key": KEY}),
        ("POST", "/capacity/metros", {"servers": [5]}),
        ("POST", "/capacity/metros", []),
    ):
        assert call(method, path, body).status_code == 422, (method, path, body)
    told = call("POST", "/capacity/metros", {"servers": [{"plan": [1], "metro": {}}]})
    assert told.json()["servers"][0]["available"] is False
    assert call("PATCH", DEVICES).status_code == 405
    assert call("GET", "/../../etc/passwd").status_code == 404
    assert call("GET", f"/devices/{NOBODYS}").status_code == 404
    assert call("GET", f"/projects/{NOBODYS}").status_code == 404
    assert call("GET", f"/projects/{NOBODYS}/devices").status_code == 404
    assert call("GET", f"/projects/{NOBODYS}/plans").status_code == 404
    assert cloud.state.devices == {}
