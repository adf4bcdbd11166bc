"""What is particular to Linode, over its rehearsal."""

import base64
import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from capsule_adapters.providers.linode import CAPABILITIES
from capsule_adapters.providers.linode.instances import SERVERS
from capsule_adapters.rest.secrets import encode, redacted
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.linode import Temper
from capsule_domain.errors import (
    CapsuleError,
    CredentialsRefused,
    NotFound,
    OutOfStock,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerRequest, ServerStatus
from capsule_domain.models.template import Gpu, Stock
from tests.simulators.linode import IMPATIENT, INSTANCES, Rehearsal, rehearsal
from tests.tools import shared_file

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
SENTINEL = "sentinel-41d8c07b9e6f2a35"
USER_DATA = f"#cloud-config\nssh_keys:\n  ed25519_private: {SENTINEL}\n"
TYPES = "/v4/linode/types"
REGIONS = "/v4/regions"
STOCK = "/v4/regions/availability"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def _request(**changes: object) -> ServerRequest:
    request = ServerRequest(
        name="web",
        region="fr-par",
        slug="g6-nanode-1",
        ssh_public_key=KEY,
        user_data=SecretStr(USER_DATA),
        tags=("capsule-1",),
    )
    return request.model_copy(update=changes)


def _booted(here: Rehearsal, **changes: object) -> str:
    server_id = here.provider.create(_request(**changes)).server_id
    here.clock.advance(5)
    return server_id


def _sent(here: Rehearsal, method: str, path: str) -> list[Any]:
    """The bodies of such requests, oldest first."""
    return [
        e.request.json()
        for e in here.simulator.exchanges
        if (e.request.method, e.request.path) == (method, path)
    ]


def _altered(here: Rehearsal, path: str, alter: Callable[[Any], Any], times: int = 99) -> None:
    """From now on such answers are altered."""
    here.simulator.faults.add(faults.altered(alter), method="GET", path=path, times=times)


def _item(**changes: object) -> Callable[[Any], Any]:
    """Alters each item of a list, or the one thing that the body is."""

    def alter(body: Any) -> Any:
        for item in body.get("data", [body]):
            item.update(changes)
        return body

    return alter


def _recorded(name: str) -> Any:
    return json.loads(
        shared_file(f"specs/recorded/linode.{name}.json").read_text(encoding="utf-8"),
        parse_float=Decimal,
    )


# What is asked


def test_create_asks_for_exactly_what_was_wanted(here: Rehearsal) -> None:
    here.provider.create(_request())
    [sent] = _sent(here, "POST", INSTANCES)
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
        here.provider.create(_request(name=f"web-{number}"))
    passwords = {sent["root_pass"] for sent in _sent(here, "POST", INSTANCES)}
    assert len(passwords) == 3
    assert not any(password in repr(vars(here.provider)) for password in passwords)


def test_user_data_arrives_as_it_was_and_none_is_not_sent(here: Rehearsal) -> None:
    here.provider.create(_request(user_data=SecretStr("#cloud-config\n# ä\n")))
    here.provider.create(_request(name="plain", user_data=SecretStr("")))
    first, second = _sent(here, "POST", INSTANCES)
    assert base64.b64decode(first["metadata"]["user_data"]).decode() == "#cloud-config\n# ä\n"
    assert "metadata" not in second


def test_keys_go_along_and_are_never_uploaded(here: Rehearsal) -> None:
    here.provider.create(_request())
    asked = {(e.request.method, e.request.path) for e in here.simulator.exchanges}
    assert asked == {("POST", INSTANCES)}


def test_a_deployment_is_asked_for_by_a_filter_in_the_header(here: Rehearsal) -> None:
    here.provider.create(_request())
    here.provider.create(_request(name="other", tags=("capsule-11", "other")))
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
    here.provider.create(_request())
    here.provider.create(_request(name="other", tags=("other",)))
    _altered(here, INSTANCES, _item(tags=["other"]))
    assert here.provider.servers(deployment=DeploymentId("1")) == []


def test_pages_are_as_large_as_the_cloud_allows(here: Rehearsal) -> None:
    here.provider.regions()
    sizes = {e.request.query["page_size"] for e in here.simulator.exchanges}
    assert sizes == {"500"}


def test_power_goes_without_a_body_and_is_followed_at_the_server(here: Rehearsal) -> None:
    server_id = _booted(here)
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
    server_id = _booted(here)
    here.provider.stop(server_id)
    here.provider.start(server_id)
    boots = _sent(here, "POST", f"{INSTANCES}/{server_id}/boot")
    assert len(boots) > 1
    assert here.provider.server(server_id).status is ServerStatus.RUNNING


def test_a_linode_that_stays_busy_is_not_asked_for_ever(here: Rehearsal) -> None:
    server_id = here.provider.create(_request()).server_id
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
    server_id = _booted(here)
    here.clock.slept.clear()
    here.provider.restart(server_id)
    assert 15 <= sum(here.clock.slept) < 25


def test_a_stop_that_never_ends_is_not_waited_for_for_ever(here: Rehearsal) -> None:
    here.simulator.temper.job_seconds = 10_000.0
    server_id = _booted(here)
    with pytest.raises(ProviderUnavailable, match="not stopped after 300 s"):
        here.provider.stop(server_id)


def test_nothing_but_numbers_gets_into_a_path(here: Rehearsal) -> None:
    server = here.provider.create(_request())
    for junk in ("", "?tags=capsule-1", "0", "1e3", "1/boot", f"{server.server_id}/../1"):
        with pytest.raises(NotFound):
            here.provider.destroy(junk)
    here.provider.destroy(server.server_id)
    deleted = [e.request.path for e in here.simulator.exchanges if e.request.method == "DELETE"]
    assert deleted == [f"{INSTANCES}/{server.server_id}"]


# What is answered


def test_prices_are_the_catalogues_to_the_digit(here: Rehearsal) -> None:
    catalogue = json.loads(
        shared_file("specs/catalogue.json").read_text(encoding="utf-8"), parse_float=Decimal
    )
    ours = [t for t in catalogue["templates"] if t["provider"] == "linode"]
    offers = {(o.slug, o.region): o for o in here.provider.offers()}
    assert len(ours) == 6
    for template in ours:
        offer = offers[template["slug"], "us-east"]
        assert offer.price_per_hour == Money(amount=template["price_hourly"], currency="USD")
        assert offer.price_per_month == Money(amount=template["price_monthly"], currency="USD")
        assert (offer.vcpus, offer.disk_gib) == (template["vcpu"], template["disk_gb"])
        assert offer.memory_mib == template["ram_gb"] * 1024
        assert offer.as_of == here.clock.now()


def test_some_regions_are_dearer(here: Rehearsal) -> None:
    prices = {o.region: o.price_per_hour for o in here.provider.offers() if o.slug == "g6-nanode-1"}
    assert prices["br-gru"] == Money.of("0.0105")
    assert {price for region, price in prices.items() if region != "br-gru"} == {Money.of("0.0075")}


def test_a_server_has_the_price_of_its_region(here: Rehearsal) -> None:
    dear = _booted(here, region="br-gru")
    usual = _booted(here, name="usual")
    prices = {s.server_id: s.price_per_hour for s in here.provider.servers()}
    assert prices == {dear: Money.of("0.0105"), usual: Money.of("0.0075")}
    asked = here.simulator.count("GET", TYPES)
    here.provider.server(dear)
    assert here.simulator.count("GET", TYPES) == asked


def test_servers_are_shown_without_a_price_when_there_is_none_to_be_had(here: Rehearsal) -> None:
    server_id = here.provider.create(_request()).server_id
    here.simulator.faults.add(faults.status(503), path=TYPES, times=99)
    assert here.provider.server(server_id).price_per_hour is None
    here.simulator.faults.clear()
    assert here.provider.server(server_id).price_per_hour is None
    here.clock.advance(61)
    assert here.provider.server(server_id).price_per_hour == Money.of("0.0075")


def test_renting_never_waits_for_a_price(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.status(503), path=TYPES, times=99)
    assert here.provider.create(_request()).status is ServerStatus.PENDING
    assert here.simulator.count("GET", TYPES) == 0


@pytest.mark.parametrize(
    "price",
    [None, {"hourly": None, "monthly": None}, {"hourly": 0.1, "monthly": None}],
    ids=["none", "empty", "no month"],
)
def test_a_type_without_a_price_is_no_offer(here: Rehearsal, price: object) -> None:
    _altered(here, TYPES, _item(price=price, region_prices=[]))
    assert here.provider.offers() == []


def test_what_a_region_is_not_capable_of_is_not_offered_there(here: Rehearsal) -> None:
    sold: dict[str, set[str]] = {}
    for offer in here.provider.offers():
        sold.setdefault(offer.slug, set()).add(offer.region)
        assert offer.region in offer.regions
    assert sold["g1-gpu-rtx6000-1"] == {"us-east", "us-ord", "ap-south"}
    assert sold["g7-premium-2"] == {"us-ord", "fr-par", "br-gru"}
    assert len(sold["g6-nanode-1"]) == 6
    # At the edge there is no metadata service, so no user data: nothing that we could enter.
    assert "g6-nanode-edge-1" not in sold


def test_stock_is_what_the_cloud_says_and_else_unknown(here: Rehearsal) -> None:
    stock = {(o.slug, o.region): o.stock for o in here.provider.offers()}
    assert stock["g1-gpu-rtx6000-1", "us-east"] is Stock.AVAILABLE
    assert stock["g1-gpu-rtx6000-1", "us-ord"] is Stock.NONE
    assert stock["g1-gpu-rtx6000-1", "ap-south"] is Stock.UNKNOWN
    assert stock["g6-nanode-1", "fr-par"] is Stock.UNKNOWN


def test_gpus_have_the_names_and_the_memory_of_their_makers(here: Rehearsal) -> None:
    gpus = {o.gpu for o in here.provider.offers() if o.slug.startswith("g1-gpu")}
    assert gpus == {Gpu(model="NVIDIA Quadro RTX 6000", count=1, memory_gib=24)}
    _altered(here, TYPES, _item(id="g9-gpu-next", label="Next x1", gpus=1, **{"class": "gpu"}))
    unknown = {o.gpu for o in here.provider.offers()}
    assert unknown == {Gpu(model="Next x1", count=1, memory_gib=0)}


def test_a_region_with_an_outage_is_left_out(here: Rehearsal) -> None:
    _altered(here, REGIONS, _item(status="outage"), times=1)
    assert len(here.provider.regions()) == 6


def test_every_recorded_region_is_read(here: Rehearsal) -> None:
    recorded = _recorded("regions")
    _altered(here, REGIONS, lambda _: json.loads(json.dumps(recorded, default=float)))
    regions = here.provider.regions()
    assert {r.region for r in regions} == {r["id"] for r in recorded["data"]}
    assert len(regions) == 34
    assert all(re.fullmatch("[A-Z]{2}", r.country) for r in regions)
    assert {r.name for r in regions if r.region == "za-jnb-edge-1"} == {"Edge - Johannesburg, ZA"}


def test_every_recorded_type_is_read_at_the_price_of_each_recorded_region(here: Rehearsal) -> None:
    types, regions = _recorded("types"), _recorded("regions")
    _altered(here, TYPES, lambda _: json.loads(json.dumps(types, default=float)))
    _altered(here, REGIONS, lambda _: json.loads(json.dumps(regions, default=float)))
    offers = {(o.slug, o.region): o for o in here.provider.offers()}
    assert len(types["data"]) == 37
    assert {slug for slug, _ in offers} == {t["id"] for t in types["data"]}
    places = [r for r in regions["data"] if r["site_type"] == "core"]
    needs = {"gpu": "GPU Linodes", "premium": "Premium Plans"}
    for type_ in types["data"]:
        need = needs.get(type_["class"], "Linodes")
        dearer = {price["id"]: price for price in type_["region_prices"]}
        sold = [place["id"] for place in places if need in place["capabilities"]]
        assert sorted(sold) == sorted(region for slug, region in offers if slug == type_["id"])
        for region in sold:
            offer, price = offers[type_["id"], region], dearer.get(region, type_["price"])
            assert offer.price_per_hour.amount == price["hourly"]
            assert offer.price_per_month.amount == price["monthly"]
            assert (offer.memory_mib, offer.vcpus) == (type_["memory"], type_["vcpus"])
            assert offer.disk_gib * 1024 == type_["disk"]
            assert (offer.gpu is not None) is (type_["gpus"] > 0)


def test_times_without_a_zone_are_utc(here: Rehearsal) -> None:
    server = here.provider.create(_request())
    assert server.created_at == here.clock.now().replace(microsecond=0)
    _altered(here, f"{INSTANCES}/{server.server_id}", _item(created="2018-01-01T00:01:01"))
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
    server_id = here.provider.create(_request()).server_id
    _altered(here, f"{INSTANCES}/{server_id}", _item(ipv4=ipv4, ipv6=ipv6))
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
    server_id = here.provider.create(_request()).server_id
    _altered(
        here,
        f"{INSTANCES}/{server_id}",
        _item(status=word, a_field_of_tomorrow={"x": [1]}),
    )
    assert here.provider.server(server_id).status is status


def test_every_word_of_the_description_is_known() -> None:
    text = shared_file("specs/linode.openapi.json").read_text(encoding="utf-8")
    answer = json.loads(text)["paths"][f"{INSTANCES}/{{linodeId}}"]["get"]["responses"]["200"]
    words = answer["content"]["application/json"]["schema"]["properties"]["status"]["enum"]
    with rehearsal(judged=False) as here:
        server_id = here.provider.create(_request()).server_id
        for word in words:
            _altered(here, f"{INSTANCES}/{server_id}", _item(status=word), times=1)
            assert here.provider.server(server_id).status is not ServerStatus.UNKNOWN, word


def test_a_very_old_linode_without_a_type_is_listed(here: Rehearsal) -> None:
    here.provider.create(_request())
    _altered(here, INSTANCES, _item(type=None))
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
        (TYPES, _item(vcpus="x"), "data.vcpus"),
        (TYPES, _item(vcpus=0), "offers.vcpus"),
        (STOCK, _without("data", "plan"), "lacks data.plan"),
        (REGIONS, _without("data", "id"), "lacks data.id"),
    ],
)
def test_a_missing_field_is_named(
    here: Rehearsal, path: str, alter: Callable[[Any], Any], lacking: str
) -> None:
    _altered(here, path, alter)
    with pytest.raises(ProviderError, match=re.escape(lacking)) as caught:
        here.provider.account() if path == "/v4/profile" else here.provider.offers()
    assert not isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize("field", ["id", "type", "status"])
