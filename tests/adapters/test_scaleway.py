"""What is particular to Scaleway, over its rehearsal: zones, states, power, the end of a server."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from capsule_adapters.rest.refusals import Busy
from capsule_adapters.sandbox import faults
from capsule_domain.errors import NotFound, ProviderError, ProviderUnavailable
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.server import ServerRequest, ServerStatus
from tests.simulators.scaleway import SERVERS, Rehearsal, rehearsal
from tests.simulators.scaleway_calls import (
    STOCK,
    TYPES,
    altered,
    bare,
    booted,
    changes,
    on_block,
    path,
    rental,
    server_with,
    verbs,
)
from tests.tools import shared_file

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal(page_size=100) as made:
        yield made


def _reserve_ip(here: Rehearsal, server_id: str) -> str:
    """An address that stays, given to a server by somebody; where it can be deleted."""
    zone = server_id.partition(":")[0]
    where = f"/instance/v1/zones/{zone}/ips"
    answer = httpx.post(
        here.simulator.url + where,
        json={"server": bare(server_id), "type": "routed_ipv4"},
        headers={"X-Auth-Token": here.simulator.token},
        trust_env=False,
    )
    assert answer.status_code == 201
    return f"{where}/{answer.json()['ip']['id']}"


def test_regions_are_zones_and_nobody_is_asked_for_them(here: Rehearsal) -> None:
    regions = here.provider.regions()
    assert len(regions) == 10
    assert (regions[0].region, regions[0].name, regions[0].country) == ("fr-par-1", "Paris 1", "FR")
    assert len(here.simulator.exchanges) == 0


def test_the_zones_are_those_of_the_description(here: Rehearsal) -> None:
    text = shared_file("specs/scaleway.openapi.json").read_text(encoding="utf-8")
    operation = json.loads(text)["paths"]["/instance/v1/zones/{zone}/servers"]["get"]
    [zone] = [p for p in operation["parameters"] if p["name"] == "zone"]
    assert [r.region for r in here.provider.regions()] == zone["schema"]["enum"]


def test_servers_of_all_zones_are_listed_and_found_by_their_zone(here: Rehearsal) -> None:
    regions = ("fr-par-1", "nl-ams-2", "pl-waw-1")
    ids = {r: here.provider.create(rental(name=r, region=r)).server_id for r in regions}
    servers = {s.server_id: s.region for s in here.provider.servers()}
    assert servers == {server_id: region for region, server_id in ids.items()}
    assert all(server_id.startswith(f"{region}:") for region, server_id in ids.items())
    # The same id in another zone is nobody.
    with pytest.raises(NotFound):
        here.provider.server(ids["fr-par-1"].replace("fr-par-1", "nl-ams-2"))


def test_a_zone_that_does_not_answer_fails_the_whole_list(here: Rehearsal) -> None:
    here.provider.create(rental())
    silent = "/instance/v1/zones/it-mil-1/servers"
    here.simulator.faults.add(faults.status(503), path=silent, times=9)
    with pytest.raises(ProviderUnavailable):
        here.provider.servers()


def test_a_deployment_is_asked_for_by_its_tag(here: Rehearsal) -> None:
    here.provider.create(rental())
    here.provider.create(rental(name="other", tags=("capsule-11",)))
    here.simulator.exchanges.clear()
    [found] = here.provider.servers(deployment=DeploymentId("1"))
    assert found.name == "web"
    lists = [e.request for e in here.simulator.exchanges if e.request.path.endswith("/servers")]
    asked = [r.query["tags"] for r in lists if "products" not in r.path]
    assert asked == ["capsule-1"] * 10


def test_a_filter_that_is_ignored_brings_no_foreign_server(here: Rehearsal) -> None:
    here.provider.create(rental())

    def retag(body: Any) -> Any:
        for server in body["servers"]:
            server["tags"] = ["other"]
        return body

    altered(here, SERVERS, retag)
    assert here.provider.servers(deployment=DeploymentId("1")) == []


def test_pages_are_as_large_as_the_cloud_allows_and_their_count_is_in_a_header(
    here: Rehearsal,
) -> None:
    for number in range(3):
        here.provider.create(rental(name=f"web-{number}"))
    here.simulator.exchanges.clear()
    assert len(here.provider.servers()) == 3
    lists = [e for e in here.simulator.exchanges if e.request.path == SERVERS]
    assert [e.request.query["per_page"] for e in lists] == ["100"]
    assert lists[0].headers["X-Total-Count"] == "3"


def test_a_list_cut_short_is_not_believed(here: Rehearsal) -> None:
    for number in range(2):
        here.provider.create(rental(name=f"web-{number}", region="nl-ams-2"))
    here.simulator.temper.most_per_page = 1
    with pytest.raises(ProviderUnavailable, match="ended after 1 of 2"):
        here.provider.servers()


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("running", ServerStatus.RUNNING),
        ("stopped", ServerStatus.STOPPED),
        ("starting", ServerStatus.PENDING),
        ("stopping", ServerStatus.PENDING),
        ("stopped in place", ServerStatus.UNKNOWN),
        ("locked", ServerStatus.UNKNOWN),
        ("hibernating", ServerStatus.UNKNOWN),
        ("", ServerStatus.UNKNOWN),
    ],
)
def test_each_state_is_ours_or_unknown(here: Rehearsal, word: str, status: ServerStatus) -> None:
    server_id = here.provider.create(rental()).server_id
    altered(here, path(server_id), server_with(state=word, a_field_of_tomorrow={"x": [1]}))
    assert here.provider.server(server_id).status is status


def test_what_is_stopped_in_place_is_never_taken_for_stopped(here: Rehearsal) -> None:
    """It is billed as if it ran, and `bills_when_stopped` is False."""
    server_id = booted(here)
    httpx.post(
        f"{here.simulator.url}{path(server_id)}/action",
        json={"action": "stop_in_place"},
        headers={"X-Auth-Token": here.simulator.token},
        trust_env=False,
    )
    here.clock.advance(5)
    assert here.provider.server(server_id).status is ServerStatus.UNKNOWN
    here.provider.stop(server_id)
    assert verbs(here)[-1] == "POST poweroff"
    assert here.provider.server(server_id).status is ServerStatus.STOPPED


def test_a_stop_gives_up_the_place_and_the_volumes_are_told_to_bill_on(here: Rehearsal) -> None:
    server_id = booted(here)
    here.provider.stop(server_id)
    here.provider.stop(server_id)
    here.provider.start(server_id)
    here.provider.restart(server_id)
    here.provider.restart(server_id, force=True)
    assert verbs(here)[4:] == ["POST poweroff", "POST poweron", "POST reboot", "POST reboot"]
    can = here.provider.capabilities
    assert (can.bills_when_stopped, can.stopped_costs) == (False, "volumes and IP address")


def test_a_stop_while_it_is_starting_waits_its_turn(here: Rehearsal) -> None:
    here.simulator.temper.boot_seconds = 30.0
    server_id = here.provider.create(rental()).server_id
    here.provider.stop(server_id)
    assert here.provider.server(server_id).status is ServerStatus.STOPPED
    assert verbs(here)[-2:] == ["POST poweron", "POST poweroff"]
    here.simulator.temper.power_seconds = 10_000.0
    with pytest.raises(ProviderUnavailable, match="not running after 300 s"):
        here.provider.start(server_id)
    with pytest.raises(Busy, match="is starting or stopping"):
        here.provider.stop(server_id)


def test_an_action_may_be_answered_with_200_as_its_description_says(here: Rehearsal) -> None:
    server_id = booted(here)
    answered = faults.Fault(faults.Trouble.BODY, status=200, body=b'{"task": {"id": "1"}}')
    here.simulator.faults.add(answered, method="POST", path=".*/action")
    here.provider.stop(server_id)
    assert here.provider.server(server_id).status is ServerStatus.STOPPED


@pytest.mark.parametrize(
    ("ips", "address"),
    [
        ([], None),
        (["203.0.113.9"], "203.0.113.9"),
        (["2001:db8::1", "203.0.113.9"], "203.0.113.9"),
        (["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_the_address_is_a_public_one_ipv4_first(
    here: Rehearsal, ips: list[str], address: str | None
) -> None:
    server_id = here.provider.create(rental()).server_id
    shown = [{"id": NOBODY, "address": ip, "dynamic": False} for ip in ips]
    altered(here, path(server_id), server_with(public_ips=shown))
    assert here.provider.server(server_id).address == address


def test_times_have_their_zone(here: Rehearsal) -> None:
    server_id = here.provider.create(rental()).server_id
    created = "2026-08-06T15:15:10.123456Z"
    altered(here, path(server_id), server_with(creation_date=created))
    told = here.provider.server(server_id).created_at
    assert told == datetime(2026, 8, 6, 15, 15, 10, 123456, tzinfo=UTC)


@pytest.mark.parametrize("wanted", [rental(), on_block()], ids=["local disk", "block volume"])
@pytest.mark.parametrize("state", ["starting", "running", "stopped", "stopped in place"])
def test_an_end_leaves_neither_server_nor_volume_nor_address(
    here: Rehearsal, wanted: ServerRequest, state: str
) -> None:
    server_id = here.provider.create(wanted).server_id
    _reserve_ip(here, server_id)
    if state != "starting":
        here.clock.advance(5)
        here.provider.servers()
    if state == "stopped":
        here.provider.stop(server_id)
    here.simulator.state.servers[bare(server_id)].state = state
    here.provider.destroy(server_id)
    done = dict.fromkeys(verbs(here))
    assert ("DELETE servers" in done) == (state == "stopped")
    assert ("POST terminate" in done) == (state != "stopped")
    remains = here.simulator.state
    assert (remains.servers, remains.volumes, remains.ips) == ({}, {}, {})


def test_block_volumes_are_deleted_at_their_own_api_when_they_have_come_loose(
    here: Rehearsal,
) -> None:
    here.simulator.temper.loose_seconds = 40.0
    server_id = booted(here, on_block())
    [volume] = here.simulator.state.volumes
    here.provider.destroy(server_id)
    deleted = [r.path for r in changes(here) if r.method == "DELETE"]
    assert set(deleted) == {f"/block/v1/zones/fr-par-1/volumes/{volume}"}
    assert len(deleted) > 5
    assert sum(here.clock.slept) >= 40


def test_what_cannot_be_deleted_after_the_server_is_named_since_it_bills(here: Rehearsal) -> None:
    server_id = booted(here, on_block())
    [volume] = here.simulator.state.volumes
    address = _reserve_ip(here, server_id)
    refused = faults.status(403)
    here.simulator.faults.add(refused, method="DELETE", path="/block/.*", times=99)
    with pytest.raises(ProviderError, match=f"is ended, .* billed: volume {volume}$|\\(request"):
        here.provider.destroy(server_id)
    assert here.simulator.state.servers == {}
    # The rest was tried nevertheless.
    assert here.simulator.count("DELETE", address) == 1
    assert here.simulator.state.ips == {}


def test_a_dynamic_address_goes_by_itself(here: Rehearsal) -> None:
    server_id = booted(here)
    assert here.provider.server(server_id).address is not None
    here.provider.stop(server_id)
    assert here.provider.server(server_id).address is None
    here.provider.destroy(server_id)
    assert not any("ips" in request.path for request in changes(here))


def test_a_lost_answer_to_the_end_still_takes_the_volumes_away(here: Rehearsal) -> None:
    server_id = booted(here, on_block())
    here.simulator.faults.add(faults.lost_answer(), method="POST", path=".*/action")
    here.provider.destroy(server_id)
    assert here.simulator.state.volumes == {}
    here.provider.destroy(server_id)


def test_a_locked_server_is_told_and_not_taken_for_gone(here: Rehearsal) -> None:
    server_id = booted(here)
    assert here.provider.server(server_id).status is ServerStatus.RUNNING
    here.simulator.state.servers[bare(server_id)].state = "locked"
    with pytest.raises(ProviderError, match="resource is locked") as caught:
        here.provider.destroy(server_id)
    assert caught.value.hint == "Scaleway has locked it: ask its support"
    assert here.provider.server(server_id).status is ServerStatus.UNKNOWN


def test_a_server_that_does_not_end_is_not_waited_for_for_ever(here: Rehearsal) -> None:
    server_id = booted(here)
    here.simulator.temper.power_seconds = 100_000.0
    with pytest.raises(Busy, match="does not end"):
        here.provider.destroy(server_id)
    assert 300 <= sum(here.clock.slept) <= 310
    assert len(here.simulator.state.volumes) == 1


@pytest.mark.parametrize(
    "junk",
    ["", ":", "fr-par-1", f"{NOBODY}", f"mars-1:{NOBODY}", "fr-par-1:1", f"fr-par-1:{NOBODY}/x"],
)
def test_nothing_but_a_zone_and_an_id_gets_into_a_path(here: Rehearsal, junk: str) -> None:
    for call in (here.provider.server, here.provider.start, here.provider.stop):
        with pytest.raises(NotFound):
            call(junk)
    with pytest.raises(NotFound):
        here.provider.set_tags(junk, ("web",))
    assert len(here.simulator.exchanges) == 0


def test_an_answer_without_a_body_may_say_that_nothing_is_there(here: Rehearsal) -> None:
    server_id = here.provider.create(rental()).server_id
    empty = faults.Fault(faults.Trouble.BODY, status=404)
    here.simulator.faults.add(empty, method="GET", path=path(server_id))
    with pytest.raises(NotFound, match=bare(server_id)):
        here.provider.server(server_id)


def test_tags_are_patched_all_at_once(here: Rehearsal) -> None:
    server_id = here.provider.create(rental()).server_id
    here.provider.set_tags(server_id, ("one", "two"))
    assert changes(here)[-1].json() == {"tags": ["one", "two"]}
    assert here.provider.server(server_id).tags == ("one", "two")


@pytest.mark.parametrize("tag", ["a,b", "AUTHORIZED_KEY=ssh-rsa_AAAA", "a b", "x" * 129, "", "ä"])
def test_a_tag_that_could_mean_something_else_is_never_sent(here: Rehearsal, tag: str) -> None:
    with pytest.raises(ProviderError, match="a tag must match"):
        here.provider.create(rental(tags=(tag,)))
    assert len(here.simulator.exchanges) == 0


def _without(*where: str) -> Callable[[Any], Any]:
    def alter(body: Any) -> Any:
        inner = body
        for key in where[:-1]:
            inner = inner[key] if isinstance(inner, dict) else inner[0]
        del inner[where[-1]]
        return body

    return alter


@pytest.mark.parametrize(
    ("where", "alter", "lacking"),
    [
        (TYPES, _without("servers"), "lacks the list servers"),
        (TYPES, _without("servers", "DEV1-S", "ncpus"), "lacks servers.ncpus"),
        (TYPES, _without("servers", "DEV1-S", "hourly_price"), "lacks servers.hourly_price"),
        (
            TYPES,
            lambda body: {"servers": dict.fromkeys(body["servers"], 5)},
            "servers cannot be read",
        ),
        (TYPES, lambda body: {**body, "servers": []}, "lacks the list servers"),
        (STOCK, _without("servers"), "lacks the list servers"),
    ],
)
def test_a_missing_field_is_named(
    here: Rehearsal, where: str, alter: Callable[[Any], Any], lacking: str
) -> None:
    altered(here, where, alter)
    with pytest.raises(ProviderError, match=re.escape(lacking)) as caught:
        here.provider.offers()
    assert not isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize("field", ["id", "state", "commercial_type"])
def test_a_field_missing_after_a_create_is_a_lost_answer(here: Rehearsal, field: str) -> None:
    alter = faults.altered(_without("server", field))
    here.simulator.faults.add(alter, method="POST", path=SERVERS)
    with pytest.raises(ProviderUnavailable, match="not understood") as caught:
        here.provider.create(rental())
    assert caught.value.sent
    assert field in str(caught.value.__cause__)
    assert len(here.simulator.state.servers) == 1
