"""The rehearsal Linode: as unkind as the real one, and still there after a restart."""

import base64
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.linode import LinodeSimulator
from capsule_adapters.sandbox.linode.simulator import Limits
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.recording import RecordingMachines

BODY = {
    "label": "web",
    "region": "us-ord",
    "type": "g6-nanode-1",
    "image": "linode/ubuntu24.04",
    "root_pass": "correct-Horse-7-staple",
}
LINODES = "/linode/instances"


class Caller:
    """A client without manners."""

    def __init__(self, cloud: LinodeSimulator) -> None:
        self._cloud = cloud
        self._http = httpx.Client(base_url=cloud.url, trust_env=False, timeout=60.0)

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        token: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token != "":
            sent["authorization"] = f"Bearer {token or self._cloud.token}"
        return self._http.request(method, f"/v4{path}", json=body, headers=sent)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def machines() -> RecordingMachines:
    return RecordingMachines()


@pytest.fixture
def cloud(clock: FakeClock, machines: RecordingMachines) -> Iterator[LinodeSimulator]:
    with LinodeSimulator(machines, clock=clock) as running:
        yield running


@pytest.fixture
def call(cloud: LinodeSimulator) -> Iterator[Caller]:
    caller = Caller(cloud)
    yield caller
    caller.close()


def _error(response: httpx.Response) -> tuple[str, str]:
    [error] = response.json()["errors"]
    return error["reason"], error.get("field", "")


def test_what_is_public_needs_no_token_but_no_wrong_one_either(call: Caller) -> None:
    for path in ("/regions", "/linode/types", "/regions/availability", "/images"):
        assert call("GET", path, token="").status_code == 200
        assert call("GET", path, token="wrong").status_code == 401
    for path in ("/profile", LINODES):
        assert _error(call("GET", path, token="")) == ("Invalid Token", "")


def test_scopes_are_kept_apart(call: Caller, cloud: LinodeSimulator) -> None:
    cloud.temper.scopes = frozenset({"linodes:read_only"})
    assert call("GET", LINODES).status_code == 200
    assert call("GET", "/profile").status_code == 200
    for method, path in (("POST", LINODES), ("GET", "/profile/sshkeys")):
        refused = call(method, path, BODY)
        assert refused.status_code == 401
        assert "not authorized to use this endpoint" in _error(refused)[0]


def test_each_kind_of_request_has_a_limit_of_its_own(clock: FakeClock) -> None:
    limits = Limits(usual_per_minute=3, lists_per_minute=1, creates_per_15_seconds=1)
    with LinodeSimulator(NoMachines(), clock=clock, limits=limits) as cloud:
        call = Caller(cloud)
        assert [call("GET", "/profile").status_code for _ in range(4)] == [200, 200, 200, 429]
        first, second = call("GET", "/regions"), call("GET", "/linode/types")
        assert first.headers["x-ratelimit-remaining"] == "0"
        assert first.headers["x-ratelimit-limit"] == "1"
        assert (second.status_code, second.headers["retry-after"]) == (429, "60")
        assert call("POST", LINODES, BODY).status_code == 200
        refused = call("POST", LINODES, BODY)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "15")
        clock.advance(60)
        assert call("GET", "/regions").status_code == 200
        call.close()


def test_a_linode_has_its_public_address_at_once_and_a_private_one_after_it(call: Caller) -> None:
    linode = call("POST", LINODES, {**BODY, "private_ip": True}).json()
    public, private = linode["ipv4"]
    assert public.startswith("127.77.")
    assert private.startswith("192.168.")
    assert linode["created"] == "2026-11-23T12:00:00"


def test_a_machine_that_fails_leaves_its_linode_without_an_address(
    call: Caller, machines: RecordingMachines, clock: FakeClock
) -> None:
    machines.broken = True
    linode = call("POST", LINODES, BODY).json()
    assert linode["ipv4"] == []
    clock.advance(3600)
    assert call("GET", f"{LINODES}/{linode['id']}").json()["status"] == "booting"


def test_power_goes_to_the_machine_in_order(
    call: Caller, machines: RecordingMachines, clock: FakeClock
) -> None:
    linode = f"{LINODES}/{call('POST', LINODES, BODY).json()['id']}"
    for job in ("shutdown", "boot", "reboot"):
        clock.advance(5)
        call("GET", linode)
        clock.advance(5)
        response = call("POST", f"{linode}/{job}")
        assert (response.status_code, response.json()) == (200, {})
    clock.advance(5)
    assert call("DELETE", linode).json() == {}
    call("GET", "/profile")
    assert machines.did[:5] == ["boot", "off", "on", "off", "on"]


