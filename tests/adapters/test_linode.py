"""What is particular to Linode, over its rehearsal: what is asked, and how answers are read."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from capsule_adapters.sandbox import faults
from capsule_domain.errors import (
    NotFound,
    ProviderError,
    ProviderUnavailable,
)
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.server import ServerStatus
from tests.simulators.linode import INSTANCES, Rehearsal, rehearsal
from tests.simulators.linode_calls import (
    KEY,
    REGIONS,
    STOCK,
    TYPES,
    USER_DATA,
    altered,
    bodies,
    booted,
    each,
    rental,
)
from tests.tools import shared_file


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def test_create_asks_for_exactly_what_was_wanted(here: Rehearsal) -> None:
    here.provider.create(rental())
    [sent] = bodies(here, "POST", INSTANCES)
    password = sent.pop("root_pass")
    assert sent == {
        "label": "web",
        "region": "fr-par",
        "type": "g6-nanode-1",
        "image": "linode/ubuntu24.04",
        "authorized_keys": [KEY.removesuffix(" me@home")],
        "tags": ["capsule-1"],
        "metadata": {"user_data": base64.b64encode(USER_DATA.encode()).decode()},
    }
    assert len(password) >= 40


def test_no_two_linodes_have_the_same_password_and_nobody_keeps_it(here: Rehearsal) -> None:
    for number in range(3):
        here.provider.create(rental(name=f"web-{number}"))
    passwords = {sent["root_pass"] for sent in bodies(here, "POST", INSTANCES)}
    assert len(passwords) == 3
    assert not any(password in repr(vars(here.provider)) for password in passwords)


def test_user_data_arrives_as_it_was_and_none_is_not_sent(here: Rehearsal) -> None:
    here.provider.create(rental(user_data=SecretStr("#cloud-config\n# ä\n")))
    here.provider.create(rental(name="plain", user_data=SecretStr("")))
    first, second = bodies(here, "POST", INSTANCES)
    assert base64.b64decode(first["metadata"]["user_data"]).decode() == "#cloud-config\n# ä\n"
    assert "metadata" not in second


def test_keys_go_along_and_are_never_uploaded(here: Rehearsal) -> None:
    here.provider.create(rental())
    asked = {(e.request.method, e.request.path) for e in here.simulator.exchanges}
    assert asked == {("POST", INSTANCES)}


def test_a_deployment_is_asked_for_by_a_filter_in_the_header(here: Rehearsal) -> None:
    here.provider.create(rental())
    here.provider.create(rental(name="other", tags=("capsule-11", "other")))
    here.simulator.exchanges.clear()
    [found] = here.provider.servers(deployment=DeploymentId("1"))
    assert found.name == "web"
    here.provider.servers()
    headers = [
        e.request.headers.get("x-filter")
        for e in here.simulator.exchanges
        if e.request.path == INSTANCES
    ]
    assert headers == ['{"tags": "capsule-1"}', None, None]


def test_a_filter_that_is_ignored_brings_no_foreign_server(here: Rehearsal) -> None:
    here.provider.create(rental())
    here.provider.create(rental(name="other", tags=("other",)))
    altered(here, INSTANCES, each(tags=["other"]))
    assert here.provider.servers(deployment=DeploymentId("1")) == []


def test_pages_are_as_large_as_the_cloud_allows(here: Rehearsal) -> None:
    here.provider.regions()
    sizes = {e.request.query["page_size"] for e in here.simulator.exchanges}
    assert sizes == {"500"}


def test_power_goes_without_a_body_and_is_followed_at_the_server(here: Rehearsal) -> None:
    server_id = booted(here)
    here.provider.stop(server_id)
    here.provider.start(server_id)
    here.provider.restart(server_id)
    here.provider.restart(server_id, force=True)
    posts = [e.request for e in here.simulator.exchanges if e.request.method == "POST"][1:]
    jobs = [request.path.rpartition("/")[2] for request in posts]
    assert list(dict.fromkeys(jobs)) == ["shutdown", "boot", "reboot"]
    assert {request.body for request in posts} == {b""}
    assert here.provider.server(server_id).status is ServerStatus.RUNNING


def test_a_linode_that_is_still_busy_is_asked_again(here: Rehearsal) -> None:
    here.simulator.temper.rest_seconds = 8.0
    server_id = booted(here)
    here.provider.stop(server_id)
    here.provider.start(server_id)
    boots = bodies(here, "POST", f"{INSTANCES}/{server_id}/boot")
    assert len(boots) > 1
    assert here.provider.server(server_id).status is ServerStatus.RUNNING


def test_a_linode_that_stays_busy_is_not_asked_for_ever(here: Rehearsal) -> None:
    server_id = here.provider.create(rental()).server_id
    here.simulator.temper.rest_seconds = 10_000.0
    here.clock.advance(5)
    here.provider.stop(server_id)
    with pytest.raises(ProviderError, match="linode busy") as caught:
        here.provider.start(server_id)
    assert not isinstance(caught.value, ProviderUnavailable)
    assert caught.value.hint == "try again in a minute"


def test_a_restart_too_quick_to_be_seen_ends_nevertheless(here: Rehearsal) -> None:
    here.simulator.temper.job_seconds = 0.0
    here.simulator.temper.job_unseen_seconds = 0.0
    server_id = booted(here)
    here.clock.slept.clear()
    here.provider.restart(server_id)
    assert 15 <= sum(here.clock.slept) < 25


def test_a_stop_that_never_ends_is_not_waited_for_for_ever(here: Rehearsal) -> None:
    here.simulator.temper.job_seconds = 10_000.0
    server_id = booted(here)
    with pytest.raises(ProviderUnavailable, match="not stopped after 300 s"):
        here.provider.stop(server_id)


def test_nothing_but_numbers_gets_into_a_path(here: Rehearsal) -> None:
    server = here.provider.create(rental())
    for junk in ("", "?tags=capsule-1", "0", "1e3", "1/boot", f"{server.server_id}/../1"):
        with pytest.raises(NotFound):
            here.provider.destroy(junk)
    here.provider.destroy(server.server_id)
    deleted = [e.request.path for e in here.simulator.exchanges if e.request.method == "DELETE"]
    assert deleted == [f"{INSTANCES}/{server.server_id}"]


def test_times_without_a_zone_are_utc(here: Rehearsal) -> None:
    server = here.provider.create(rental())
    assert server.created_at == here.clock.now().replace(microsecond=0)
    altered(here, f"{INSTANCES}/{server.server_id}", each(created="2018-01-01T00:01:01"))
    created = here.provider.server(server.server_id).created_at
    assert created == datetime(2018, 1, 1, 0, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "address"),
    [
        (["192.168.130.7", "203.0.113.9"], None, "203.0.113.9"),
        (["203.0.113.9", "192.168.130.7"], "2001:db8::1/128", "203.0.113.9"),
        (["192.168.130.7"], "2001:db8::1/128", "2001:db8::1"),
        ([], None, None),
    ],
)
def test_the_address_is_a_public_one_and_no_network(
    here: Rehearsal, ipv4: list[str], ipv6: str | None, address: str | None
) -> None:
    server_id = here.provider.create(rental()).server_id
    altered(here, f"{INSTANCES}/{server_id}", each(ipv4=ipv4, ipv6=ipv6))
    assert here.provider.server(server_id).address == address


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("running", ServerStatus.RUNNING),
        ("offline", ServerStatus.STOPPED),
        ("stopped", ServerStatus.STOPPED),
        ("billing_suspension", ServerStatus.STOPPED),
        ("booting", ServerStatus.PENDING),
        ("busy", ServerStatus.PENDING),
        ("rebooting", ServerStatus.RESTARTING),
        ("shutting_down", ServerStatus.PENDING),
        ("provisioning", ServerStatus.PENDING),
        ("deleting", ServerStatus.PENDING),
        ("migrating", ServerStatus.PENDING),
        ("rebuilding", ServerStatus.PENDING),
        ("cloning", ServerStatus.PENDING),
        ("restoring", ServerStatus.PENDING),
        ("hibernating", ServerStatus.UNKNOWN),
        ("", ServerStatus.UNKNOWN),
    ],
)
def test_each_status_word_is_ours_or_unknown(
    here: Rehearsal, word: str, status: ServerStatus
) -> None:
    server_id = here.provider.create(rental()).server_id
    altered(
        here,
        f"{INSTANCES}/{server_id}",
        each(status=word, a_field_of_tomorrow={"x": [1]}),
    )
    assert here.provider.server(server_id).status is status


def test_every_word_of_the_description_is_known() -> None:
    text = shared_file("specs/linode.openapi.json").read_text(encoding="utf-8")
    answer = json.loads(text)["paths"][f"{INSTANCES}/{{linodeId}}"]["get"]["responses"]["200"]
    words = answer["content"]["application/json"]["schema"]["properties"]["status"]["enum"]
    with rehearsal(judged=False) as here:
        server_id = here.provider.create(rental()).server_id
        for word in words:
            altered(here, f"{INSTANCES}/{server_id}", each(status=word), times=1)
            assert here.provider.server(server_id).status is not ServerStatus.UNKNOWN, word


def test_a_very_old_linode_without_a_type_is_listed(here: Rehearsal) -> None:
    here.provider.create(rental())
    altered(here, INSTANCES, each(type=None))
    assert [(s.slug, s.price_per_hour) for s in here.provider.servers()] == [("", None)]


def test_the_account_says_who_and_whether_restricted(here: Rehearsal) -> None:
    assert here.provider.account().detail == "user rehearsal"
    here.simulator.temper.restricted = True
    account = here.provider.account()
    assert (account.active, account.detail) == (True, "user rehearsal, restricted")


def _without(*path: str) -> Callable[[Any], Any]:
    def alter(body: Any) -> Any:
        inner = body
        for key in path[:-1]:
            inner = inner[0] if isinstance(inner, list) else inner[key]
            inner = inner[0] if isinstance(inner, list) else inner
        del inner[path[-1]]
        return body

    return alter


@pytest.mark.parametrize(
    ("path", "alter", "lacking"),
    [
        ("/v4/profile", _without("email"), "lacks email"),
        ("/v4/profile", lambda _: [], "body cannot be read"),
        (TYPES, _without("data"), "lacks the list data"),
        (TYPES, _without("data", "id"), "lacks data.id"),
        (TYPES, _without("data", "price"), "lacks data.price"),
        (TYPES, each(vcpus="x"), "data.vcpus"),
        (TYPES, each(vcpus=0), "offers.vcpus"),
        (STOCK, _without("data", "plan"), "lacks data.plan"),
        (REGIONS, _without("data", "id"), "lacks data.id"),
    ],
)
def test_a_missing_field_is_named(
    here: Rehearsal, path: str, alter: Callable[[Any], Any], lacking: str
) -> None:
    altered(here, path, alter)
    with pytest.raises(ProviderError, match=re.escape(lacking)) as caught:
        here.provider.account() if path == "/v4/profile" else here.provider.offers()
    assert not isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize("field", ["id", "type", "status"])
def test_a_field_missing_after_a_create_is_a_lost_answer(here: Rehearsal, field: str) -> None:
    alter = faults.altered(_without(field))
    here.simulator.faults.add(alter, method="POST", path=INSTANCES)
    with pytest.raises(ProviderUnavailable, match="not understood") as caught:
        here.provider.create(rental())
    assert caught.value.sent
    assert field in str(caught.value.__cause__)
    assert len(here.simulator.state.linodes) == 1


def test_a_list_cut_short_is_not_believed(here: Rehearsal) -> None:
    for number in range(3):
        here.provider.create(rental(name=f"web-{number}"))
    altered(here, INSTANCES, lambda body: {**body, "pages": 1})
    with pytest.raises(ProviderUnavailable, match="ended after 1 of 3"):
        here.provider.servers()
