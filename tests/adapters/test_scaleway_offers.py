"""What Scaleway sells: types by zone, in euros, with the stock; every recorded product."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from capsule_adapters.presets.catalogue import TomlCatalogue
from capsule_adapters.providers.scaleway.products import Product, offers_in
from capsule_adapters.rest.wire import Reading
from capsule_adapters.sandbox import faults
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.template import Arch, Gpu, Offer, Stock
from tests.simulators.scaleway import Rehearsal, rehearsal
from tests.simulators.scaleway_calls import STOCK, TYPES, altered, booted, rental
from tests.tools import shared_file

READING = Reading("scaleway", datetime(2026, 11, 23, tzinfo=UTC))


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal(page_size=100) as made:
        yield made


@pytest.fixture
def offers(here: Rehearsal) -> dict[tuple[str, str], Offer]:
    return {(o.slug, o.region): o for o in here.provider.offers()}


def _shared(name: str) -> Any:
    text = shared_file(f"specs/{name}").read_text(encoding="utf-8")
    return json.loads(text, parse_float=Decimal)


def test_every_recorded_product_is_read_whole() -> None:
    recorded = _shared("recorded/scaleway.products.json")
    assert len(recorded) == 298
    seen = {"sold": 0, "arm64": 0, "gpu": 0, "local": 0}
    for key, raw in recorded.items():
        name, _, zone = key.partition("@")
        [product] = Product.read((name, raw), READING)
        assert (product.name, product.ncpus, product.ram) == (name, raw["ncpus"], raw["ram"])
        assert product.per_hour == Money.of(raw["hourly_price"], "EUR")
        assert product.per_month == Money.of(raw["monthly_price"], "EUR")
        assert product.local_bytes == raw["volumes_constraint"]["max_size"]
        made = list(offers_in(zone, "recorded")(READING, [product], []))
        assert len(made) == (0 if raw["end_of_service"] or name.endswith("-WIN") else 1)
        for offer in made:
            assert (offer.region, offer.vcpus) == (zone, raw["ncpus"])
            assert offer.memory_mib * 2**20 == raw["ram"]
            assert (offer.gpu.count if offer.gpu else 0) == raw["gpu"]
            seen["sold"] += 1
            seen["arm64"] += offer.arch is Arch.AARCH64
            seen["gpu"] += offer.gpu is not None
            seen["local"] += offer.disk_gib > 0
    windows = sum(1 for key in recorded if key.partition("@")[0].endswith("-WIN"))
    ended = sum(1 for raw in recorded.values() if raw["end_of_service"])
    assert seen == {"sold": 298 - windows - ended, "arm64": 27, "gpu": 5, "local": 29}


def test_prices_are_the_catalogues_to_the_digit(offers: dict[tuple[str, str], Offer]) -> None:
    wanted = [t for t in _shared("catalogue.json")["templates"] if t["provider"] == "scaleway"]
    ours = {t.template: t for t in TomlCatalogue().templates() if t.provider == "scaleway"}
    assert {t["id"] for t in wanted} == ours.keys()
    for template in wanted:
        shipped = ours[template["id"]]
        live = offers[template["slug"], shipped.regions[0]]
        for told in (shipped, live):
            assert told.price_per_hour == Money.of(template["price_hourly"], "EUR")
            assert told.price_per_month == Money.of(template["price_monthly"], "EUR")
            assert (told.vcpus, told.disk_gib) == (template["vcpu"], template["disk_gb"])
            assert told.memory_mib == template["ram_gb"] * 1024
        assert shipped.sourced
        assert (live.gpu is None) == (template["gpu"] is None)


def test_the_catalogues_regions_are_zones_with_the_originals_names(here: Rehearsal) -> None:
    zones = {region.region: region for region in here.provider.regions()}
    shipped = [r for r in TomlCatalogue().regions() if r.provider == "scaleway"]
    told = _shared("catalogue.json")["regions"]["scaleway"]
    assert {r.region: r.aliases for r in shipped} == {r["id"]: (r["original"],) for r in told}
    for region in shipped:
        live = zones[region.region]
        assert (region.name, region.country) == (live.name, live.country)


def test_the_stock_is_told_in_three_words(offers: dict[tuple[str, str], Offer]) -> None:
    assert offers["DEV1-S", "fr-par-1"].stock is Stock.AVAILABLE
    assert offers["GP1-S", "fr-par-1"].stock is Stock.LIMITED
    assert offers["PLAY2-PICO", "fr-par-1"].stock is Stock.NONE


@pytest.mark.parametrize("row", [{}, {"availability": "soon"}])
def test_stock_that_is_not_told_is_unknown(here: Rehearsal, row: object) -> None:
    altered(here, STOCK, lambda body: {"servers": {**body["servers"], "DEV1-S": row}})
    assert _stock_of_dev1(here) == {Stock.UNKNOWN}


def test_stock_of_what_is_not_in_the_list_is_unknown(here: Rehearsal) -> None:
    # Renamed and not left out: a list shorter than it says it is would not be believed.
    altered(here, STOCK, lambda body: {"servers": {f"x{k}": v for k, v in _map(body)}})
    assert _stock_of_dev1(here) == {Stock.UNKNOWN}


def _stock_of_dev1(here: Rehearsal) -> set[Stock]:
    offers = here.provider.offers()
    return {o.stock for o in offers if (o.slug, o.region) == ("DEV1-S", "fr-par-1")}


def test_each_zone_sells_its_own(offers: dict[tuple[str, str], Offer]) -> None:
    assert {region for slug, region in offers if slug == "H100-1-80G"} == {"fr-par-2"}
    assert {region for slug, region in offers if slug == "DEV1-S"} == {
        "fr-par-1",
        "nl-ams-2",
        "pl-waw-1",
    }
    assert all(offer.regions == (region,) for (_, region), offer in offers.items())


def test_what_cannot_be_rented_for_linux_is_not_offered(
    here: Rehearsal, offers: dict[tuple[str, str], Offer]
) -> None:
    slugs = {slug for slug, _ in offers}
    assert "STANDARD2-A2C-8G" in slugs
    assert not slugs & {"START1-S", "POP2-2C-8G-WIN"}
    altered(here, TYPES, lambda body: {"servers": {k: {**v, "arch": "arm"} for k, v in _map(body)}})
    assert not any(offer.region == "fr-par-1" for offer in here.provider.offers())


def _map(body: Any) -> Any:
    return body["servers"].items()


def test_a_card_is_one_of_several(offers: dict[tuple[str, str], Offer]) -> None:
    assert offers["L4-2-24G", "fr-par-1"].gpu == Gpu(model="NVIDIA L4", count=2, memory_gib=24)
    assert offers["RENDER-S", "fr-par-1"].gpu == Gpu(model="NVIDIA P100", count=1, memory_gib=16)


def test_cards_that_are_not_described_are_counted_nevertheless() -> None:
    raw = _shared("recorded/scaleway.products.json")["L4-2-24G@fr-par-1"]
    [product] = Product.read(("L4-2-24G", {**raw, "gpu_info": None}), READING)
    assert product.cards() == Gpu(model="GPU", count=2, memory_gib=0)


def test_a_month_is_730_hours_where_no_price_of_one_is_told() -> None:
    raw = _shared("recorded/scaleway.products.json")["DEV1-S@fr-par-1"]
    without = {k: v for k, v in raw.items() if k != "monthly_price"}
    [product] = Product.read(("DEV1-S", without), READING)
    assert product.per_month == Money.of(Decimal("6.55248"), "EUR")


def test_a_server_has_the_price_of_its_zone_asked_for_once(here: Rehearsal) -> None:
    server_id = booted(here)
    assert here.provider.server(server_id).price_per_hour == Money.of("0.008976", "EUR")
    asked = here.simulator.count("GET", TYPES)
    here.provider.server(server_id)
    assert here.simulator.count("GET", TYPES) == asked


def test_servers_are_shown_without_a_price_when_there_is_none_to_be_had(here: Rehearsal) -> None:
    server_id = here.provider.create(rental()).server_id
    here.simulator.faults.add(faults.status(503), path=TYPES, times=99)
    server = here.provider.server(server_id)
    assert (server.price_per_hour, server.status) == (None, ServerStatus.PENDING)
