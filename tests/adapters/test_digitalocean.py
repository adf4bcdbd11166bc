"""What is particular to DigitalOcean, over its rehearsal."""

import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from capsule_adapters.providers.digitalocean import CAPABILITIES, DIALECT
from capsule_adapters.sandbox import faults
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
from capsule_domain.models.template import Gpu
from tests.simulators.digitalocean import IMPATIENT, Rehearsal, adapter, rehearsal
from tests.tools import shared_file

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
SENTINEL = "sentinel-41d8c07b9e6f2a35"
USER_DATA = f"#cloud-config\nssh_keys:\n  ed25519_private: {SENTINEL}\n"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def _request(**changes: object) -> ServerRequest:
    request = ServerRequest(
        name="web",
        region="fra1",
        slug="s-1vcpu-1gb",
        ssh_public_key=KEY,
        user_data=SecretStr(USER_DATA),
        tags=("capsule-1",),
    )
    return request.model_copy(update=changes)


def _sent(here: Rehearsal, method: str, path: str) -> list[Any]:
    """The bodies of such requests, oldest first."""
    found = [
        e.request
        for e in here.simulator.exchanges
        if (e.request.method, e.request.path) == (method, path)
    ]
    return [request.json() for request in found]


# What is asked


def test_create_asks_for_exactly_what_was_wanted(here: Rehearsal) -> None:
    here.provider.create(_request())
    [key] = here.simulator.state.keys
    assert _sent(here, "POST", "/v2/droplets") == [
        {
            "name": "web",
            "region": "fra1",
            "size": "s-1vcpu-1gb",
            "image": "ubuntu-24-04-x64",
            "ssh_keys": [key],
            "tags": ["capsule-1"],
            "user_data": USER_DATA,
        }
    ]


def test_an_image_may_be_a_slug_or_a_number(here: Rehearsal) -> None:
    here.provider.create(_request(image="debian-12-x64"))
    here.provider.create(_request(image="139080208", user_data=SecretStr("")))
    first, second = _sent(here, "POST", "/v2/droplets")
    assert first["image"] == "debian-12-x64"
    assert second["image"] == 139080208
    assert "user_data" not in second


def test_a_key_is_uploaded_once_without_its_comment(here: Rehearsal) -> None:
    here.provider.create(_request())
    here.provider.create(_request(ssh_public_key=KEY.replace("me@home", "another comment")))
    [upload] = _sent(here, "POST", "/v2/account/keys")
    assert upload["public_key"] == KEY.removesuffix(" me@home")
    assert re.fullmatch(r"capsule-[0-9a-f]{12}", upload["name"])
    assert len(here.simulator.state.keys) == 1


def test_a_key_that_someone_else_uploaded_meanwhile_is_used(here: Rehearsal) -> None:
    here.provider.create(_request())
    hidden = faults.altered(lambda _: {"ssh_keys": [], "links": {}, "meta": {"total": 0}})
    here.simulator.faults.add(hidden, method="GET", path="/v2/account/keys")
    here.provider.create(_request())
    assert len(_sent(here, "POST", "/v2/account/keys")) == 2
    assert len(here.simulator.state.keys) == 1
    assert len(here.simulator.state.droplets) == 2


def test_an_upload_whose_answer_is_lost_is_looked_for(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.lost_answer(), method="POST", path="/v2/account/keys")
    here.provider.create(_request())
    assert len(_sent(here, "POST", "/v2/account/keys")) == 1
    assert len(here.simulator.state.droplets) == 1


@pytest.mark.parametrize("path", ["/v2/account/keys"])
def test_trouble_before_the_renting_is_surely_no_renting(here: Rehearsal, path: str) -> None:
    here.simulator.faults.add(faults.status(503), path=path, times=99)
    with pytest.raises(ProviderUnavailable) as caught:
        here.provider.create(_request())
    assert caught.value.sent is False
    assert _sent(here, "POST", "/v2/droplets") == []


def test_gpu_droplets_are_asked_for_by_type_and_never_with_a_tag(here: Rehearsal) -> None:
    here.provider.servers()
    here.provider.servers(deployment=DeploymentId("1"))
    asked = [dict(e.request.query) for e in here.simulator.exchanges]
    assert asked == [
        {"per_page": "200"},
        {"type": "gpus", "per_page": "200"},
        {"tag_name": "capsule-1", "per_page": "200"},
        {"type": "gpus", "per_page": "200"},
    ]


def test_nothing_is_ever_deleted_by_tag(here: Rehearsal) -> None:
    server = here.provider.create(_request())
    here.provider.destroy(server.server_id)
    for junk in ("", "?tag_name=capsule-1", "%3Ftag_name=capsule-1", "0", "1e3"):
        with pytest.raises(NotFound):
            here.provider.destroy(junk)
    deleted = [e.request.path for e in here.simulator.exchanges if e.request.method == "DELETE"]
    assert deleted == [f"/v2/droplets/{server.server_id}"]


