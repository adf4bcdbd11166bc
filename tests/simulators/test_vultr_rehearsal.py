"""The rehearsal Vultr: as unkind as the real one, and still there after a restart."""

import base64
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.machines import NoMachines
from capsule_adapters.sandbox.vultr import VultrSimulator
from tests.fakes.clock import FakeClock
from tests.simulators.recording import RecordingMachines

BODY = {"region": "fra", "plan": "vc2-1c-1gb", "os_id": 2284, "label": "web", "hostname": "web"}
METAL = {**BODY, "plan": "vbm-4c-32gb"}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me"
NOBODY = "00000000-0000-4000-8000-000000000000"


class Caller:
    """A client without manners."""

    def __init__(self, cloud: VultrSimulator) -> None:
        self._cloud = cloud
        self._http = httpx.Client(base_url=cloud.endpoint, trust_env=False, timeout=60.0)

    def __call__(
        self, method: str, path: str, body: object = None, token: str | None = None
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self._cloud.token}"}
        return self._http.request(method, path, json=body, headers=headers)

    def without_key(self, path: str) -> httpx.Response:
        return self._http.get(path)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def machines() -> RecordingMachines:
    return RecordingMachines()


@pytest.fixture
def cloud(clock: FakeClock, machines: RecordingMachines) -> Iterator[VultrSimulator]:
    with VultrSimulator(machines, clock=clock) as running:
        yield running


@pytest.fixture
def call(cloud: VultrSimulator) -> Iterator[Caller]:
    caller = Caller(cloud)
    yield caller
    caller.close()


def _error(response: httpx.Response) -> str:
    body = response.json()
    assert body["status"] == response.status_code
    assert body.keys() == {"error", "status"}
    message: str = body["error"]
    return message


def _words(server: dict[str, Any]) -> tuple[str, str, str, str]:
    return (server["status"], server["power_status"], server["server_status"], server["main_ip"])


# Who may ask, and how often


def test_a_wrong_token_is_refused_in_the_clouds_form_even_where_none_is_needed(
    call: Caller,
) -> None:
    for path in ("/account", "/regions", "/plans"):
        response = call("GET", path, token="wrong")
        assert response.status_code == 401
        assert _error(response) == "Invalid API token."


def test_what_is_sold_may_be_looked_at_without_a_key(call: Caller) -> None:
    for path in ("/regions", "/plans", "/plans-metal", "/os"):
        assert call.without_key(path).status_code == 200
    for path in ("/account", "/instances", "/bare-metals", "/ssh-keys"):
        assert call.without_key(path).status_code == 401


def test_the_limit_refuses_and_opens_again_and_is_told_by_no_header(
    call: Caller, clock: FakeClock
) -> None:
    statuses = [call("GET", "/account").status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]
    refused = call("GET", "/account")
    assert refused.headers["retry-after"] == "1"
    clock.advance(1)
    answer = call("GET", "/account")
    assert answer.status_code == 200
    assert not [name for name in answer.headers if "limit" in name or "request-id" in name]


def test_an_address_that_is_not_listed_may_do_nothing(call: Caller, cloud: VultrSimulator) -> None:
    cloud.temper.unlisted_address_status = 403
    assert "Unauthorized IP address" in _error(call("GET", "/account"))


# Lists


def test_cursors_are_opaque_and_lead_there_and_back(call: Caller) -> None:
    first = call("GET", "/regions?per_page=4").json()
    assert first["meta"]["total"] == 9
    cursor = first["meta"]["links"]["next"]
    assert first["meta"]["links"]["prev"] == ""
    assert not cursor.isdecimal()
    second = call("GET", f"/regions?per_page=4&cursor={cursor}").json()
    assert len(second["regions"]) == 4
    last = call("GET", f"/regions?per_page=4&cursor={second['meta']['links']['next']}").json()
    assert len(last["regions"]) == 1
    assert last["meta"]["links"]["next"] == ""
    back = call("GET", f"/regions?per_page=4&cursor={last['meta']['links']['prev']}").json()
    assert back["regions"] == second["regions"]