def test_a_field_missing_after_a_create_is_a_lost_answer(here: Rehearsal, field: str) -> None:
    alter = faults.altered(_without(field))
    here.simulator.faults.add(alter, method="POST", path=INSTANCES)
    with pytest.raises(ProviderUnavailable, match="not understood") as caught:
        here.provider.create(_request())
    assert caught.value.sent
    assert field in str(caught.value.__cause__)
    assert len(here.simulator.state.linodes) == 1


def test_a_list_cut_short_is_not_believed(here: Rehearsal) -> None:
    for number in range(3):
        here.provider.create(_request(name=f"web-{number}"))
    _altered(here, INSTANCES, lambda body: {**body, "pages": 1})
    with pytest.raises(ProviderUnavailable, match="ended after 1 of 3"):
        here.provider.servers()


# What is refused


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Account Limit reached. Please open a support ticket.", QuotaExceeded),
        (
            "You've reached a limit for the number of active services on your account.",
            QuotaExceeded,
        ),
        ("There is no availability for the selected plan in the selected region.", OutOfStock),
        ("Insufficient capacity in this region", OutOfStock),
        ("Plan g7-premium-2 is not available in this region", OutOfStock),
        ("Your OAuth token is not authorized to use this endpoint.", CredentialsRefused),
        ("Label must be unique among your linodes", ProviderError),
        ("A valid plan type by that ID was not found", ProviderError),
        ("image is not valid", ProviderError),
    ],
)
def test_refusals_are_told_apart_by_the_clouds_words(
    here: Rehearsal, said: str, expected: type[ProviderError]
) -> None:
    refusal = faults.status(400, said)
    here.simulator.faults.add(refusal, method="POST", path=INSTANCES)
    with pytest.raises(ProviderError) as caught:
        here.provider.create(_request())
    assert type(caught.value) is expected
    assert said[1:] in caught.value.message
    assert len(_sent(here, "POST", INSTANCES)) == 1