def test_power_is_by_the_gentle_action_unless_forced(here: Rehearsal) -> None:
    server_id = here.provider.create(_request()).server_id
    here.clock.advance(5)
    here.provider.stop(server_id)
    here.provider.start(server_id)
    here.provider.restart(server_id)
    here.provider.restart(server_id, force=True)
    types = [body["type"] for body in _sent(here, "POST", f"/v2/droplets/{server_id}/actions")]
    assert types == ["shutdown", "power_on", "reboot", "power_cycle"]


# What is answered


def test_prices_are_the_catalogues_to_the_digit(here: Rehearsal) -> None:
    catalogue = json.loads(
        shared_file("specs/catalogue.json").read_text(encoding="utf-8"), parse_float=Decimal
    )
    ours = [t for t in catalogue["templates"] if t["provider"] == "digitalocean"]
    offers = {(o.slug, o.region): o for o in here.provider.offers()}
    regions = [region["id"] for region in catalogue["regions"]["digitalocean"]]
    assert len(ours) == 4
    assert {r.region for r in here.provider.regions()} == set(regions)
    for template in ours:
        for region in regions:
            offer = offers[template["slug"], region]
            assert offer.price_per_hour == Money(amount=template["price_hourly"], currency="USD")
            assert offer.price_per_month == Money(amount=template["price_monthly"], currency="USD")
            assert (offer.vcpus, offer.disk_gib) == (template["vcpu"], template["disk_gb"])
            assert offer.memory_mib == template["ram_gb"] * 1024
            assert offer.as_of == here.clock.now()


def test_a_price_that_went_through_a_float_is_the_published_one(here: Rehearsal) -> None:
    prices = {o.price_per_hour for o in here.provider.offers() if o.slug == "s-2vcpu-4gb"}
    assert prices == {Money.of("0.03571")}


def test_the_memory_of_a_gpu_is_of_one_of_them(here: Rehearsal) -> None:
    gpus = {o.gpu for o in here.provider.offers() if o.slug == "gpu-h100x8-640gb"}
    assert gpus == {Gpu(model="NVIDIA H100", count=8, memory_gib=80)}


def test_a_size_in_no_region_is_no_offer(here: Rehearsal) -> None:
    assert not any(o.slug == "so-2vcpu-16gb" for o in here.provider.offers())


def test_a_region_that_is_closed_is_left_out(here: Rehearsal) -> None:
    def close(body: Any) -> Any:
        body["regions"][0]["available"] = False
        return body

    here.simulator.faults.add(faults.altered(close), path="/v2/regions")
    assert len(here.provider.regions()) == 7


def test_the_address_is_the_public_one(here: Rehearsal) -> None:
    server_id = here.provider.create(_request()).server_id
    here.clock.advance(5)
    address = here.provider.server(server_id).address
    assert address is not None
    assert address.startswith("127.")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("new", ServerStatus.PENDING),
        ("active", ServerStatus.RUNNING),
        ("off", ServerStatus.STOPPED),
        ("archive", ServerStatus.STOPPED),
        ("hibernating", ServerStatus.UNKNOWN),
        ("", ServerStatus.UNKNOWN),
    ],
)
def test_each_status_word_is_ours_or_unknown(
    here: Rehearsal, word: str, status: ServerStatus
) -> None:
    server_id = here.provider.create(_request()).server_id

    def say(body: Any) -> Any:
        body["droplet"]["status"] = word
        body["droplet"]["a_field_of_tomorrow"] = {"x": [1]}
        return body

    here.simulator.faults.add(faults.altered(say), path=f"/v2/droplets/{server_id}")
    assert here.provider.server(server_id).status is status


@pytest.mark.parametrize("word", ["warning", "locked"])
def test_an_account_in_trouble_says_so(here: Rehearsal, word: str) -> None:
    here.simulator.temper.account_status = word
    account = here.provider.account()
    assert account.active is (word == "warning")
    assert account.detail == "Please contact support."


def _without(*path: str) -> Callable[[Any], Any]:
    def alter(body: Any) -> Any:
        inner = body
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        return body

    return alter