def test_plans_are_filtered_by_type(call: Caller) -> None:
    everything = {plan["id"] for plan in call("GET", "/plans?type=all").json()["plans"]}
    assert {plan["id"] for plan in call("GET", "/plans").json()["plans"]} == everything
    gpus = call("GET", "/plans?type=vcg").json()["plans"]
    assert [plan["id"] for plan in gpus] == ["vcg-a100-1c-6g-4vram"]
    metal = call("GET", "/regions/sea/availability?type=vbm").json()["available_plans"]
    assert metal == ["vbm-4c-32gb", "vbm-112c-2048gb-8-h100-gpu"]
    assert "Invalid region" in _error(call("GET", "/regions/mars/availability"))


def test_servers_are_filtered_and_each_kind_is_in_its_own_list(call: Caller) -> None:
    web = call("POST", "/instances", {**BODY, "tags": ["a", "b"]}).json()["instance"]["id"]
    call("POST", "/instances", {**BODY, "label": "db", "hostname": "", "region": "ewr"})
    metal = call("POST", "/bare-metals", METAL).json()["bare_metal"]["id"]

    def found(query: str) -> list[str]:
        listed = call("GET", f"/instances?{query}").json()["instances"]
        return [server["id"] for server in listed]

    for query in ("tag=b", "label=web", "hostname=web", "region=fra"):
        assert found(query) == [web]
    assert len(found("")) == 2
    assert [m["id"] for m in call("GET", "/bare-metals").json()["bare_metals"]] == [metal]
    for path in (f"/instances/{metal}", f"/bare-metals/{web}"):
        assert call("GET", path).status_code == 404
        assert call("DELETE", path).status_code == 404


# A server's life


def test_a_server_is_ready_only_when_all_its_words_say_so(call: Caller, clock: FakeClock) -> None:
    made = call("POST", "/instances", BODY)
    assert made.status_code == 202
    server = made.json()["instance"]
    assert _words(server) == ("pending", "running", "none", "0.0.0.0")
    assert server["default_password"]
    path = f"/instances/{server['id']}"
    clock.advance(1)
    active = call("GET", path).json()["instance"]
    assert _words(active)[:3] == ("active", "running", "installingbooting")
    assert active["main_ip"].startswith("127.77.")
    assert "default_password" not in active
    clock.advance(1)
    assert _words(call("GET", path).json()["instance"])[:3] == ("active", "running", "ok")


def test_power_answers_with_nothing_and_shows_later(
    call: Caller, machines: RecordingMachines, clock: FakeClock
) -> None:
    path = f"/instances/{call('POST', '/instances', BODY).json()['instance']['id']}"
    clock.advance(2)
    call("GET", path)
    clock.advance(2)
    for verb, power in (("halt", "stopped"), ("start", "running"), ("reboot", "running")):
        before = call("GET", path).json()["instance"]["power_status"]
        answer = call("POST", f"{path}/{verb}")
        assert (answer.status_code, answer.content) == (204, b"")
        locked = call("GET", path).json()["instance"]
        assert (locked["power_status"], locked["server_status"]) == (before, "installingbooting")
        assert "locked" in _error(call("POST", f"{path}/reboot"))
        clock.advance(1)
        now = call("GET", path).json()["instance"]
        assert (now["power_status"], now["server_status"]) == (power, "ok")
    call("DELETE", path)
    call("GET", "/account")
    assert machines.did[:5] == ["boot", "off", "on", "off", "on"]


