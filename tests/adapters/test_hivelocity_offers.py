"""What Hivelocity sells, in words for people, over its rehearsal."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from capsule_adapters.presets.catalogue import TomlCatalogue
from capsule_adapters.providers.hivelocity.products import OFFERS, Product
from capsule_adapters.rest.wire import Reading
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.hivelocity import stock
from capsule_domain.errors import ProviderError, ProviderUnavailable
from capsule_domain.models.money import Money
from capsule_domain.models.template import Gpu, Offer, Region, Stock
from tests.simulators.hivelocity import BASE, Rehearsal, rehearsal

PRODUCTS = f"{BASE}/inventory/product"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def _offers(here: Rehearsal) -> Mapping[tuple[str, str], Offer]:
    return {(offer.slug, offer.region): offer for offer in here.provider.offers()}


def _read(**changes: object) -> Mapping[tuple[str, str], Offer]:
    """The offers of 474 in all places, when its row in Tampa is changed so."""
    product = stock.PRODUCTS[474]
    rows = [stock.row(product, place) for place in stock.LOCATIONS]
    rows[0] = _changed(rows[0], changes)
    reading = Reading("hivelocity", datetime(2026, 11, 23, tzinfo=UTC))
    offers = OFFERS.join(reading, [p for row in rows for p in Product.each(row, reading)])
    return {(offer.slug, offer.region): offer for offer in offers}


def _changed(row: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, Any]:
    """`...` takes a field away."""
    return {name: value for name, value in {**row, **changes}.items() if value is not ...}


def test_a_real_row_is_read_whole(here: Rehearsal) -> None:
    """A row of ci.nano.s2 as the cloud gave it to others."""
    offer = _offers(here)["474", "TPA1"]
    assert (offer.template, offer.name) == ("474", "ci.nano.s2")
    assert (offer.vcpus, offer.memory_mib, offer.disk_gib, offer.gpu) == (6, 16384, 960, None)
    assert offer.price_per_hour == Money.of("0.14")
    assert offer.stock is Stock.AVAILABLE
    assert offer.source == "hivelocity /inventory/product"
    assert offer.as_of == here.clock.now()


def test_every_shelf_is_asked_for_rows_and_not_for_groups(here: Rehearsal) -> None:
    here.provider.offers()
    asked = here.sent("GET", PRODUCTS)
    assert {request.query["group_by"] for request in asked} == {"flat"}
    assert [request.query["location"] for request in asked] == [
        "MAIN",
        "GPU",
        "OUTLET",
        "LANDING",
        "MASSIVESTORAGE",
    ]


def test_groups_in_place_of_rows_are_told_and_not_taken_for_nothing(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.altered(lambda rows: {"TPA1": rows}), path=PRODUCTS)
    with pytest.raises(ProviderError, match="the answer is not a list"):
        here.provider.offers()


def test_the_premium_of_a_place_is_added_to_the_price(here: Rehearsal) -> None:
    offers = _offers(here)
    assert offers["474", "LAX2"].price_per_hour == Money.of("0.16")
    assert offers["474", "TPA1"].price_per_hour == Money.of("0.14")


@pytest.mark.parametrize("premium", [None, 0, ...])
def test_no_premium_may_be_written_in_any_way(premium: object) -> None:
    offers = _read(hourly_location_premium=premium)
    assert offers["474", "TPA1"].price_per_hour == Money.of("0.14")


def test_a_month_is_what_its_hours_cost_and_not_the_price_of_a_term(here: Rehearsal) -> None:
    assert _offers(here)["474", "TPA1"].price_per_month == Money.of("102.20")


def test_stock_is_told_of_each_place(here: Rehearsal) -> None:
    offers = _offers(here)
    assert offers["474", "AMS1"].stock is Stock.NONE
    assert offers["474", "MIA1"].stock is Stock.LIMITED
    assert _read(stock="somewhere")["474", "TPA1"].stock is Stock.UNKNOWN
    assert offers["801", "NYC1"].regions == ("NYC1",)


@pytest.mark.parametrize("slug", ["444", "555"])
def test_what_has_a_term_or_is_built_first_is_not_offered(here: Rehearsal, slug: str) -> None:
    assert not any(offer.slug == slug for offer in here.provider.offers())


@pytest.mark.parametrize(
    "changes",
    [
        {"product_hourly_price": None},
        {"product_hourly_price": 0},
        {"product_disabled_billing_periods": ["hourly"]},
        {"is_sps": False},
        {"product_memory": "plenty"},
        {"product_memory": ""},
        {"processor_info": None, "product_cpu_cores": "many"},
    ],
    ids=str,
)
def test_what_has_no_price_or_no_size_is_left_out(changes: dict[str, object]) -> None:
    offers = _read(**changes)
    assert ("474", "TPA1") not in offers
    assert ("474", "NYC1") in offers


@pytest.mark.parametrize(
    ("changes", "vcpus"),
    [
        ({}, 6),
        ({"processor_info": {}}, 6),
        ({"processor_info": None}, 6),
        ({"processor_info": ..., "product_cpu_cores": "<b>24&nbsp;cores</b>/48 threads"}, 24),
        ({"processor_info": None, "product_cpu_cores": "2 vCPU"}, 2),
    ],
    ids=str,
)
def test_processors_are_cores_by_number_or_else_by_word(
    changes: dict[str, object], vcpus: int
) -> None:
    assert _read(**changes)["474", "TPA1"].vcpus == vcpus


@pytest.mark.parametrize(
    ("text", "mib"),
    [("32GB", 32768), ("32 GB DDR4", 32768), ("<b>1.5TB</b>", 1572864), ("4 x 16GB", 65536)],
)
def test_memory_is_read_from_words(text: str, mib: int) -> None:
    assert _read(product_memory=text)["474", "TPA1"].memory_mib == mib


@pytest.mark.parametrize(
    ("text", "gib"),
    [
        ("960GB SSD", 960),
        ("1 x 960GB SSD", 960),
        ("2 x 960GB SSD", 1920),
        ("2x1.92TB NVMe", 3840),
        ("1 x 480GB SSD, 2 x 4TB SATA", 8480),
        ("2 x 480GB SSD<br/>12 x 8 TB SAS", 96960),
        ("as you like", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_all_drives_are_counted(text: str | None, gib: int) -> None:
    assert _read(product_drive=text)["474", "TPA1"].disk_gib == gib


@pytest.mark.parametrize(
    ("text", "gpu"),
    [
        ("None", None),
        ("none", None),
        ("N/A", None),
        ("", None),
        (None, None),
        ("NVIDIA Tesla T4", Gpu(model="NVIDIA Tesla T4", count=1, memory_gib=0)),
        ("1 x NVIDIA A2 16GB", Gpu(model="NVIDIA A2", count=1, memory_gib=16)),
        ("8 x NVIDIA A100 (80GB)", Gpu(model="NVIDIA A100", count=8, memory_gib=80)),
        ("2x <b>RTX 4090</b> 24 GB GDDR6", Gpu(model="RTX 4090 GDDR6", count=2, memory_gib=24)),
        ("0 x Nothing", Gpu(model="Nothing", count=1, memory_gib=0)),
    ],
)
def test_a_gpu_is_read_from_words(text: str | None, gpu: Gpu | None) -> None:
    assert _read(product_gpu=text)["474", "TPA1"].gpu == gpu


def test_gpus_are_on_a_shelf_of_their_own(here: Rehearsal) -> None:
    gpus = {slug: offer.gpu for (slug, _), offer in _offers(here).items() if offer.gpu}
    assert gpus == {
        "702": Gpu(model="NVIDIA RTX 4090", count=1, memory_gib=24),
        "801": Gpu(model="NVIDIA A100", count=8, memory_gib=80),
    }


def test_a_product_on_two_shelves_is_one_offer(here: Rehearsal) -> None:
    offers = [offer for offer in here.provider.offers() if offer.slug == "474"]
    assert len(offers) == len({offer.region for offer in offers}) == 6


def test_regions_have_their_city_and_country(here: Rehearsal) -> None:
    regions = here.provider.regions()
    assert Region(provider="hivelocity", region="TPA1", name="Tampa", country="US") in regions
    known = {r.region for r in TomlCatalogue().regions() if r.provider == "hivelocity"}
    assert known <= {region.region for region in regions}


def test_a_region_of_which_little_is_told_is_one(here: Rehearsal) -> None:
    told = faults.altered(lambda _: [{"code": "XYZ1", "title": "Nowhere 1", "location": None}])
    here.simulator.faults.add(told, path=f"{BASE}/inventory/locations")
    assert here.provider.regions() == [
        Region(provider="hivelocity", region="XYZ1", name="Nowhere 1")
    ]


def test_what_the_catalogue_promises_is_sold_at_least_as_large(here: Rehearsal) -> None:
    """Without a slug, the cheapest that is in stock and as large is taken there."""
    offers = _offers(here).values()
    for template in (t for t in TomlCatalogue().templates() if t.provider == "hivelocity"):
        assert [
            offer
            for offer in offers
            if offer.stock is Stock.AVAILABLE
            and offer.vcpus >= template.vcpus
            and offer.memory_mib >= template.memory_mib
            and (template.gpu is None or offer.gpu == template.gpu)
        ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"product_id": ...}, "lacks product_id"),
        ({"data_center": ...}, "lacks data_center"),
        ({"stock": ...}, "lacks stock"),
        ({"product_hourly_price": ...}, "lacks product_hourly_price"),
        ({"product_memory": ...}, "lacks product_memory"),
        ({"product_memory": 32}, "product_memory cannot be read"),
        ({"product_hourly_price": "cheap"}, "product_hourly_price cannot be read"),
    ],
    ids=str,
)
def test_a_field_that_is_needed_is_named(
    here: Rehearsal, changes: dict[str, object], said: str
) -> None:
    wrong = faults.altered(lambda rows: [_changed(rows[0], changes)])
    here.simulator.faults.add(wrong, path=PRODUCTS)
    with pytest.raises(ProviderError, match=re.escape(said)) as caught:
        here.provider.offers()
    assert not isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize("shelf", [0, 1, 4])
def test_a_shelf_that_does_not_answer_makes_no_list_without_it(here: Rehearsal, shelf: int) -> None:
    here.simulator.faults.add(faults.status(503), path=PRODUCTS, times=99, after=shelf)
    with pytest.raises(ProviderUnavailable):
        here.provider.offers()


@pytest.mark.parametrize("alter", [lambda _: None, lambda _: {"message": "no"}, lambda _: "rows"])
def test_what_is_no_list_is_an_error(here: Rehearsal, alter: Callable[[Any], Any]) -> None:
    here.simulator.faults.add(faults.altered(alter), path=PRODUCTS)
    with pytest.raises(ProviderError):
        here.provider.offers()