@pytest.mark.parametrize(
    ("path", "alter", "lacking"),
    [
        ("/v2/account", _without("account", "email"), "lacks account.email"),
        ("/v2/account", lambda _: [], "account cannot be read"),
        ("/v2/sizes", _without("sizes"), "lacks the list sizes"),
        ("/v2/sizes", lambda b: {**b, "sizes": [{}]}, "lacks sizes.slug"),
        ("/v2/sizes", lambda b: {**b, "sizes": [{**b["sizes"][0], "vcpus": "x"}]}, "sizes.vcpus"),
        ("/v2/sizes", lambda b: {**b, "sizes": [{**b["sizes"][0], "vcpus": 0}]}, "sizes.vcpus"),
    ],
    ids=["email", "no object", "no list", "no slug", "text for a number", "no processors"],
)
def test_a_missing_field_is_named(
    here: Rehearsal, path: str, alter: Callable[[Any], Any], lacking: str
) -> None:
    here.simulator.faults.add(faults.altered(alter), path=path)
    with pytest.raises(ProviderError, match=re.escape(lacking)) as caught:
        here.provider.account() if path == "/v2/account" else here.provider.offers()
    assert not isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize("field", ["id", "size_slug", "status"])
def test_a_field_missing_after_a_create_is_a_lost_answer(here: Rehearsal, field: str) -> None:
    alter = faults.altered(_without("droplet", field))
    here.simulator.faults.add(alter, method="POST", path="/v2/droplets")
    with pytest.raises(ProviderUnavailable, match="not understood") as caught:
        here.provider.create(_request())
    assert caught.value.sent
    assert field in str(caught.value.__cause__)
    assert len(here.simulator.state.droplets) == 1


def test_a_list_cut_short_is_not_believed(here: Rehearsal) -> None:
    for number in range(3):
        here.provider.create(_request(name=f"web-{number}"))
    here.simulator.faults.add(faults.altered(_without("links", "pages")), path="/v2/droplets")
    with pytest.raises(ProviderUnavailable, match="ended after 1 of 3"):
        here.provider.servers()


def test_a_droplet_on_two_pages_is_one_server(here: Rehearsal) -> None:
    first = here.provider.create(_request()).server_id
    second = here.provider.create(_request()).server_id

    def again(body: Any) -> Any:
        body["droplets"] *= 2
        return body

    here.simulator.faults.add(faults.altered(again), path="/v2/droplets")
    assert [s.server_id for s in here.provider.servers()] == [second, first]


# What is refused


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("creating this/these droplet(s) will exceed your droplet limit", QuotaExceeded),
        ("This size is currently restricted, please contact support", QuotaExceeded),
        ("Size is not available in this region.", OutOfStock),
        ("size is unavailable", OutOfStock),
        ("Region is not available", OutOfStock),
        ("The image you specified is not available in the selected region", ProviderError),
        ("Droplet already has a pending event.", ProviderError),
    ],
)
def test_refusals_are_told_apart_by_the_clouds_words(
    here: Rehearsal, said: str, expected: type[ProviderError]
) -> None:
    refusal = faults.status(422, said)
    here.simulator.faults.add(refusal, method="POST", path="/v2/droplets")
    with pytest.raises(ProviderError) as caught:
        here.provider.create(_request())
    assert type(caught.value) is expected
    assert said[1:] in caught.value.message
    assert len(_sent(here, "POST", "/v2/droplets")) == 1


