"""What is asked of Vultr, and what is read in its answers, over its rehearsal."""

import base64
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from capsule_adapters.sandbox import faults
from capsule_domain.errors import (
    ProviderError,
    ProviderUnavailable,
)
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerRequest, ServerStatus
from tests.simulators.vultr import (
    INSTANCES,
    KEY,
    METALS,
    Rehearsal,
    bare_metal,
    instance,
    rehearsal,
)

USER_DATA = "#cloud-config\nhostname: wéb\n"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def _altered(here: Rehearsal, path: str, **words: object) -> None:
    """Let the next answer there be about a server with other `words`."""

    def say(body: Any) -> Any:
        body.get("instance", body.get("bare_metal")).update(words, a_field_of_tomorrow={"x": [1]})
        return body

    here.simulator.faults.add(faults.altered(say), path=path)


@pytest.mark.parametrize(
    ("request_", "path", "more"),
    [
        (instance(user_data=SecretStr(USER_DATA)), INSTANCES, {"backups": "disabled"}),
        (bare_metal(user_data=SecretStr(USER_DATA)), METALS, {}),
    ],
    ids=["instance", "bare metal"],
)
def test_create_asks_for_exactly_what_was_wanted_at_the_right_place(
    here: Rehearsal, request_: ServerRequest, path: str, more: dict[str, str]
) -> None:
    here.provider.create(request_)
    [key] = here.simulator.state.keys
    [sent] = here.sent("POST", f"{INSTANCES}|{METALS}")
    assert sent.path == path
    assert sent.json() == {
        "region": "fra",
        "plan": request_.slug,
        "os_id": 2284,
        "label": "web",
        "hostname": "web",
        "sshkey_id": [key],
        "tags": ["capsule-1"],
        "enable_ipv6": False,
        "activation_email": False,
        "user_data": base64.b64encode(USER_DATA.encode()).decode(),
        **more,
    }
    [rental] = here.simulator.state.rentals.values()
    assert rental.user_data == USER_DATA


@pytest.mark.parametrize(
    ("image", "field"),
    [
        ("2136", {"os_id": 2136}),
        (
            "5F9A8E0C-1B7D-4E57-9C4A-2F3B6D8E1A90",
            {"snapshot_id": "5f9a8e0c-1b7d-4e57-9c4a-2f3b6d8e1a90"},
        ),
        ("openlitespeed", {"image_id": "openlitespeed"}),
    ],
)
def test_an_image_is_one_of_three_things(
    here: Rehearsal, image: str, field: dict[str, object]
) -> None:
    refused = faults.status(400, "not today")
    here.simulator.faults.add(refused, method="POST", path=INSTANCES)
    with pytest.raises(ProviderError):
        here.provider.create(instance(image=image, user_data=SecretStr("")))
    [sent] = here.sent("POST", INSTANCES)
    told = {k: v for k, v in sent.json().items() if k in {"os_id", "snapshot_id", "image_id"}}
    assert told == field
    assert "user_data" not in sent.json()


def test_a_key_is_found_by_its_text_on_any_page_and_uploaded_once(here: Rehearsal) -> None:
    here.provider.create(instance())
    here.provider.create(bare_metal(ssh_public_key=KEY.replace("me@home", "another comment")))
    [upload] = here.sent("POST", "/v2/ssh-keys")
    assert upload.json()["ssh_key"] == KEY.removesuffix(" me@home")
    assert re.fullmatch(r"capsule-[0-9a-f]{12}", upload.json()["name"])
    assert len(here.simulator.state.keys) == 1


def test_servers_are_looked_for_in_both_lists_without_the_deprecated_filter(
    here: Rehearsal,
) -> None:
    ours = {here.provider.create(r).server_id for r in (instance(), bare_metal())}
    here.provider.create(instance(tags=("other",)))
    here.simulator.exchanges.clear()
    found = here.provider.servers(deployment=DeploymentId("1"))
    assert {server.server_id for server in found} == ours
    lists = here.sent("GET", f"{INSTANCES}|{METALS}")
    assert {request.path for request in lists} == {INSTANCES, METALS}
    assert {name for request in lists for name in request.query} == {"per_page", "cursor"}


def test_what_kind_a_plan_is_of_is_asked_once(here: Rehearsal) -> None:
    for number in range(3):
        here.provider.create(instance(name=f"web-{number}"))
    asked = [r for r in here.sent("GET", "/v2/plans-metal") if "cursor" not in r.query]
    assert len(asked) == 1


@pytest.mark.parametrize("path", ["/v2/ssh-keys", "/v2/plans-metal"])
def test_trouble_before_the_renting_is_surely_no_renting(here: Rehearsal, path: str) -> None:
    here.simulator.faults.add(faults.status(503), path=path, times=99)
    with pytest.raises(ProviderUnavailable) as caught:
        here.provider.create(instance())
    assert caught.value.sent is False
    assert here.simulator.state.rentals == {}