def test_a_linode_is_busy_from_a_job_until_a_while_after_it(call: Caller, clock: FakeClock) -> None:
    linode = f"{LINODES}/{call('POST', LINODES, BODY).json()['id']}"
    busy = ("Linode busy.", "")
    assert _error(call("POST", f"{linode}/reboot")) == busy
    clock.advance(5)
    assert call("POST", f"{linode}/shutdown").status_code == 200
    assert call("GET", linode).json()["status"] == "running"
    assert _error(call("POST", f"{linode}/shutdown")) == busy
    clock.advance(5)
    assert call("GET", linode).json()["status"] == "offline"
    assert _error(call("POST", f"{linode}/boot")) == busy
    clock.advance(1)
    assert _error(call("POST", f"{linode}/shutdown"))[0] == "Linode is offline; it cannot shutdown."
    assert call("POST", f"{linode}/boot").status_code == 200


def _coded(text: str) -> dict[str, str]:
    return {"user_data": base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"type": "huge"}, "plan type", "type"),
        ({"region": "mars"}, "region", "region"),
        ({"image": "linode/templeos"}, "image", "image"),
        ({"image": None}, "image", "image"),
        ({"root_pass": None}, "required", "root_pass"),
        ({"root_pass": "x" * 129}, "7 to 128", "root_pass"),
        ({"root_pass": "password"}, "strength", "root_pass"),
        ({"authorized_keys": ["nonsense"]}, "SSH Key 1", "authorized_keys"),
        ({"authorized_keys": "all"}, "array", "authorized_keys"),
        ({"label": "ab"}, "3-64", "label"),
        ({"label": "a--b"}, "Must begin", "label"),
        ({"label": "web-"}, "Must begin", "label"),
        ({"label": "taken"}, "unique", "label"),
        ({"tags": ["ab"]}, "3-50", "tags"),
        ({"tags": ["x" * 51]}, "3-50", "tags"),
        ({"tags": "web"}, "array", "tags"),
        ({"metadata": {"user_data": "not base64!"}}, "base64", "metadata.user_data"),
        ({"metadata": _coded("x" * 16_385)}, "16384", "metadata.user_data"),
        (
            {"metadata": _coded("x"), "image": "linode/slackware15.0"},
            "cloud-init",
            "metadata.user_data",
        ),
        (
            {"metadata": _coded("x"), "region": "us-den-edge-1"},
            "Metadata",
            "metadata.user_data",
        ),
        ({"type": "g7-premium-2"}, "no availability", ""),
        ({"type": "g1-gpu-rtx6000-1", "region": "eu-west"}, "no availability", ""),
        ({"type": "g6-nanode-edge-1"}, "no availability", ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_refused_with_its_field_and_nothing_made(
    call: Caller, cloud: LinodeSimulator, change: dict[str, Any], reason: str, field: str
) -> None:
    call("POST", LINODES, {**BODY, "label": "taken"})
    response = call("POST", LINODES, {**BODY, **change})
    assert response.status_code == 400
    told, about = _error(response)
    assert reason in told
    assert about == field
    assert len(cloud.state.linodes) == 1


def test_the_account_has_a_limit(call: Caller, cloud: LinodeSimulator) -> None:
    cloud.temper.linode_limit = 0
    assert "Account Limit reached" in _error(call("POST", LINODES, BODY))[0]


def test_filters_are_json_in_a_header_and_nowhere_else(call: Caller) -> None:
    call("POST", LINODES, {**BODY, "tags": ["one", "two"]})
    call("POST", LINODES, {**BODY, "label": "other", "tags": ["two"]})

    def labels(path: str, wanted: object) -> list[str]:
        found = call("GET", path, x_filter=json.dumps(wanted)).json()["data"]
        return [linode["label"] for linode in found]

    assert labels(LINODES, {"tags": "one"}) == ["web"]
    assert labels(LINODES, {"tags": "two", "label": "other"}) == ["other"]
    assert labels(LINODES, {"+or": [{"label": "web"}, {"tags": "two"}]}) == ["web", "other"]
    assert labels(LINODES, {"tags": "t"}) == []
    # In the query it is ignored: the whole account comes.
    assert labels(f"{LINODES}?tags=one", {}) == ["web", "other"]
    for junk in ("{", "[]", '{"colour": "red"}'):
        assert call("GET", LINODES, x_filter=junk).status_code == 400


def test_pages_have_a_size_of_25_to_500_and_an_end(call: Caller) -> None:
    body = call("GET", "/regions?page=1&page_size=25").json()
    assert (body["page"], body["pages"], body["results"]) == (1, 1, 7)
    for size in ("24", "501", "x", "-1", "9" * 30):
        refused = call("GET", f"/regions?page_size={size}")
        assert refused.status_code == 400
        assert _error(refused)[1] == "page_size"
    assert call("GET", "/regions?page=2").status_code == 404


def test_tags_and_label_can_be_changed_later(call: Caller, cloud: LinodeSimulator) -> None:
    linode = f"{LINODES}/{call('POST', LINODES, BODY).json()['id']}"
    assert call("PUT", linode, {"tags": ["later"]}).json()["tags"] == ["later"]
    assert call("PUT", linode, {"label": "web"}).json()["tags"] == ["later"]
    assert _error(call("PUT", linode, {"label": "x", "tags": ["other"]}))[1] == "label"
    assert call("GET", linode).json()["tags"] == ["later"]
    cloud.temper.restricted = True
    assert call("PUT", linode, {"tags": ["not mine"]}).status_code == 403


def test_a_lost_answer_was_acted_upon(call: Caller, cloud: LinodeSimulator) -> None:
    cloud.faults.add(faults.lost_answer(), method="POST")
    with pytest.raises(httpx.TransportError):
        call("POST", LINODES, BODY)
    assert len(cloud.state.linodes) == 1
    assert "unique" in _error(call("POST", LINODES, BODY))[0]


def test_the_account_is_there_again_after_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "linode.json"
    machines = RecordingMachines()
    with LinodeSimulator(machines, clock=clock, state_file=file) as cloud:
        call = Caller(cloud)
        up = call("POST", LINODES, {**BODY, "metadata": _coded("#secret"), "tags": ["tag"]}).json()
        clock.advance(5)
        assert call("GET", f"{LINODES}/{up['id']}").json()["status"] == "running"
        metadata = _coded("#other")
        new = call("POST", LINODES, {**BODY, "label": "new", "metadata": metadata}).json()
        call.close()
    text = file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "#secret" not in text
    assert BODY["root_pass"] not in text

    again = RecordingMachines()
    with LinodeSimulator(again, clock=clock, state_file=file) as cloud:
        call = Caller(cloud)
        clock.advance(5)
        linodes = {n["id"]: n for n in call("GET", LINODES).json()["data"]}
        assert linodes.keys() == {up["id"], new["id"]}
        assert {n["status"] for n in linodes.values()} == {"running"}
        assert linodes[up["id"]]["tags"] == ["tag"]
        assert linodes[up["id"]]["has_user_data"]
        third = call("POST", LINODES, {**BODY, "label": "third"}).json()
        assert third["id"] not in linodes
        call.close()
    # The one that was up is left alone; the one that was not is made anew.
    assert again.user_data == ["#other", ""]
    assert again.did[:2] == ["remove", "boot"]


def test_an_account_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    file = tmp_path / "linode.json"
    for junk in ("", "{", "[]", json.dumps({"linodes": []}), json.dumps({"linodes": [1]})):
        file.write_text(junk, encoding="utf-8")
        with pytest.raises(ValueError, match=r"JSON|Expecting|rehearsal account"):
            LinodeSimulator(NoMachines(), state_file=file)


def test_the_key_is_in_no_recorded_exchange(call: Caller, cloud: LinodeSimulator) -> None:
    call("GET", "/profile")
    assert cloud.token not in repr(list(cloud.exchanges))


def test_junk_requests_do_not_stop_the_cloud(call: Caller, cloud: LinodeSimulator) -> None:
    for method, path, body in (
        ("POST", LINODES, [1]),
        ("POST", LINODES, "text"),
        ("POST", LINODES, {**BODY, "label": {"a": 1}}),
        ("POST", LINODES, {**BODY, "label": 5, "type": ["g6-nanode-1"]}),
        ("POST", LINODES, {**BODY, "image": ["x"]}),
        ("POST", LINODES, {**BODY, "metadata": "x"}),
        ("POST", LINODES, {**BODY, "metadata": {"user_data": 5}}),
        ("POST", LINODES, {**BODY, "tags": [5]}),
        ("POST", "/profile/sshkeys", None),
        ("POST", "/profile/sshkeys", {"label": "x", "ssh_key": "ssh-rsa !!!"}),
        ("GET", "/regions?page=x", None),
    ):
        assert call(method, path, body).status_code == 400, (method, path, body)
    assert call("PATCH", LINODES).status_code == 405
    assert call("GET", "/../../etc/passwd").status_code == 404
    assert call("GET", f"{LINODES}/404404").status_code == 404
    assert cloud.state.linodes == {}