@pytest.mark.parametrize(
    ("kind", "body"), [("instance", BODY), ("bare_metal", METAL)], ids=["instance", "bare metal"]
)
def test_a_fresh_server_refuses_to_be_deleted(
    call: Caller, clock: FakeClock, kind: str, body: dict[str, object]
) -> None:
    place = {"instance": "/instances", "bare_metal": "/bare-metals"}[kind]
    path = f"{place}/{call('POST', place, body).json()[kind]['id']}"
    refused = call("DELETE", path)
    assert refused.status_code == 500
    assert "Server is currently locked" in _error(refused)
    clock.advance(2)
    deleted = call("DELETE", path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert call("DELETE", path).status_code == 404


def test_bare_metal_says_nothing_of_its_power(call: Caller, clock: FakeClock) -> None:
    made = call("POST", "/bare-metals", METAL).json()["bare_metal"]
    assert (made["status"], made["main_ip"]) == ("pending", "")
    path = f"/bare-metals/{made['id']}"
    clock.advance(2)
    running = call("GET", path).json()["bare_metal"]
    assert call("POST", f"{path}/halt").status_code == 204
    clock.advance(2)
    halted = call("GET", path).json()["bare_metal"]
    assert halted == running
    assert not any("power" in name for name in halted)


def test_a_machine_that_fails_leaves_its_server_pending(
    call: Caller, machines: RecordingMachines, clock: FakeClock
) -> None:
    machines.broken = True
    server = call("POST", "/instances", BODY).json()["instance"]
    clock.advance(3600)
    assert call("GET", f"/instances/{server['id']}").json()["instance"]["status"] == "pending"


def test_label_and_tags_can_be_changed(call: Caller, cloud: VultrSimulator) -> None:
    path = f"/instances/{call('POST', '/instances', BODY).json()['instance']['id']}"
    changed = call("PATCH", path, {"label": "new", "tags": ["x"]})
    assert changed.status_code == 202
    assert (changed.json()["instance"]["label"], changed.json()["instance"]["tags"]) == (
        "new",
        ["x"],
    )
    assert call("PATCH", path, {"label": "worse", "tags": "x"}).status_code == 400
    [rental] = cloud.state.rentals.values()
    assert (rental.label, rental.tags) == ("new", ["x"])


# What is refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"region": "mars"}, "Invalid region"),
        ({"plan": "huge"}, "Invalid plan"),
        ({"plan": "vbm-4c-32gb"}, "Invalid plan"),
        ({"plan": "vhp-1c-1gb"}, "plan is not available in the selected region"),
        ({"plan": "vhf-4c-16gb"}, "plan is not available in the selected region"),
        ({"os_id": 1}, "Invalid os_id"),
        ({"os_id": None}, "exactly one of"),
        ({"snapshot_id": NOBODY}, "exactly one of"),
        ({"os_id": None, "iso_id": NOBODY}, "Invalid iso_id"),
        ({"hostname": "not a name"}, "Invalid hostname"),
        ({"sshkey_id": [NOBODY]}, "Invalid SSH key"),
        ({"sshkey_id": NOBODY}, "must be an array"),
        ({"user_data": "#cloud-config"}, "must be base64"),
        ({"tags": "a"}, "Invalid tags"),
        ({"tags": [""]}, "Invalid tags"),
        ({"backups": True}, "Invalid backups"),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_and_nothing_made(
    call: Caller, cloud: VultrSimulator, change: dict[str, Any], message: str
) -> None:
    response = call("POST", "/instances", {**BODY, **change})
    assert response.status_code == 400
    assert message in _error(response)
    assert cloud.state.rentals == {}


def test_a_plan_for_instances_is_no_plan_for_bare_metal(call: Caller) -> None:
    assert "Invalid plan" in _error(call("POST", "/bare-metals", BODY))


def test_the_same_key_is_taken_twice_and_shown_without_a_fingerprint(call: Caller) -> None:
    for _ in range(2):
        assert call("POST", "/ssh-keys", {"name": "x", "ssh_key": KEY}).status_code == 201
    keys = call("GET", "/ssh-keys").json()["ssh_keys"]
    assert [key["ssh_key"] for key in keys] == [KEY, KEY]
    assert keys[0].keys() == {"id", "date_created", "name", "ssh_key"}
    assert call("DELETE", f"/ssh-keys/{keys[0]['id']}").status_code == 204
    assert call("GET", f"/ssh-keys/{keys[0]['id']}").status_code == 404


def test_a_lost_answer_was_acted_upon(call: Caller, cloud: VultrSimulator) -> None:
    for fault, made in ((faults.lost_answer(), 1), (faults.reset_before(), 1)):
        cloud.faults.add(fault, method="POST")
        with pytest.raises(httpx.TransportError):
            call("POST", "/instances", BODY)
        assert len(cloud.state.rentals) == made


def test_junk_requests_do_not_stop_the_cloud(call: Caller, cloud: VultrSimulator) -> None:
    for method, path, body in (
        ("POST", "/instances", [1]),
        ("POST", "/instances", "text"),
        ("POST", "/instances", {**BODY, "region": {"a": 1}}),
        ("POST", "/instances", {**BODY, "plan": ["x"]}),
        ("POST", "/instances", {**BODY, "label": 5}),
        ("POST", "/instances", {**BODY, "os_id": {"a": 1}}),
        ("POST", "/instances", {**BODY, "sshkey_id": [{}]}),
        ("POST", "/instances", {**BODY, "user_data": "/w=="}),
        ("POST", "/instances/halt", {"instance_ids": "all"}),
        ("POST", "/ssh-keys", None),
        ("POST", "/ssh-keys", {"name": "x", "ssh_key": "ssh-rsa !!!"}),
        ("GET", "/instances?per_page=x", None),
        ("GET", "/instances?per_page=0", None),
        ("GET", "/instances?cursor=junk", None),
        ("GET", f"/instances?cursor={base64.b64encode(b'next__-1').decode()}", None),
    ):
        assert call(method, path, body).status_code == 400, (method, path, body)
    assert call("PUT", "/instances").status_code == 405
    assert call("GET", "/../../etc/passwd").status_code == 404
    assert cloud.state.rentals == {}


# What stays


def test_the_account_is_there_again_after_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "vultr.json"
    with VultrSimulator(RecordingMachines(), clock=clock, state_file=file) as cloud:
        call = Caller(cloud)
        secret = base64.b64encode(b"#secret").decode()
        up = call("POST", "/instances", {**BODY, "user_data": secret, "tags": ["t"]}).json()
        clock.advance(2)
        assert call("GET", f"/instances/{up['instance']['id']}").status_code == 200
        other = base64.b64encode(b"#other").decode()
        new = call("POST", "/bare-metals", {**METAL, "user_data": other}).json()
        call("POST", "/ssh-keys", {"name": "x", "ssh_key": KEY})
        call.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "#secret" not in file.read_text(encoding="utf-8")

    again = RecordingMachines()
    with VultrSimulator(again, clock=clock, state_file=file) as cloud:
        call = Caller(cloud)
        clock.advance(2)
        [instance] = call("GET", "/instances").json()["instances"]
        [metal] = call("GET", "/bare-metals").json()["bare_metals"]
        assert (instance["id"], instance["tags"]) == (up["instance"]["id"], ["t"])
        assert metal["id"] == new["bare_metal"]["id"]
        assert {instance["status"], metal["status"]} == {"active"}
        assert len(call("GET", "/ssh-keys").json()["ssh_keys"]) == 1
        call.close()
    # The one that was up is left alone; the one that was not is made anew.
    assert again.user_data == ["#other"]
    assert again.did == ["remove", "boot"]


def test_an_account_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    file = tmp_path / "vultr.json"
    for junk in ("", "{", "[]", json.dumps({"rentals": []}), json.dumps({"rentals": [1]})):
        file.write_text(junk, encoding="utf-8")
        with pytest.raises(ValueError, match=r"JSON|Expecting|rehearsal account"):
            VultrSimulator(NoMachines(), state_file=file)


def test_the_key_is_in_no_recorded_exchange(call: Caller, cloud: VultrSimulator) -> None:
    call("GET", "/account")
    assert cloud.token not in repr(list(cloud.exchanges))