# What is answered


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("pending", "running", "none"), ServerStatus.PENDING),
        (("pending", "stopped", "locked"), ServerStatus.PENDING),
        (("active", "running", "none"), ServerStatus.PENDING),
        (("active", "running", "locked"), ServerStatus.PENDING),
        (("active", "running", "installing"), ServerStatus.PENDING),
        (("active", "running", "installingbooting"), ServerStatus.PENDING),
        (("active", "running", "ok"), ServerStatus.RUNNING),
        (("active", "stopped", "ok"), ServerStatus.STOPPED),
        (("active", "stopped", "locked"), ServerStatus.STOPPED),
        (("resizing", "running", "ok"), ServerStatus.PENDING),
        (("suspended", "running", "ok"), ServerStatus.STOPPED),
        (("hibernating", "running", "ok"), ServerStatus.UNKNOWN),
        (("active", "asleep", "ok"), ServerStatus.UNKNOWN),
        (("active", "running", "well"), ServerStatus.UNKNOWN),
        (("", "", ""), ServerStatus.UNKNOWN),
    ],
    ids=" ".join,
)
def test_only_all_three_words_and_an_address_make_a_server_ready(
    here: Rehearsal, words: tuple[str, str, str], status: ServerStatus
) -> None:
    server_id = here.provider.create(instance()).server_id
    said = dict(zip(("status", "power_status", "server_status"), words, strict=True))
    _altered(here, f"{INSTANCES}/{server_id}", **said, main_ip="192.0.2.1")
    assert here.provider.server(server_id).status is status
    _altered(here, f"{INSTANCES}/{server_id}", **said, main_ip="0.0.0.0")
    without = here.provider.server(server_id)
    assert without.address is None
    assert without.status is not ServerStatus.RUNNING


@pytest.mark.parametrize(
    ("word", "address", "status"),
    [
        ("pending", "", ServerStatus.PENDING),
        ("active", "", ServerStatus.PENDING),
        ("active", "0.0.0.0", ServerStatus.PENDING),
        ("active", "192.0.2.1", ServerStatus.RUNNING),
        ("suspended", "192.0.2.1", ServerStatus.STOPPED),
        ("melting", "192.0.2.1", ServerStatus.UNKNOWN),
    ],
)
def test_bare_metal_has_one_word(
    here: Rehearsal, word: str, address: str, status: ServerStatus
) -> None:
    server_id = here.provider.create(bare_metal()).server_id
    _altered(here, f"{METALS}/.*", status=word, main_ip=address)
    assert here.provider.server(server_id).status is status


def test_the_price_of_a_server_is_its_plans_in_its_region(here: Rehearsal) -> None:
    rented = {
        here.provider.create(request).server_id
        for request in (
            instance(slug="vhp-1c-1gb-amd", region="syd"),
            instance(slug="vhp-1c-1gb-amd", region="fra"),
            bare_metal(),
        )
    }
    servers = here.provider.servers()
    assert {server.server_id for server in servers} == rented
    prices = {(server.slug, server.region): server.price_per_hour for server in servers}
    assert prices == {
        ("vhp-1c-1gb-amd", "syd"): Money.of("0.0125"),
        ("vhp-1c-1gb-amd", "fra"): Money.of("0.009"),
        ("vbm-4c-32gb", "fra"): Money.of("0.164"),
    }


def test_an_account_tells_its_credit_and_which_right_its_key_lacks(here: Rehearsal) -> None:
    account = here.provider.account()
    assert (account.active, account.identity) == (True, "rehearsal@example.com")
    assert account.detail == "credit of 100.55 USD"
    here.simulator.temper.acls = ("subscriptions_view", "billing")
    account = here.provider.account()
    assert not account.active
    assert account.detail == "the key lacks the right subscriptions, provisioning"


def _without(*path: str) -> Callable[[Any], Any]:
    def alter(body: Any) -> Any:
        inner = body
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        return body

    return alter


@pytest.mark.parametrize("field", ["id", "plan", "status", "power_status", "main_ip"])
def test_a_field_missing_after_a_create_is_a_lost_answer(here: Rehearsal, field: str) -> None:
    alter = faults.altered(_without("instance", field))
    here.simulator.faults.add(alter, method="POST", path=INSTANCES)
    with pytest.raises(ProviderUnavailable, match="not understood") as caught:
        here.provider.create(instance())
    assert caught.value.sent
    assert f"lacks instance.{field}" in str(caught.value.__cause__)
    assert len(here.simulator.state.rentals) == 1


def test_bare_metal_under_the_key_that_the_description_has_is_not_understood(
    here: Rehearsal,
) -> None:
    """Clients agree on `bare_metal`; a body without it is told and never taken for nothing."""
    renamed = faults.altered(lambda body: {"baremetal": body["bare_metal"]})
    here.simulator.faults.add(renamed, method="POST", path=METALS)
    with pytest.raises(ProviderUnavailable, match="not understood") as caught:
        here.provider.create(bare_metal())
    assert caught.value.sent


@pytest.mark.parametrize(("path", "made"), [(INSTANCES, instance), (METALS, bare_metal)])
def test_a_list_cut_short_is_not_believed(
    here: Rehearsal, path: str, made: Callable[..., ServerRequest]
) -> None:
    for number in range(3):
        here.provider.create(made(name=f"web-{number}"))

    def cut(body: Any) -> Any:
        body["meta"]["links"]["next"] = ""
        return body

    here.simulator.faults.add(faults.altered(cut), method="GET", path=path)
    with pytest.raises(ProviderUnavailable, match="ended after 1 of 3"):
        here.provider.servers()