def test_a_label_that_is_taken_is_refused_with_a_way_out(here: Rehearsal) -> None:
    here.provider.create(_request())
    with pytest.raises(ProviderError, match="label must be unique") as caught:
        here.provider.create(_request())
    assert caught.value.hint == "choose another --name"
    assert len(here.simulator.state.linodes) == 1


@pytest.mark.parametrize("name", ["ab", "1web", "web-", "a--b", "a__b", "a..b", "x" * 65])
def test_a_name_that_the_cloud_would_refuse_is_not_sent(here: Rehearsal, name: str) -> None:
    with pytest.raises(ProviderError, match="a name must match"):
        here.provider.create(_request(name=name))
    assert len(here.simulator.exchanges) == 0


def test_a_token_that_lacks_a_right_is_told_from_one_that_is_wrong() -> None:
    temper = Temper(most_per_page=1, scopes=frozenset({"linodes:read_only"}))
    with rehearsal(temper=temper) as here:
        assert here.provider.account().active
        assert here.provider.servers() == []
        with pytest.raises(CredentialsRefused, match="not authorized") as lacking:
            here.provider.create(_request())
        assert "linodes:read_write" in str(lacking.value.hint)
        here.simulator.token = "another"
        with pytest.raises(CredentialsRefused, match="not accepted: invalid Token"):
            here.provider.account()


