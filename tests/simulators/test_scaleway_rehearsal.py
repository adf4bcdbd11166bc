"""The rehearsal Scaleway by itself: as unkind as the real one, and judged by its description."""

import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from capsule_adapters.sandbox.api import Exchange
from capsule_adapters.sandbox.machines import NoMachines
from capsule_adapters.sandbox.scaleway import ScalewaySimulator
from capsule_adapters.sandbox.scaleway.servers import ORGANIZATION
from tests.fakes.clock import FakeClock
from tests.simulators.recording import RecordingMachines
from tests.simulators.scaleway import judge

HERE = "/instance/v1/zones/fr-par-1"
SERVERS = f"{HERE}/servers"
BODY = {"name": "web", "commercial_type": "DEV1-S", "image": "ubuntu_noble"}
LOCAL = {"0": {"volume_type": "l_ssd", "size": 20_000_000_000}}
NOBODY = "00000000-0000-4000-8000-000000000000"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me"


class Caller:
    """A client without any understanding."""

    def __init__(self, cloud: ScalewaySimulator) -> None:
        self._client = httpx.Client(
            base_url=cloud.url, headers={"X-Auth-Token": cloud.token}, trust_env=False
        )

    def __call__(self, method: str, path: str, body: Any = None, text: str = "") -> httpx.Response:
        if text:
            plain = {"Content-Type": "text/plain"}
            return self._client.request(method, path, content=text, headers=plain)
        return self._client.request(method, path, json=body)

    def made(self, **changes: Any) -> str:
        """A new server; its path."""
        answer = self("POST", SERVERS, {**BODY, **changes})
        assert answer.status_code == 201, answer.text
        return f"{SERVERS}/{answer.json()['server']['id']}"

    def act(self, server: str, action: str) -> httpx.Response:
        return self("POST", f"{server}/action", {"action": action})

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def machines() -> RecordingMachines:
    return RecordingMachines()


@pytest.fixture
def cloud(clock: FakeClock, machines: RecordingMachines) -> Iterator[ScalewaySimulator]:
    with ScalewaySimulator(machines, clock=clock) as running:
        yield running


@pytest.fixture
def call(cloud: ScalewaySimulator) -> Iterator[Caller]:
    caller = Caller(cloud)
    yield caller
    caller.close()


def _refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"]


def test_a_new_server_is_off_until_it_is_switched_on(
    call: Caller, clock: FakeClock, machines: RecordingMachines
) -> None:
    server = call.made()
    clock.advance(60)
    shown = call("GET", server).json()["server"]
    assert (shown["state"], shown["public_ips"]) == ("stopped", [])
    assert machines.did == []
    assert call("PATCH", f"{server}/user_data/cloud-init", text="#early").status_code == 204
    assert call.act(server, "poweron").status_code == 202
    assert call("PATCH", f"{server}/user_data/cloud-init", text="#late").status_code == 204
    clock.advance(5)
    shown = call("GET", server).json()["server"]
    assert shown["state"] == "running"
    assert shown["public_ips"][0]["dynamic"] is True
    assert machines.user_data == ["#early"]


def test_an_action_is_a_task_and_nothing_else_is_taken_meanwhile(
    call: Caller, clock: FakeClock, machines: RecordingMachines
) -> None:
    server = call.made()
    assert call.act(server, "poweron").json()["task"]["status"] == "pending"
    for action in ("poweron", "poweroff", "terminate"):
        assert _refusal(call.act(server, action)) == (409, "transient_state")
    clock.advance(5)
    for action, meanwhile, then in (
        ("reboot", "starting", "running"),
        ("stop_in_place", "stopping", "stopped in place"),
        ("poweroff", "stopping", "stopped"),
        ("poweron", "starting", "running"),
    ):
        assert call.act(server, action).status_code == 202
        assert call("GET", server).json()["server"]["state"] == meanwhile
        clock.advance(5)
        assert call("GET", server).json()["server"]["state"] == then
    assert machines.did == ["boot", "off", "on", "off", "off", "on"]


