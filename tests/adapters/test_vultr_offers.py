"""What Vultr sells: plans joined with what each region has, over its rehearsal."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from capsule_adapters.providers.vultr import DIALECT
from capsule_adapters.rest.provider import RestProvider
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.vultr import stock
from capsule_domain.errors import ProviderError, ProviderUnavailable
from capsule_domain.models.money import Money
from capsule_domain.models.template import Arch, Gpu, Offer, Region, Stock
from tests.simulators.vultr import Rehearsal, rehearsal
from tests.tools import shared_file


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def _offers(here: Rehearsal) -> Mapping[tuple[str, str], Offer]:
    return {(offer.slug, offer.region): offer for offer in here.provider.offers()}


def test_prices_are_the_catalogues_to_the_digit(here: Rehearsal) -> None:
    catalogue = json.loads(
        shared_file("specs/catalogue.json").read_text(encoding="utf-8"), parse_float=Decimal
    )
    ours = [t for t in catalogue["templates"] if t["provider"] == "vultr"]
    regions = {region["id"] for region in catalogue["regions"]["vultr"]}
    offers = _offers(here)
    assert len(ours) == 4
    assert {r.region for r in here.provider.regions()} == regions
    for template in ours:
        offer = offers[template["slug"], "ewr"]
        assert offer.price_per_hour == Money(amount=template["price_hourly"], currency="USD")
        assert offer.price_per_month == Money(amount=template["price_monthly"], currency="USD")
        assert (offer.vcpus, offer.disk_gib) == (template["vcpu"], template["disk_gb"])
        assert offer.memory_mib == template["ram_gb"] * 1024


def test_regions_have_their_city_and_country(here: Rehearsal) -> None:
    assert Region(provider="vultr", region="syd", name="Sydney", country="AU") in (
        here.provider.regions()
    )


def test_each_region_is_asked_once_for_everything_it_has(here: Rehearsal) -> None:
    here.provider.offers()
    asked = here.sent("GET", "/v2/regions/.*")
    assert sorted(request.path.split("/")[3] for request in asked) == sorted(stock.REGIONS)
    assert all(dict(request.query) == {"type": "all"} for request in asked)
    assert {request.query["type"] for request in here.sent("GET", "/v2/plans")} == {"all"}


def test_stock_is_what_the_region_has_and_not_where_the_plan_is_listed(here: Rehearsal) -> None:
    offers = _offers(here)
    assert offers["vc2-2c-4gb", "syd"].stock is Stock.NONE
    assert offers["vc2-2c-4gb", "fra"].stock is Stock.AVAILABLE
    # Listed nowhere, and the account can have it in one region nevertheless.
    [unlisted] = [key for key in offers if key[0] == "vcg-a40-24c-120g-48vram"]
    assert unlisted[1] == "ord"
    assert offers[unlisted].regions == ("ord",)


def test_what_has_no_public_address_is_not_in_stock(here: Rehearsal) -> None:
    assert _offers(here)["vhp-1c-1gb", "ewr"].stock is Stock.NONE


def test_what_is_not_sold_by_the_hour_is_not_in_stock(here: Rehearsal) -> None:
    assert _offers(here)["vcg-mi325x-252c-2872g-1536vram", "ord"].stock is Stock.NONE


@pytest.mark.parametrize("slug", ["vc2-1c-0.5gb-free", "vc2-1c-0.5gb-v6"])
def test_what_is_granted_or_has_no_ipv4_is_not_offered(here: Rehearsal, slug: str) -> None:
    assert not any(offer.slug == slug for offer in here.provider.offers())


def test_a_plan_in_no_region_is_no_offer(here: Rehearsal) -> None:
    def nowhere(body: Any) -> Any:
        body["plans"][0]["locations"] = []
        return body

    for region in stock.REGIONS:
        has_none = faults.altered(lambda _: {"available_plans": []})
        here.simulator.faults.add(has_none, path=f"/v2/regions/{region}/availability")
    here.simulator.faults.add(faults.altered(nowhere), path="/v2/plans")
    assert not any(offer.slug == "vc2-1c-1gb" for offer in here.provider.offers())


def test_a_region_may_have_a_price_of_its_own(here: Rehearsal) -> None:
    offers = _offers(here)
    assert offers["vhp-1c-1gb-amd", "syd"].price_per_hour == Money.of("0.0125")
    assert offers["vhp-1c-1gb-amd", "syd"].price_per_month == Money.of("8.4")
    assert offers["vhp-1c-1gb-amd", "fra"].price_per_hour == Money.of("0.009")


def test_both_kinds_say_where_their_price_was_read(here: Rehearsal) -> None:
    sources = {offer.slug: offer.source for offer in here.provider.offers()}
    assert sources["vc2-1c-1gb"] == "vultr /plans"
    assert sources["vbm-4c-32gb"] == "vultr /plans-metal"
    assert {offer.as_of.date() for offer in here.provider.offers()} == {here.clock.now().date()}


def test_bare_metal_counts_threads_and_all_its_disks(here: Rehearsal) -> None:
    metal = _offers(here)["vbm-4c-32gb", "fra"]
    assert (metal.vcpus, metal.memory_mib, metal.disk_gib) == (8, 32768, 480)


@pytest.mark.parametrize(
    ("slug", "region", "gpu"),
    [
        ("vcg-a100-1c-6g-4vram", "ewr", Gpu(model="NVIDIA A100", count=1, memory_gib=4)),
        ("vcg-a40-24c-120g-48vram", "ord", Gpu(model="NVIDIA A40", count=1, memory_gib=0)),
        ("vbm-112c-2048gb-8-h100-gpu", "sea", Gpu(model="NVIDIA H100", count=8, memory_gib=80)),
        ("vbm-72c-480gb-gh200-gpu", "ord", Gpu(model="NVIDIA GH200", count=1, memory_gib=0)),
        ("vc2-1c-1gb", "ord", None),
        ("vbm-4c-32gb", "ord", None),
    ],
)
def test_gpus_are_as_far_as_they_are_told(
    here: Rehearsal, slug: str, region: str, gpu: Gpu | None
) -> None:
    assert _offers(here)[slug, region].gpu == gpu


def test_only_the_processor_that_is_an_arm_is_one(here: Rehearsal) -> None:
    arm = {offer.slug for offer in here.provider.offers() if offer.arch is Arch.AARCH64}
    assert arm == {"vbm-72c-480gb-gh200-gpu"}


def _first_plan(**changes: object) -> Callable[[Any], Any]:
    def alter(body: Any) -> Any:
        plan = body["plans"][0]
        for name, value in changes.items():
            if value is ...:
                del plan[name]
            else:
                plan[name] = value
        return body

    return alter


@pytest.mark.parametrize(
    ("gpu_brand", "hourly"), [("none", "0.00744"), ("NVIDIA", "0.00685")], ids=["672", "730"]
)
@pytest.mark.parametrize("untold", [..., None, 0])
def test_an_hour_that_is_not_told_is_the_month_by_its_cap_of_hours(
    here: Rehearsal, untold: object, gpu_brand: str, hourly: str
) -> None:
    change = _first_plan(hourly_cost=untold, gpu_brand=gpu_brand, tomorrow={"x": 1})
    here.simulator.faults.add(faults.altered(change), path="/v2/plans")
    prices = {o.price_per_hour for o in here.provider.offers() if o.slug == "vc2-1c-1gb"}
    assert prices == {Money.of(hourly)}


@pytest.mark.parametrize("empty", [[], {}, None])
def test_no_regional_prices_may_be_written_in_any_way(here: Rehearsal, empty: object) -> None:
    change = _first_plan(location_cost=empty, gpu_brand=None, gpu_type=None, gpu_vram_gb=None)
    here.simulator.faults.add(faults.altered(change), path="/v2/plans")
    prices = {o.price_per_hour for o in here.provider.offers() if o.slug == "vc2-1c-1gb"}
    assert prices == {Money.of("0.007")}


@pytest.mark.parametrize(
    ("path", "alter", "lacking"),
    [
        ("/v2/account", lambda _: {"account": {"name": "x"}}, "lacks account.email"),
        ("/v2/plans", _first_plan(id=...), "lacks plans.id"),
        ("/v2/plans", _first_plan(vcpu_count=...), "lacks plans.vcpu_count"),
        ("/v2/plans", _first_plan(monthly_cost=...), "lacks plans.monthly_cost"),
        ("/v2/plans", _first_plan(ram="much"), "plans.ram cannot be read"),
        ("/v2/plans", _first_plan(vcpu_count=0), "plans.vcpu_count cannot be read"),
        ("/v2/plans-metal", lambda b: {"plans": b["plans_metal"]}, "lacks the list plans_metal"),
        ("/v2/regions/fra/availability", lambda _: {}, "lacks the list available_plans"),
    ],
    ids=["email", "id", "processors", "month", "text", "none", "the description's key", "stock"],
)
def test_a_missing_field_is_named(
    here: Rehearsal, path: str, alter: Callable[[Any], Any], lacking: str
) -> None:
    here.simulator.faults.add(faults.altered(alter), path=path)
    with pytest.raises(ProviderError, match=re.escape(lacking)) as caught:
        here.provider.account() if path == "/v2/account" else here.provider.offers()
    assert not isinstance(caught.value, ProviderUnavailable)


def test_without_asking_the_regions_the_stock_is_unknown(here: Rehearsal) -> None:
    """What the dialect alone tells, for who needs no stock."""
    api = JsonApi(
        DIALECT.name,
        here.simulator.endpoint,
        auth_headers=DIALECT.auth_headers(SecretStr(here.simulator.token)),
        clock=here.clock,
    )
    change = _first_plan(locations=["ewr", "", "ord"])
    here.simulator.faults.add(faults.altered(change), path="/v2/plans")
    offers = [o for o in RestProvider(DIALECT, api, here.clock).offers() if o.slug == "vc2-1c-1gb"]
    api.close()
    assert {offer.stock for offer in offers} == {Stock.UNKNOWN}
    assert [offer.region for offer in offers] == ["ewr", "ord"]
    assert here.sent("GET", "/v2/regions/.*") == []


def test_a_region_that_does_not_answer_makes_no_list_without_it(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.status(503), path="/v2/regions/fra/availability", times=99)
    with pytest.raises(ProviderUnavailable):
        here.provider.offers()


def test_plans_may_be_looked_at_without_a_key_and_never_with_a_wrong_one(here: Rehearsal) -> None:
    """So a refused key is told even by what anybody may read."""
    here.simulator.token = "another"
    with pytest.raises(ProviderError, match="invalid API token"):
        here.provider.offers()