def test_a_user_with_restrictions_may_not_tag() -> None:
    with rehearsal(temper=Temper(most_per_page=1, restricted=True)) as here:
        with pytest.raises(CredentialsRefused, match="unrestricted User") as caught:
            here.provider.create(_request())
        assert "unrestricted" in str(caught.value.hint)
        assert here.simulator.state.linodes == {}


FAULTS: dict[str, tuple[faults.Fault, type[CapsuleError]]] = {
    "401": (faults.status(401), CredentialsRefused),
    "403": (faults.status(403), CredentialsRefused),
    "404": (faults.status(404), ProviderError),
    "400": (faults.status(400), ProviderError),
    "408": (faults.status(408), ProviderUnavailable),
    "429": (faults.status(429), RateLimited),
    "429 with Retry-After": (faults.status(429, retry_after="3"), RateLimited),
    "500": (faults.status(500), ProviderUnavailable),
    "503": (faults.status(503), ProviderUnavailable),
    "reset before": (faults.reset_before(), ProviderUnavailable),
    "reset after": (faults.lost_answer(), ProviderUnavailable),
    "web page": (faults.web_page(), ProviderUnavailable),
    "empty": (faults.empty(), ProviderUnavailable),
    "half": (faults.half_json(), ProviderUnavailable),
}
ACTED = {"reset after", "web page", "empty", "half"}