@pytest.mark.parametrize(
    ("state", "action"),
    [("stopped", "poweroff"), ("stopped", "terminate"), ("running", "poweron"), ("running", "x")],
)
def test_what_makes_no_sense_is_refused(
    call: Caller, clock: FakeClock, state: str, action: str
) -> None:
    server = call.made()
    if state == "running":
        call.act(server, "poweron")
        clock.advance(5)
    assert call.act(server, action).status_code == 400


def test_a_deleted_server_leaves_its_volumes_and_a_terminated_one_its_block_volumes(
    call: Caller, cloud: ScalewaySimulator, clock: FakeClock
) -> None:
    for volumes, action, kinds in (
        (LOCAL, "", ["l_ssd"]),
        (None, "", ["sbs_volume"]),
        (LOCAL, "terminate", []),
        (None, "terminate", ["sbs_volume"]),
    ):
        cloud.state.volumes.clear()
        server = call.made(**({"volumes": volumes} if volumes else {}))
        if action:
            call.act(server, "poweron")
            clock.advance(5)
            assert call("DELETE", server).status_code == 400
            call.act(server, action)
            clock.advance(5)
        else:
            assert call("DELETE", server).status_code == 204
        assert call("GET", server).status_code == 404
        assert [volume.kind for volume in cloud.state.volumes.values()] == kinds


def test_a_volume_is_in_use_for_a_while_after_its_server_is_gone(
    call: Caller, cloud: ScalewaySimulator, clock: FakeClock
) -> None:
    server = call.made()
    [volume] = cloud.state.volumes
    block = f"/block/v1/zones/fr-par-1/volumes/{volume}"
    assert _refusal(call("DELETE", block)) == (412, "precondition_failed")
    call("DELETE", server)
    assert _refusal(call("DELETE", block)) == (412, "precondition_failed")
    clock.advance(5)
    # Of another API, or of another zone, it is not.
    assert call("DELETE", f"{HERE}/volumes/{volume}").status_code == 404
    assert call("DELETE", block.replace("fr-par-1", "fr-par-2")).status_code == 404
    assert call("DELETE", block).status_code == 204


