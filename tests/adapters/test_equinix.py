"""What is particular to Equinix Metal's devices: what is asked, and how answers are read."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.equinix.wording import PREFIX
from capsule_domain.errors import NotFound, PermissionMissing, ProviderError, ProviderUnavailable
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from tests.simulators.equinix import DEVICES, KEY, KEYS, Rehearsal, rehearsal, rental
from tests.tools import shared_file

ONE = f"{PREFIX}/devices/[0-9a-f-]{{36}}"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def altered(here: Rehearsal, path: str, alter: Callable[[Any], Any], times: int = 99) -> None:
    """From now on such answers are altered."""
    here.simulator.faults.add(faults.altered(alter), method="GET", path=path, times=times)


def changed(**changes: object) -> Callable[[Any], Any]:
    return lambda body: {**body, **changes}


def without(*path: str) -> Callable[[Any], Any]:
    def alter(body: Any) -> Any:
        inner = body
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        return body

    return alter


def test_create_asks_for_exactly_what_was_wanted(here: Rehearsal) -> None:
    here.provider.create(rental())
    [key] = here.simulator.state.keys.values()
    [sent] = here.sent("POST", DEVICES)
    assert sent.query == {"include": "plan,metro,ip_addresses"}
    assert sent.json() == {
        "hostname": "web",
        "metro": "da",
        "plan": "c3.small.x86",
        "operating_system": "ubuntu_24_04",
        "billing_cycle": "hourly",
        "project_ssh_keys": [key.id],
        "tags": ["capsule-1"],
        "userdata": "#cloud-config\n",
    }


def test_user_data_goes_as_it_is_and_none_is_not_sent(here: Rehearsal) -> None:
    here.provider.create(rental(user_data=SecretStr("#cloud-config\n# ä\n")))
    here.provider.create(rental(user_data=SecretStr("")))
    first, second = (request.json() for request in here.sent("POST", DEVICES))
    assert first["userdata"] == "#cloud-config\n# ä\n"
    assert "userdata" not in second


def test_of_all_keys_of_the_project_and_its_members_only_ours_goes_on_a_device(
    here: Rehearsal,
) -> None:
    other = f"ssh-rsa {'AAAAB3NzaC1yc2E'}AAAADAQABAAAAgQ== colleague"
    for path in (f"{PREFIX}/ssh-keys", KEYS):
        _post(here, path, {"label": "colleague", "key": other})
    here.provider.create(rental())
    [device] = here.simulator.state.devices.values()
    assert device.public_keys == [KEY.removesuffix(" me@home")]


def test_a_key_is_found_again_by_its_text_or_its_fingerprint_and_never_sent_twice(
    here: Rehearsal,
) -> None:
    here.provider.create(rental())
    altered(here, KEYS, lambda body: {"ssh_keys": [{**k, "key": ""} for k in body["ssh_keys"]]})
    here.provider.create(rental(name="other"))
    assert len(here.sent("POST", KEYS)) == 1
    assert {request.query.get("page") for request in here.sent("GET", KEYS)} == {None}


def test_lists_ask_for_a_hundred_a_page_and_for_all_that_is_shown(here: Rehearsal) -> None:
    for number in range(3):
        here.provider.create(rental(name=f"web-{number}"))
    here.provider.servers(deployment=DeploymentId("1"))
    first, second, third = here.sent("GET", DEVICES)
    include = {"include": "plan,metro,ip_addresses", "tag": "capsule-1"}
    assert first.query == {"per_page": "100", **include}
    # Only the number is taken from the link: its host may be another one.
    assert second.query == {"per_page": "100", "page": "2", **include}
    assert third.query["page"] == "3"


def test_a_list_cut_short_is_not_believed(here: Rehearsal) -> None:
    for number in range(3):
        here.provider.create(rental(name=f"web-{number}"))
    altered(here, DEVICES, lambda body: {**body, "meta": {**body["meta"], "next": None}})
    with pytest.raises(ProviderUnavailable, match="ended after 1 of 3"):
        here.provider.servers()


def test_a_filter_that_is_ignored_brings_no_foreign_server(here: Rehearsal) -> None:
    here.provider.create(rental())
    altered(
        here,
        DEVICES,
        lambda body: {**body, "devices": [{**d, "tags": ["other"]} for d in body["devices"]]},
    )
    assert here.provider.servers(deployment=DeploymentId("1")) == []


def test_power_is_an_action_that_is_followed_at_the_device(here: Rehearsal) -> None:
    server_id = here.boot()
    here.provider.stop(server_id)
    here.provider.start(server_id)
    here.provider.restart(server_id)
    here.provider.restart(server_id, force=True)
    asked = [request.json() for request in here.sent("POST", f"{ONE}/actions")]
    assert asked == [{"type": type_} for type_ in ("power_off", "power_on", "reboot", "reboot")]
    assert here.provider.server(server_id).status is ServerStatus.RUNNING


def test_a_restart_that_no_word_tells_of_ends_nevertheless(here: Rehearsal) -> None:
    server_id = here.boot()
    here.clock.slept.clear()
    here.provider.restart(server_id)
    assert 15 <= sum(here.clock.slept) < 25


def test_a_device_that_is_still_made_is_asked_again_to_stop(here: Rehearsal) -> None:
    here.simulator.temper.boot_seconds = 8.0
    server_id = here.provider.create(rental()).server_id
    here.provider.stop(server_id)
    assert here.provider.server(server_id).status is ServerStatus.STOPPED
    assert len(here.sent("POST", f"{ONE}/actions")) > 1


def test_ending_forces_what_is_attached_to_go(here: Rehearsal) -> None:
    here.simulator.temper.volume_attached = True
    server_id = here.boot()
    here.provider.destroy(server_id)
    [sent] = here.sent("DELETE")
    assert (sent.path, sent.query) == (f"{PREFIX}/devices/{server_id}", {"force_delete": "true"})


def test_a_locked_device_is_not_ended_and_the_hint_says_what_to_do(here: Rehearsal) -> None:
    server_id = here.boot()
    here.simulator.state.devices[server_id].locked = True
    with pytest.raises(ProviderError, match="locked") as caught:
        here.provider.destroy(server_id)
    assert caught.value.hint == "unlock the device at Equinix Metal, then again"
    assert server_id in here.simulator.state.devices


def test_a_device_whose_end_was_taken_is_gone_while_it_is_still_shown(here: Rehearsal) -> None:
    here.simulator.temper.deprovision_seconds = 60.0
    server_id = here.boot()
    here.provider.destroy(server_id)
    assert here.provider.server(server_id).status is ServerStatus.GONE
    assert here.provider.servers() == []
    here.provider.destroy(server_id)
    here.clock.advance(60)
    here.provider.account()
    with pytest.raises(NotFound):
        here.provider.server(server_id)


def test_a_device_that_could_not_be_made_is_taken_away_and_gone(here: Rehearsal) -> None:
    server_id = here.provider.create(rental()).server_id
    here.simulator.temper.provisioning_fails = True
    here.clock.advance(5)
    with pytest.raises(NotFound, match=server_id):
        here.provider.server(server_id)
    here.provider.destroy(server_id)


def test_a_403_about_a_device_that_is_listed_is_a_missing_right(here: Rehearsal) -> None:
    server_id = here.boot()
    here.simulator.faults.add(faults.status(403), path=ONE, times=9)
    for call in (here.provider.server, here.provider.destroy):
        with pytest.raises(PermissionMissing):
            call(server_id)


def test_a_403_is_no_end_for_a_key_that_may_not_look_at_the_list_either(here: Rehearsal) -> None:
    server_id = here.boot()
    here.simulator.faults.add(faults.status(403), path=f"{ONE}|{DEVICES}", times=9)
    with pytest.raises(PermissionMissing):
        here.provider.destroy(server_id)
    assert server_id in here.simulator.state.devices


def test_tags_are_put_whole_at_the_device(here: Rehearsal) -> None:
    server_id = here.boot()
    here.provider.set_tags(server_id, ["capsule-1", "blue"])
    [sent] = here.sent("PUT")
    assert (sent.path, sent.json()) == (
        f"{PREFIX}/devices/{server_id}",
        {"tags": ["capsule-1", "blue"]},
    )


def test_a_device_has_the_price_of_its_metro(here: Rehearsal) -> None:
    usual = here.boot(slug="c3.medium.x86")
    dear = here.boot(name="dear", slug="c3.medium.x86", region="sg")
    prices = {s.server_id: s.price_per_hour for s in here.provider.servers()}
    assert prices == {usual: Money.of("1.1"), dear: Money.of("1.32")}


def _address(address: str, *, family: int = 4, public: bool = True, own: bool = True) -> Any:
    return {"address": address, "address_family": family, "public": public, "management": own}


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ([], None),
        ([_address("10.1.2.3", public=False)], None),
        ([_address("10.1.2.3", public=False), _address("203.0.113.9")], "203.0.113.9"),
        ([_address("2001:db8::1", family=6), _address("203.0.113.9")], "203.0.113.9"),
        ([_address("2001:db8::1", family=6)], "2001:db8::1"),
        # An elastic address that was lent to it.
        ([_address("198.51.100.7", own=False), _address("203.0.113.9")], "203.0.113.9"),
    ],
)
def test_the_address_is_its_own_public_one(
    here: Rehearsal, addresses: list[Any], expected: str | None
) -> None:
    server_id = here.boot()
    altered(here, ONE, changed(ip_addresses=addresses))
    assert here.provider.server(server_id).address == expected


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", ServerStatus.PENDING),
        ("provisioning", ServerStatus.PENDING),
        ("active", ServerStatus.RUNNING),
        ("inactive", ServerStatus.STOPPED),
        ("powering_on", ServerStatus.PENDING),
        ("powering_off", ServerStatus.PENDING),
        ("reinstalling", ServerStatus.PENDING),
        ("deprovisioning", ServerStatus.GONE),
        ("deleted", ServerStatus.GONE),
        ("failed", ServerStatus.UNKNOWN),
        ("hibernating", ServerStatus.UNKNOWN),
        ("", ServerStatus.UNKNOWN),
    ],
)
def test_each_state_is_ours_or_unknown(here: Rehearsal, word: str, status: ServerStatus) -> None:
    server_id = here.boot()
    altered(here, ONE, changed(state=word, a_field_of_tomorrow={"x": [1]}))
    assert here.provider.server(server_id).status is status


def test_every_state_of_the_description_is_in_the_table_above() -> None:
    text = shared_file("specs/equinix.openapi.json").read_text(encoding="utf-8")
    device = json.loads(text)["components"]["schemas"]["Device"]["properties"]
    [mark] = [
        mark
        for mark in test_each_state_is_ours_or_unknown.pytestmark  # type: ignore[attr-defined]
        if mark.name == "parametrize"
    ]
    assert set(device["state"]["enum"]) <= {word for word, _status in mark.args[1]}


@pytest.mark.parametrize(
    ("alter", "lacking"),
    [
        (without("id"), "lacks id"),
        (without("hostname"), "lacks hostname"),
        (without("state"), "lacks state"),
        (without("plan"), "lacks plan"),
        (without("metro", "code"), "lacks metro.code"),
        (changed(plan={"href": "/metal/v1/plans/1"}), "lacks plan.slug"),
        (lambda _: [], "body cannot be read"),
    ],
)
def test_a_missing_field_is_named(
    here: Rehearsal, alter: Callable[[Any], Any], lacking: str
) -> None:
    server_id = here.boot()
    altered(here, ONE, alter)
    with pytest.raises(ProviderError, match=re.escape(lacking)) as caught:
        here.provider.server(server_id)
    assert not isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize("field", ["id", "plan", "state"])
def test_a_field_missing_after_a_create_is_a_lost_answer(here: Rehearsal, field: str) -> None:
    here.simulator.faults.add(faults.altered(without(field)), method="POST", path=DEVICES)
    with pytest.raises(ProviderUnavailable, match="not understood") as caught:
        here.provider.create(rental())
    assert caught.value.sent
    assert len(here.simulator.state.devices) == 1


@pytest.mark.parametrize(
    "junk",
    ["", "?include=x", "1", "../projects", "6A1BD5B8-6A3C-4A52-A4A8-4A6D7C1F0E11", "a/actions"],
)
def test_nothing_but_a_uuid_gets_into_a_path(here: Rehearsal, junk: str) -> None:
    with pytest.raises(NotFound):
        here.provider.destroy(junk)
    assert here.sent("DELETE") == []


def _post(here: Rehearsal, path: str, body: object) -> None:
    """As a colleague would, past our adapter and past its judge."""
    url = here.simulator.url + path
    headers = {"x-auth-token": here.simulator.token}
    httpx.post(url, json=body, headers=headers, trust_env=False).raise_for_status()
    here.simulator.exchanges.pop()