@pytest.mark.parametrize("name", FAULTS)
def test_no_fault_rents_twice_and_what_was_rented_is_found(here: Rehearsal, name: str) -> None:
    fault, expected = FAULTS[name]
    here.simulator.faults.add(fault, method="POST", path=INSTANCES, times=9)
    with pytest.raises(expected) as caught:
        here.provider.create(_request())
    assert len(_sent(here, "POST", INSTANCES)) == 1
    found = here.provider.servers(deployment=DeploymentId("1"))
    assert len(found) == (1 if name in ACTED else 0)
    if name in ACTED:
        assert isinstance(caught.value, ProviderUnavailable)
        assert caught.value.sent


def test_no_secret_is_shown_by_any_fault(here: Rehearsal, caplog: pytest.LogCaptureFixture) -> None:
    token = here.simulator.token
    encoded = base64.b64encode(USER_DATA.encode()).decode()
    quoting = faults.status(400, f"bad token {token} or user_data: {USER_DATA} {encoded}")
    told: list[str] = [repr(here.provider), repr(vars(here.provider)), repr(_request())]
    with caplog.at_level(logging.DEBUG):
        for fault in [*(f for f, _ in FAULTS.values()), quoting]:
            here.simulator.faults.clear()
            here.simulator.faults.add(fault, method="POST", path=INSTANCES)
            with pytest.raises(CapsuleError) as caught:
                here.provider.create(_request(name=f"web-{len(told)}"))
            error = caught.value
            told += [str(error), repr(error), str(error.hint), repr(vars(error))]
            told += traceback.format_exception(error)
    shown = "\n".join([*told, caplog.text])
    assert "capsule.rest" in caplog.text
    passwords = [sent["root_pass"] for sent in _sent(here, "POST", INSTANCES)]
    for secret in (SENTINEL, token, encoded, *passwords):
        assert secret not in shown