@pytest.mark.parametrize(
    ("change", "status", "about"),
    [
        ({"commercial_type": "huge"}, 400, "commercial_type"),
        ({"commercial_type": "H100-1-80G"}, 400, "commercial_type"),
        ({"commercial_type": "START1-S"}, 400, "commercial_type"),
        ({"commercial_type": ["DEV1-S"]}, 400, "commercial_type"),
        ({"name": ""}, 400, "name"),
        ({"name": 5}, 400, "name"),
        ({"image": "templeos"}, 404, "instance_image"),
        ({"image": NOBODY}, 404, "instance_image"),
        ({"image": None}, 404, "instance_image"),
        ({"project": NOBODY}, 404, "project"),
        ({"tags": "web"}, 400, "tags"),
        ({"tags": [5]}, 400, "tags"),
        ({"volumes": []}, 400, "volumes"),
        ({"volumes": {"0": {"size": 20_000_000_512}}}, 400, "volumes"),
        ({"volumes": {"0": {"size": 1_000_000_001}}}, 400, "volumes"),
        ({"volumes": {"0": {"size": 512}}}, 400, "volumes"),
        ({"volumes": {"0": {"volume_type": "b_ssd"}}}, 400, "volumes"),
        ({"commercial_type": "PLAY2-PICO", "volumes": LOCAL}, 404, "instance_image"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_wrong_is_refused_with_what_is_and_nothing_made(
    call: Caller, cloud: ScalewaySimulator, change: dict[str, Any], status: int, about: str
) -> None:
    answer = call("POST", SERVERS, {**BODY, **change})
    assert answer.status_code == status
    told = answer.json()
    assert about in (told.get("resource"), *(d["argument_name"] for d in told.get("details", ())))
    assert (cloud.state.servers, cloud.state.volumes) == ({}, {})


def test_stock_is_told_at_the_power_and_the_quota_at_the_create(
    call: Caller, cloud: ScalewaySimulator
) -> None:
    rare = call.made(commercial_type="PLAY2-PICO")
    assert _refusal(call.act(rare, "poweron")) == (412, "out_of_stock")
    cloud.temper.server_limit = 1
    assert _refusal(call("POST", SERVERS, BODY)) == (403, "quotas_exceeded")


def test_lists_have_their_count_in_a_header_and_end_with_an_empty_page(call: Caller) -> None:
    for number in range(3):
        call.made(name=f"web-{number}", tags=["all", f"t{number}"])
    first = call("GET", f"{SERVERS}?page=1&per_page=2")
    assert (first.headers["X-Total-Count"], len(first.json()["servers"])) == ("3", 2)
    assert '<servers?page=2&per_page=2>; rel="next"' in first.headers["Link"]
    assert call("GET", f"{SERVERS}?page=3&per_page=2").json() == {"servers": []}
    assert len(call("GET", f"{SERVERS}?tags=all,t1").json()["servers"]) == 1
    assert call("GET", f"{SERVERS}?tags=t").json()["servers"] == []
    for junk in ("per_page=0", "page=x", "page=0", f"page={'9' * 30}", "per_page=-1"):
        assert call("GET", f"{SERVERS}?{junk}").status_code == 400
    types = call("GET", f"{HERE}/products/servers?per_page=1&page=2")
    assert list(types.json()["servers"]) == ["DEV1-M"]


def test_a_key_is_kept_once_for_each_project(call: Caller, cloud: ScalewaySimulator) -> None:
    path = "/iam/v1alpha1/ssh-keys"
    body = {"name": "me", "public_key": KEY, "project_id": ORGANIZATION}
    assert call("POST", path, body).status_code == 200
    assert _refusal(call("POST", path, body)) == (409, "already_exists")
    for change in ({"name": ""}, {"public_key": "nonsense"}, {"public_key": "ssh-rsa !!!"}):
        assert call("POST", path, {**body, **change}).status_code == 400
    assert call("POST", path, {**body, "project_id": NOBODY}).status_code == 404
    assert call("GET", f"{path}?project_id={NOBODY}").json() == {"ssh_keys": [], "total_count": 0}


def test_too_many_requests_are_told_in_the_body(clock: FakeClock) -> None:
    with ScalewaySimulator(NoMachines(), clock=clock, requests_per_second=1) as cloud:
        call = Caller(cloud)
        assert call("GET", SERVERS).status_code == 200
        refused = call("GET", SERVERS)
        assert _refusal(refused) == (429, "too_many_requests")
        assert refused.json()["reset_seconds"] == 1
        assert "retry-after" not in refused.headers
        call.close()


def test_the_account_is_there_again_after_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "scaleway.json"
    with ScalewaySimulator(RecordingMachines(), clock=clock, state_file=file) as cloud:
        call = Caller(cloud)
        up, new = call.made(name="up", tags=["tag"]), call.made(name="new")
        for server, text in ((up, "#secret"), (new, "#other")):
            call("PATCH", f"{server}/user_data/cloud-init", text=text)
        call.act(up, "poweron")
        clock.advance(5)
        assert call("GET", up).json()["server"]["state"] == "running"
        call.act(new, "poweron")
        call("POST", f"{HERE}/ips", {"server": up.rpartition("/")[2]})
        call.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "#secret" not in file.read_text(encoding="utf-8")

    again = RecordingMachines()
    with ScalewaySimulator(again, clock=clock, state_file=file) as cloud:
        call = Caller(cloud)
        clock.advance(5)
        shown = {s["name"]: s for s in call("GET", SERVERS).json()["servers"]}
        assert {server["state"] for server in shown.values()} == {"running"}
        assert shown["up"]["tags"] == ["tag"]
        assert [ip["dynamic"] for ip in shown["up"]["public_ips"]] == [False, True]
        assert len(shown["up"]["volumes"]) == 1
        call.close()
    # The one that was up is left alone; the one that was not is made anew.
    assert again.user_data == ["#other"]


def test_an_account_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    file = tmp_path / "scaleway.json"
    for junk in ("", "{", "[]", json.dumps({"servers": []}), json.dumps({"servers": [1]})):
        file.write_text(junk, encoding="utf-8")
        with pytest.raises(ValueError, match=r"JSON|Expecting|rehearsal account"):
            ScalewaySimulator(NoMachines(), state_file=file)


def test_a_machine_that_does_not_boot_leaves_the_server_starting(
    call: Caller, clock: FakeClock, machines: RecordingMachines
) -> None:
    machines.broken = True
    server = call.made()
    call.act(server, "poweron")
    clock.advance(60)
    assert call("GET", server).json()["server"]["state"] == "starting"


def test_the_key_is_in_no_recorded_exchange(call: Caller, cloud: ScalewaySimulator) -> None:
    call("GET", "/account/v3/projects")
    assert cloud.token not in repr(list(cloud.exchanges))


def test_junk_requests_do_not_stop_the_cloud(call: Caller, cloud: ScalewaySimulator) -> None:
    server = call.made()
    for method, path, body, status in (
        ("POST", SERVERS, [1], 400),
        ("POST", SERVERS, "text", 400),
        ("PATCH", server, {"tags": 5}, 400),
        ("PATCH", server, {"name": ""}, 400),
        ("POST", f"{server}/action", [1], 400),
        ("POST", f"{HERE}/ips", {"server": NOBODY}, 404),
        ("POST", f"{HERE}/ips", {"tags": 5}, 400),
        ("DELETE", f"{HERE}/ips/{NOBODY}", None, 404),
        ("GET", f"{server}/user_data/none", None, 404),
        ("GET", f"/iam/v1alpha1/ssh-keys/{NOBODY}", None, 404),
        ("DELETE", f"/iam/v1alpha1/ssh-keys/{NOBODY}", None, 404),
        ("PUT", SERVERS, None, 405),
        ("GET", "/../../etc/passwd", None, 404),
        ("GET", SERVERS.replace("fr-par-1", "par1"), None, 404),
    ):
        assert call(method, path, body).status_code == status, (method, path, body)
    binary = httpx.patch(
        f"{cloud.url}{server}/user_data/cloud-init",
        content=b"\xff\xfe",
        headers={"X-Auth-Token": cloud.token},
        trust_env=False,
    )
    assert binary.status_code == 400
    assert len(cloud.state.servers) == 1


def _judged(
    cloud: ScalewaySimulator, call: Caller, alter: Callable[[Exchange], Exchange] | None = None
) -> None:
    call.made(volumes=LOCAL, project=ORGANIZATION, tags=["a"])
    [exchange] = [e for e in cloud.exchanges if e.request.method == "POST"]
    judge().judge(alter(exchange) if alter else exchange)


def test_the_judge_takes_what_is_described(cloud: ScalewaySimulator, call: Caller) -> None:
    _judged(cloud, call)


@pytest.mark.parametrize(
    "change",
    [
        {"user_data": "#cloud-config"},
        {"volumes": {"0": {"volume_type": "l_ssd", "colour": "red"}}},
        {"volumes": {"0": {"volume_type": "nvme"}}},
        {"volumes": {"1": {"volume_type": "l_ssd"}}},
        {"tags": "a"},
        {"commercial_type": None},
    ],
    ids=str,
)
def test_the_judge_refuses_an_undocumented_request(
    cloud: ScalewaySimulator, call: Caller, change: dict[str, Any]
) -> None:
    def alter(exchange: Exchange) -> Exchange:
        body = json.dumps({**exchange.request.json(), **change}).encode()
        return replace(exchange, request=replace(exchange.request, body=body))

    with pytest.raises(AssertionError, match=r"not a documented request|undocumented"):
        _judged(cloud, call, alter)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "asleep"},
        {"public_ips": [{"id": 5}]},
        {"volumes": {"0": {"size": "large"}}},
        {"image": {"arch": "vax"}},
        {"name": None},
    ],
    ids=str,
)
def test_the_judge_refuses_an_undocumented_answer(
    cloud: ScalewaySimulator, call: Caller, change: dict[str, Any]
) -> None:
    def alter(exchange: Exchange) -> Exchange:
        answered = json.loads(exchange.body)
        answered["server"].update(change)
        return replace(exchange, body=json.dumps(answered).encode())

    with pytest.raises(AssertionError, match="not a documented answer"):
        _judged(cloud, call, alter)


def test_the_judge_refuses_an_error_of_no_known_type(
    cloud: ScalewaySimulator, call: Caller
) -> None:
    call("GET", f"{SERVERS}/{NOBODY}")
    [exchange] = cloud.exchanges
    judge().judge(exchange)
    with pytest.raises(AssertionError, match="not a documented answer"):
        judge().judge(replace(exchange, body=b'{"type":"bad_mood","message":"no"}'))