FAULTS: dict[str, tuple[faults.Fault, type[CapsuleError]]] = {
    "401": (faults.status(401), CredentialsRefused),
    "403": (faults.status(403), CredentialsRefused),
    "404": (faults.status(404), ProviderError),
    "409": (faults.status(409), ProviderError),
    "422": (faults.status(422), ProviderError),
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
    here.simulator.faults.add(fault, method="POST", path="/v2/droplets", times=9)
    with pytest.raises(expected) as caught:
        here.provider.create(_request())
    assert len(_sent(here, "POST", "/v2/droplets")) == 1
    found = here.provider.servers(deployment=DeploymentId("1"))
    assert len(found) == (1 if name in ACTED else 0)
    if name in ACTED:
        assert isinstance(caught.value, ProviderUnavailable)
        assert caught.value.sent


def test_no_secret_is_shown_by_any_fault(here: Rehearsal, caplog: pytest.LogCaptureFixture) -> None:
    token = here.simulator.token
    quoting = faults.status(422, f"bad token {token} or user_data: {USER_DATA}")
    told: list[str] = [repr(here.provider), repr(vars(here.provider)), repr(_request())]
    with caplog.at_level(logging.DEBUG):
        for fault in [*(f for f, _ in FAULTS.values()), quoting]:
            here.simulator.faults.add(fault, method="POST", path="/v2/droplets")
            with pytest.raises(CapsuleError) as caught:
                here.provider.create(_request())
            error = caught.value
            told += [str(error), repr(error), str(error.hint), repr(vars(error))]
            told += traceback.format_exception(error)
            told += traceback.TracebackException.from_exception(
                error, capture_locals=False
            ).format()
    shown = "\n".join([*told, caplog.text])
    assert "capsule.rest" in caplog.text
    assert SENTINEL not in shown
    assert token not in shown


def test_an_action_that_fails_is_told(here: Rehearsal) -> None:
    server_id = here.provider.create(_request()).server_id
    here.clock.advance(5)

    def fail(body: Any) -> Any:
        body["action"]["status"] = "errored"
        return body

    here.simulator.faults.add(faults.altered(fail), path="/v2/actions/.*")
    with pytest.raises(ProviderError, match="failed"):
        here.provider.stop(server_id)


def test_an_action_that_never_ends_is_not_waited_for_for_ever(here: Rehearsal) -> None:
    server_id = here.provider.create(_request()).server_id
    here.clock.advance(5)
    here.simulator.temper.action_seconds = 10_000.0
    with pytest.raises(ProviderUnavailable, match="not done after 300 s"):
        here.provider.stop(server_id)


def test_a_locked_droplet_refuses_a_second_action(here: Rehearsal) -> None:
    server_id = here.provider.create(_request()).server_id
    with pytest.raises(ProviderError, match="pending event") as caught:
        here.provider.restart(server_id)
    assert caught.value.request_id


def test_a_pause_that_the_cloud_asks_for_is_kept(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.status(429, retry_after="9"), path="/v2/account")
    here.provider.account()
    assert here.clock.slept == [9.25]
    assert len(_sent(here, "GET", "/v2/account")) == 2


def test_a_burst_stays_under_the_documented_250_a_minute() -> None:
    with rehearsal(judged=False) as here:
        for _ in range(600):
            here.provider.account()
        statuses = {exchange.status for exchange in here.simulator.exchanges}
        assert statuses == {200}
        assert 119 <= sum(here.clock.slept) <= 125


def test_reads_are_patient(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.reset_before(), path="/v2/account", times=2)
    assert here.provider.account().active
    assert len(_sent(here, "GET", "/v2/account")) == IMPATIENT.attempts


@pytest.mark.parametrize(
    "fault",
    [faults.status(503), faults.lost_answer(), faults.reset_before()],
    ids=["503", "lost", "reset"],
)
def test_destroying_is_patient_since_it_may_be_repeated(
    here: Rehearsal, fault: faults.Fault
) -> None:
    server_id = here.provider.create(_request()).server_id
    here.simulator.faults.add(fault, method="DELETE")
    here.provider.destroy(server_id)
    assert here.simulator.state.droplets == {}
    assert len(_sent(here, "DELETE", f"/v2/droplets/{server_id}")) == 2


def test_a_web_page_is_not_believed_to_be_a_server_gone(here: Rehearsal) -> None:
    server_id = here.provider.create(_request()).server_id
    page = faults.redirect("https://guest.example/login", 302)
    for fault in (faults.web_page(404), faults.web_page(200), page):
        here.simulator.faults.clear()
        here.simulator.faults.add(fault, method="DELETE", path=f"/v2/droplets/{server_id}", times=9)
        with pytest.raises(ProviderUnavailable):
            here.provider.destroy(server_id)


def test_the_tag_alphabet_is_the_descriptions() -> None:
    description = shared_file("specs/digitalocean.openapi.json").read_text(encoding="utf-8")
    name = json.loads(description)["components"]["schemas"]["tags"]["properties"]["name"]
    longest = "a" * int(name["maxLength"])
    assert re.fullmatch(CAPABILITIES.tag_pattern, longest)
    assert not re.fullmatch(CAPABILITIES.tag_pattern, f"{longest}a")
    for character in map(chr, range(32, 256)):
        fits = re.fullmatch(name["pattern"], character) is not None
        assert (re.fullmatch(CAPABILITIES.tag_pattern, character) is not None) is fits


def test_a_tag_is_there_before_another_is_taken_away(here: Rehearsal) -> None:
    server_id = here.provider.create(_request()).server_id
    here.simulator.faults.add(faults.status(500), method="DELETE", times=IMPATIENT.attempts)
    with pytest.raises(ProviderUnavailable):
        here.provider.set_tags(server_id, ("a:b",))
    assert set(here.provider.server(server_id).tags) == {"capsule-1", "a:b"}
    here.provider.set_tags(server_id, ("a:b",))
    assert here.provider.server(server_id).tags == ("a:b",)


def test_a_cloud_that_cannot_change_tags_says_so() -> None:
    without = replace(DIALECT, servers=replace(DIALECT.servers, retag=None))
    with rehearsal() as here:
        provider = adapter(here.simulator, here.clock, dialect=without)
        server_id = provider.create(_request()).server_id
        with pytest.raises(ProviderError, match="cannot be changed"):
            provider.set_tags(server_id, ("web",))
        provider.close()