def test_nothing_secret_is_seen_in_what_will_be_sent() -> None:
    body = SERVERS.create(_request(image="linode/debian12"), None)
    assert isinstance(body["root_pass"], SecretStr)
    assert SENTINEL not in repr(body)
    assert base64.b64encode(SENTINEL.encode()).decode()[:16] not in repr(body)
    content, secrets = encode(body)
    sent = json.loads(content)
    for secret in (sent["root_pass"], sent["metadata"]["user_data"], USER_DATA):
        assert secret not in redacted(f"quoted: {secret}", secrets)


def test_what_is_listed_is_counted_apart_from_the_rest() -> None:
    with rehearsal(judged=False, temper=Temper()) as here:
        for _ in range(400):
            here.provider.regions()
        assert 59 <= sum(here.clock.slept) <= 65
        here.clock.slept.clear()
        for _ in range(1000):
            here.provider.account()
        assert here.clock.slept == []
        assert {exchange.status for exchange in here.simulator.exchanges} == {200}


def test_a_burst_of_two_thousand_reads_is_never_refused() -> None:
    with rehearsal(judged=False) as here:
        for _ in range(2000):
            here.provider.account()
        assert {exchange.status for exchange in here.simulator.exchanges} == {200}
        assert 59 <= sum(here.clock.slept) <= 66


def test_creates_wait_for_their_own_limit() -> None:
    with rehearsal(judged=False, temper=Temper(linode_limit=100)) as here:
        for number in range(25):
            here.provider.create(_request(name=f"web-{number}"))
        assert len(here.simulator.state.linodes) == 25
        assert 14 <= sum(here.clock.slept) <= 16


def test_reads_are_patient(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.reset_before(), path="/v4/profile", times=2)
    assert here.provider.account().active
    assert len(_sent(here, "GET", "/v4/profile")) == IMPATIENT.attempts


@pytest.mark.parametrize(
    "fault",
    [faults.status(503), faults.lost_answer(), faults.status(400, "Linode busy.")],
    ids=["503", "lost", "busy"],
)
def test_destroying_is_patient_since_it_may_be_repeated(
    here: Rehearsal, fault: faults.Fault
) -> None:
    server_id = here.provider.create(_request()).server_id
    here.simulator.faults.add(fault, method="DELETE")
    here.provider.destroy(server_id)
    assert here.simulator.state.linodes == {}
    assert len(_sent(here, "DELETE", f"{INSTANCES}/{server_id}")) == 2


def test_a_web_page_is_not_believed_to_be_a_server_gone(here: Rehearsal) -> None:
    server_id = here.provider.create(_request()).server_id
    page = faults.redirect("https://guest.example/login", 302)
    for fault in (faults.web_page(404), faults.web_page(200), page):
        here.simulator.faults.clear()
        here.simulator.faults.add(fault, method="DELETE", times=9)
        with pytest.raises(ProviderUnavailable):
            here.provider.destroy(server_id)


def test_the_limits_are_those_that_the_rehearsal_keeps(here: Rehearsal) -> None:
    longest = SecretStr("x" * CAPABILITIES.user_data_max_bytes)
    tags = ("abc", "x" * 50)
    assert here.provider.create(_request(user_data=longest, tags=tags)).tags == tags
    for tag in ("ab", "x" * 51, "a b", "a=b"):
        assert not re.fullmatch(CAPABILITIES.tag_pattern, tag)
