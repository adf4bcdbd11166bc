"""What Linode sells: types times regions, prices that differ, stock that is told of some."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from capsule_adapters.sandbox import faults
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.template import Gpu, Stock
from tests.simulators.linode import Rehearsal, rehearsal
from tests.simulators.linode_calls import (
    REGIONS,
    TYPES,
    altered,
    booted,
    each,
    rental,
)
from tests.tools import shared_file


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def _recorded(name: str) -> Any:
    return json.loads(
        shared_file(f"specs/recorded/linode.{name}.json").read_text(encoding="utf-8"),
        parse_float=Decimal,
    )


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
    dear = booted(here, region="br-gru")
    usual = booted(here, name="usual")
    prices = {s.server_id: s.price_per_hour for s in here.provider.servers()}
    assert prices == {dear: Money.of("0.0105"), usual: Money.of("0.0075")}
    asked = here.simulator.count("GET", TYPES)
    here.provider.server(dear)
    assert here.simulator.count("GET", TYPES) == asked


def test_servers_are_shown_without_a_price_when_there_is_none_to_be_had(here: Rehearsal) -> None:
    server_id = here.provider.create(rental()).server_id
    here.simulator.faults.add(faults.status(503), path=TYPES, times=99)
    assert here.provider.server(server_id).price_per_hour is None
    here.simulator.faults.clear()
    assert here.provider.server(server_id).price_per_hour is None
    here.clock.advance(61)
    assert here.provider.server(server_id).price_per_hour == Money.of("0.0075")


def test_renting_never_waits_for_a_price(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.status(503), path=TYPES, times=99)
    assert here.provider.create(rental()).status is ServerStatus.PENDING
    assert here.simulator.count("GET", TYPES) == 0


@pytest.mark.parametrize(
    "price",
    [None, {"hourly": None, "monthly": None}, {"hourly": 0.1, "monthly": None}],
    ids=["none", "empty", "no month"],
)
def test_a_type_without_a_price_is_no_offer(here: Rehearsal, price: object) -> None:
    altered(here, TYPES, each(price=price, region_prices=[]))
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
    altered(here, TYPES, each(id="g9-gpu-next", label="Next x1", gpus=1, **{"class": "gpu"}))
    unknown = {o.gpu for o in here.provider.offers()}
    assert unknown == {Gpu(model="Next x1", count=1, memory_gib=0)}


def test_a_region_with_an_outage_is_left_out(here: Rehearsal) -> None:
    altered(here, REGIONS, each(status="outage"), times=1)
    assert len(here.provider.regions()) == 6


def test_every_recorded_region_is_read(here: Rehearsal) -> None:
    recorded = _recorded("regions")
    altered(here, REGIONS, lambda _: json.loads(json.dumps(recorded, default=float)))
    regions = here.provider.regions()
    assert {r.region for r in regions} == {r["id"] for r in recorded["data"]}
    assert len(regions) == 34
    assert all(re.fullmatch("[A-Z]{2}", r.country) for r in regions)
    assert {r.name for r in regions if r.region == "za-jnb-edge-1"} == {"Edge - Johannesburg, ZA"}


def test_every_recorded_type_is_read_at_the_price_of_each_recorded_region(here: Rehearsal) -> None:
    types, regions = _recorded("types"), _recorded("regions")
    altered(here, TYPES, lambda _: json.loads(json.dumps(types, default=float)))
    altered(here, REGIONS, lambda _: json.loads(json.dumps(regions, default=float)))
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
