"""What is asked of Hivelocity, and what is read in its answers, over its rehearsal."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.hivelocity import Temper
from capsule_domain.errors import NotFound, OutOfStock, ProviderError, ProviderUnavailable
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerRequest, ServerStatus
from tests.simulators.hivelocity import (
    BASE,
    BOOK,
    COMPUTES,
    KEY,
    METALS,
    RENTING,
    Rehearsal,
    metal,
    rehearsal,
    vps,
)

USER_DATA = "#cloud-config\nhostname: wéb\n"
OURS = DeploymentId("1")


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def _altered(here: Rehearsal, path: str, **words: object) -> None:
    """From now on the answers there are about a device with other `words`."""

    def say(body: Any) -> Any:
        for device in body if isinstance(body, list) else [body]:
            device.update(words, a_field_of_tomorrow={"x": [1]})
        return body

    here.simulator.faults.add(faults.altered(say), path=path, times=99)


def _booted(here: Rehearsal, request: ServerRequest) -> str:
    server_id = here.provider.create(request).server_id
    here.clock.advance(5)
    return server_id


# What is asked


@pytest.mark.parametrize(
    ("request_", "path", "system"),
    [
        (metal(user_data=SecretStr(USER_DATA)), METALS, "Ubuntu 24.04"),
        (vps(user_data=SecretStr(USER_DATA)), COMPUTES, "Ubuntu 24.04 (VPS)"),
    ],
    ids=["metal", "vps"],
)
def test_create_asks_for_exactly_what_was_wanted_at_the_right_place(
    here: Rehearsal, request_: ServerRequest, path: str, system: str
) -> None:
    server = here.provider.create(request_)
    [key] = here.simulator.state.keys
    [sent] = here.sent("POST", RENTING)
    assert sent.path == path
    assert sent.json() == {
        "productId": int(request_.slug),
        "locationName": "TPA1",
        "osName": system,
        "hostname": "web.capsule.internal",
        "period": "hourly",
        "publicSshKeyId": key,
        "script": USER_DATA,
        "tags": ["capsule-1"],
    }
    assert server.name == "web"
    assert server.server_id.startswith("vps-") is (path == COMPUTES)


def test_without_user_data_there_is_no_script(here: Rehearsal) -> None:
    here.provider.create(metal(user_data=SecretStr("")))
    [sent] = here.sent("POST", METALS)
    assert "script" not in sent.json()


def test_each_system_is_called_as_its_product_calls_it(here: Rehearsal) -> None:
    def renamed(body: Any) -> Any:
        body[-1]["name"] = "Ubuntu 24.04 LTS"
        return body

    here.simulator.faults.add(faults.altered(renamed), path=f"{BASE}/product/525/.*")
    with pytest.raises(ProviderError, match="osName must match"):
        here.provider.create(metal())
    [sent] = here.sent("POST", METALS)
    assert sent.json()["osName"] == "Ubuntu 24.04 LTS"


def test_an_image_must_be_one_that_the_product_has(here: Rehearsal) -> None:
    here.provider.create(metal(image="Debian 12"))
    [sent] = here.sent("POST", METALS)
    assert sent.json()["osName"] == "Debian 12"
    for image in ("Debian", "debian 12", "Ubuntu 24.04 (VPS)"):
        with pytest.raises(ProviderError, match=re.escape(f"no system '{image}'")) as caught:
            here.provider.create(metal(image=image))
        assert "there is Debian 12, Ubuntu 22.04, Ubuntu 24.04" in caught.value.message
    # It installs what a script fetches, and takes no user data.
    with pytest.raises(ProviderError, match="no system 'Custom iPXE'"):
        here.provider.create(metal(image="Custom iPXE"))
    assert len(here.sent("POST", RENTING)) == 1


@pytest.mark.parametrize("slug", ["", "vps", "../profile", "٣", "9" * 19, "999"])
def test_a_product_that_is_not_there_is_not_found(here: Rehearsal, slug: str) -> None:
    with pytest.raises(NotFound, match="hivelocity product"):
        here.provider.create(metal(slug=slug))
    assert here.sent("POST") == []


def test_what_has_a_longer_term_is_never_rented(here: Rehearsal) -> None:
    with pytest.raises(ProviderError, match="product 444 is not rented by the hour"):
        here.provider.create(metal(slug="444"))
    assert here.sent("POST") == []


def test_a_product_that_is_sold_out_in_one_place_is_told(here: Rehearsal) -> None:
    with pytest.raises(OutOfStock, match="out of stock at AMS1") as caught:
        here.provider.create(metal(slug="474", region="AMS1"))
    assert "templates --live" in (caught.value.hint or "")
    assert here.provider.create(metal(slug="474", region="MIA1")).region == "MIA1"


def test_a_key_is_found_by_its_text_and_uploaded_once(here: Rehearsal) -> None:
    here.provider.create(metal())
    here.provider.create(vps(ssh_public_key=KEY.replace("me@home", "another comment")))
    [upload] = here.sent("POST", f"{BASE}/ssh_key/")
    assert upload.json()["publicKey"] == KEY.removesuffix(" me@home")
    assert re.fullmatch(r"capsule-[0-9a-f]{12}", upload.json()["name"])


@pytest.mark.parametrize("path", ["/ssh_key/", "/inventory/product/525", "/product/525/.*"])
def test_trouble_before_the_renting_is_surely_no_renting(here: Rehearsal, path: str) -> None:
    here.simulator.faults.add(faults.status(503), path=BASE + path, times=99)
    with pytest.raises(ProviderUnavailable) as caught:
        here.provider.create(metal())
    assert caught.value.sent is False
    assert here.simulator.state.devices == {}


def test_every_path_has_its_slash_where_the_description_has_it(here: Rehearsal) -> None:
    """One too few is a redirect, one too many is not there."""
    server_id = _booted(here, metal())
    _booted(here, vps())
    here.provider.account()
    here.provider.regions()
    here.provider.offers()
    here.provider.servers(deployment=OURS)
    here.provider.servers(deployment=DeploymentId("2"))
    here.provider.stop(server_id)
    here.provider.set_tags(server_id, ("x",))
    here.provider.destroy(server_id)
    statuses = {exchange.status for exchange in here.simulator.exchanges}
    assert statuses <= {200, 201, 202, 204, 404}


def test_tags_replace_the_others(here: Rehearsal) -> None:
    server_id = _booted(here, vps())
    here.provider.set_tags(server_id, ("a", "b"))
    [sent] = here.sent("PUT")
    assert sent.path == f"{BOOK}{server_id.removeprefix('vps-')}/tags"
    assert sent.json() == {"tags": ["a", "b"]}
    assert here.provider.server(server_id).tags == ("a", "b")


# What is answered


@pytest.mark.parametrize(
    ("hostname", "name"),
    [
        ("web.capsule.internal", "web"),
        ("db.example.com", "db.example.com"),
        ("capsule.internal", "capsule.internal"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_only_our_own_domain_is_taken_off_a_name(here: Rehearsal, hostname: str, name: str) -> None:
    server_id = _booted(here, metal())
    _altered(here, f"{METALS}{server_id}", hostname=hostname)
    assert here.provider.server(server_id).name == name


@pytest.mark.parametrize(
    ("power", "book", "status"),
    [
        ("ON", {}, ServerStatus.RUNNING),
        ("OFF", {}, ServerStatus.STOPPED),
        ("PENDING", {}, ServerStatus.PENDING),
        ("DREAMING", {}, ServerStatus.UNKNOWN),
        (None, {}, ServerStatus.UNKNOWN),
        ("ON", {"isReload": True}, ServerStatus.PENDING),
        ("OFF", {"spsStatus": "RELOADING"}, ServerStatus.PENDING),
        ("ON", {"spsStatus": "WAIT_FOR_PXE"}, ServerStatus.PENDING),
        ("ON", {"spsStatus": "FAILED"}, ServerStatus.UNKNOWN),
        ("ON", {"spsStatus": "SINGING"}, ServerStatus.UNKNOWN),
        ("ON", {"spsStatus": None, "isReload": None, "tags": None}, ServerStatus.RUNNING),
        ("ON", {"status": "inactive"}, ServerStatus.PENDING),
        ("ON", {"status": "haunted"}, ServerStatus.UNKNOWN),
    ],
)
def test_a_device_runs_when_its_power_and_its_record_say_so(
    here: Rehearsal, power: str | None, book: dict[str, object], status: ServerStatus
) -> None:
    server_id = _booted(here, metal())
    _altered(here, f"{METALS}({server_id})?", powerStatus=power)
    _altered(here, f"{BOOK}({server_id})?", **book)
    assert here.provider.server(server_id).status is status
    assert [server.status for server in here.provider.servers()] == [status]


@pytest.mark.parametrize("address", ["", None])
def test_without_an_address_it_is_an_order_still(here: Rehearsal, address: str | None) -> None:
    server_id = _booted(here, metal())
    _altered(here, f"{METALS}.*", primaryIp=address)
    for server in (here.provider.server(server_id), *here.provider.servers()):
        assert (server.status, server.address) == (ServerStatus.PENDING, None)


def test_a_device_that_the_book_does_not_have_is_as_it_is_where_it_is_rented(
    here: Rehearsal,
) -> None:
    server_id = _booted(here, metal())
    here.simulator.faults.add(faults.altered(lambda _: []), path=BOOK)
    here.simulator.faults.add(faults.status(404), path=f"{BOOK}{server_id}")
    assert [s.status for s in here.provider.servers()] == [ServerStatus.RUNNING]
    assert here.provider.server(server_id).status is ServerStatus.RUNNING


def test_the_prices_of_both_kinds_are_read_once_and_are_those_of_the_place(
    here: Rehearsal,
) -> None:
    rented = (metal(slug="474", region="LAX2"), metal(slug="474"), vps())
    ids = [here.provider.create(request).server_id for request in rented]
    servers = {server.server_id: server for server in here.provider.servers()}
    assert [servers[id_].price_per_hour for id_ in ids] == [
        Money.of("0.16"),
        Money.of("0.14"),
        Money.of("0.012"),
    ]
    here.provider.servers()
    for id_ in ids:
        here.provider.server(id_)
    assert len(here.sent("GET", f"{BASE}/inventory/product")) == 5


def test_lists_ask_once_for_each_kind_and_once_for_the_book(here: Rehearsal) -> None:
    for request in (metal(), metal(name="db"), vps()):
        here.provider.create(request)
    here.simulator.exchanges.clear()
    assert len(here.provider.servers(deployment=OURS)) == 3
    asked = [e.request.path for e in here.simulator.exchanges]
    assert sorted(path for path in asked if "/inventory/" not in path) == sorted(
        [METALS, COMPUTES, BOOK]
    )


def test_an_account_is_its_mail_and_its_login(here: Rehearsal) -> None:
    account = here.provider.account()
    assert (account.identity, account.detail) == ("rehearsal@example.com", "login rehearsal")
    assert account.active


@pytest.mark.parametrize("field", ["deviceId", "productId", "hostname", "locationName"])
def test_a_field_missing_after_a_create_is_a_lost_answer(here: Rehearsal, field: str) -> None:
    def without(body: Any) -> Any:
        del body[field]
        return body

    here.simulator.faults.add(faults.altered(without), method="POST", path=METALS)
    with pytest.raises(ProviderUnavailable, match="not understood") as caught:
        here.provider.create(metal())
    assert caught.value.sent
    assert f"lacks {field}" in str(caught.value.__cause__)
    assert [s.tags for s in here.provider.servers(deployment=OURS)] == [("capsule-1",)]


def test_a_create_that_is_answered_without_the_device_is_found_by_its_tag() -> None:
    """201, `Device provisioning started`, and nothing more: it is described so."""
    with rehearsal(temper=Temper(create_status=201)) as here:
        with pytest.raises(ProviderUnavailable) as caught:
            here.provider.create(metal())
        assert caught.value.sent
        assert len(here.sent("POST", RENTING)) == 1
        [server] = here.provider.servers(deployment=OURS)
        assert server.status is ServerStatus.PENDING


@pytest.mark.parametrize(
    ("path", "ask", "lacking"),
    [
        ("/profile/basic", lambda p: p.account(), "lacks email"),
        ("/inventory/locations", lambda p: p.regions(), "lacks code"),
        ("/device/", lambda p: p.servers(), "lacks deviceId"),
        ("/bare-metal-devices/", lambda p: p.servers(), "lacks deviceId"),
        ("/compute/", lambda p: p.servers(), "lacks deviceId"),
    ],
)
def test_a_missing_field_is_named(
    here: Rehearsal, path: str, ask: Callable[[Any], object], lacking: str
) -> None:
    for request in (metal(), vps()):
        here.provider.create(request)
    emptied = faults.altered(lambda body: [{}] if isinstance(body, list) else {})
    here.simulator.faults.add(emptied, path=BASE + path)
    with pytest.raises(ProviderError, match=lacking) as caught:
        ask(here.provider)
    assert not isinstance(caught.value, ProviderUnavailable)
