"""What Equinix Metal sold: plans times metros, prices that differ, stock, GPUs in free text."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.equinix.wording import PREFIX
from capsule_domain.errors import ProviderError
from capsule_domain.models.money import Money
from capsule_domain.models.template import Arch, Gpu, Offer, Stock
from tests.simulators.equinix import Rehearsal, rehearsal

PLANS = f"{PREFIX}/plans"
METROS = f"{PREFIX}/locations/metros"
CAPACITY = f"{PREFIX}/capacity/metros"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def _offers(here: Rehearsal) -> dict[tuple[str, str], Offer]:
    return {(offer.slug, offer.region): offer for offer in here.provider.offers()}


def _altered(here: Rehearsal, path: str, alter: Callable[[Any], Any]) -> None:
    here.simulator.faults.add(faults.altered(alter), method="GET", path=path, times=9)


def _each_plan(**changes: object) -> Callable[[Any], Any]:
    return lambda body: {"plans": [{**plan, **changes} for plan in body["plans"]]}


def _specs(**changes: object) -> Callable[[Any], Any]:
    def alter(body: Any) -> Any:
        return {"plans": [{**p, "specs": {**p["specs"], **changes}} for p in body["plans"]]}

    return alter


def test_lists_that_have_no_pages_are_asked_for_whole(here: Rehearsal) -> None:
    here.provider.offers()
    here.provider.regions()
    assert {request.path for request in here.sent("GET")} == {PLANS, METROS, CAPACITY}
    assert all(request.query == {} for request in here.sent("GET"))


def test_a_metro_may_be_dearer_and_a_month_has_730_hours(here: Rehearsal) -> None:
    offers = _offers(here)
    usual, dear = offers["c3.medium.x86", "da"], offers["c3.medium.x86", "sg"]
    assert (usual.price_per_hour, usual.price_per_month) == (Money.of("1.1"), Money.of("803"))
    assert (dear.price_per_hour, dear.price_per_month) == (Money.of("1.32"), Money.of("963.6"))
    assert usual.as_of == here.clock.now()


def test_a_plan_is_sold_in_the_metros_that_it_links_to(here: Rehearsal) -> None:
    offers = _offers(here)
    assert {region for slug, region in offers if slug == "m3.large.x86"} == {"am", "da"}
    assert offers["m3.large.x86", "am"].regions == ("am", "da")
    assert len({region for slug, region in offers if slug == "c3.small.x86"}) == 7


def test_stock_is_the_capacity_of_the_metro(here: Rehearsal) -> None:
    offers = _offers(here)
    assert offers["c3.small.x86", "da"].stock is Stock.AVAILABLE
    assert offers["s3.xlarge.x86", "da"].stock is Stock.LIMITED
    assert offers["m3.large.x86", "am"].stock is Stock.NONE


@pytest.mark.parametrize("capacity", [{}, {"da": {}}, {"da": {"c3.small.x86": {"level": "some"}}}])
def test_stock_that_is_not_told_is_unknown(here: Rehearsal, capacity: object) -> None:
    _altered(here, CAPACITY, lambda _: {"capacity": capacity})
    assert _offers(here)["c3.small.x86", "da"].stock is Stock.UNKNOWN


def test_cores_memory_and_disk_are_read_out_of_words(here: Rehearsal) -> None:
    offers = _offers(here)
    sizes = {
        slug: (offer.vcpus, offer.memory_mib // 1024, offer.disk_gib)
        for (slug, region), offer in offers.items()
        if region == "da"
    }
    assert sizes["c3.small.x86"] == (8, 32, 960)
    # Two processors; disks of several sizes, one in TB.
    assert sizes["s3.xlarge.x86"] == (24, 192, 1920)
    assert sizes["m3.large.x86"] == (32, 256, 8560)


def test_a_processor_that_does_not_say_its_cores_has_one_at_least(here: Rehearsal) -> None:
    _altered(here, PLANS, _specs(cpus=[{"count": 2, "type": "Cavium ThunderX"}]))
    assert {offer.vcpus for offer in here.provider.offers()} == {2}


def test_numbers_beyond_reason_are_no_crash(here: Rehearsal) -> None:
    endless = "9" * 5000
    _altered(
        here,
        PLANS,
        _specs(
            cpus=[{"count": 1, "type": f"{endless}-Core"}],
            memory={"total": f"{endless}GB"},
            gpu=f"{endless} x NVIDIA T4 {endless}GB",
        ),
    )
    assert all(offer.vcpus < 1_000_000 for offer in here.provider.offers())


def test_the_architecture_is_in_the_name(here: Rehearsal) -> None:
    arch = {slug: offer.arch for (slug, _), offer in _offers(here).items()}
    assert arch.pop("c3.large.arm64") is Arch.AARCH64
    assert set(arch.values()) == {Arch.X86_64}


@pytest.mark.parametrize(
    ("told", "gpu"),
    [
        ([{"count": 2, "type": "NVIDIA Tesla V100 32GB"}], ("NVIDIA Tesla V100", 2, 32)),
        ([{"count": 1, "type": "NVIDIA P40"}], ("NVIDIA P40", 1, 0)),
        ("2 x NVIDIA A100 (80 GB)", ("NVIDIA A100", 2, 80)),
        ({"type": "AMD Instinct MI210 64GB"}, ("AMD Instinct MI210", 1, 64)),
        ("a card of tomorrow", ("a card of tomorrow", 1, 0)),
        (None, None),
        ([], None),
        ({}, None),
        (7, None),
    ],
)
def test_a_gpu_is_in_no_description_and_read_in_any_words(
    here: Rehearsal, told: object, gpu: tuple[str, int, int] | None
) -> None:
    _altered(here, PLANS, _specs(gpu=told))
    model, count, gib = gpu or ("", 1, 0)
    expected = Gpu(model=model, count=count, memory_gib=gib) if gpu else None
    assert {offer.gpu for offer in here.provider.offers()} == {expected}


def test_a_gpu_may_be_in_the_free_text_only(here: Rehearsal) -> None:
    _altered(here, PLANS, _each_plan(description="x2: 1 x NVIDIA T4 16GB, for inference"))
    found = _offers(here)["c3.small.x86", "da"].gpu
    assert found == Gpu(model="NVIDIA T4", count=1, memory_gib=16)


@pytest.mark.parametrize(
    "changes",
    [
        {"pricing": {}, "available_in_metros": []},
        {"pricing": {}},
        {"pricing": {"hour": 0}},
        {"deployment_types": []},
        {"deployment_types": ["spot_market"]},
        {"specs": {}},
        {"specs": {"cpus": [{"count": 1}], "memory": {"total": "much"}}},
    ],
)
def test_what_has_no_price_no_size_or_is_not_rented_at_once_is_no_offer(
    here: Rehearsal, changes: dict[str, object]
) -> None:
    _altered(here, PLANS, _each_plan(**changes))
    offers = [o for o in here.provider.offers() if o.slug != "c3.medium.x86"]
    assert offers == []


def test_plans_by_reservation_and_of_no_told_size_are_left_out(here: Rehearsal) -> None:
    slugs = {slug for slug, _ in _offers(here)}
    assert not slugs & {"w3amd.75xx24c.256.4320.x86", "baremetal_unsized"}


def test_a_link_to_an_unknown_metro_is_passed_over(here: Rehearsal) -> None:
    places = [{"href": "/metal/v1/locations/metros/of-tomorrow"}]
    _altered(here, PLANS, _each_plan(available_in_metros=places))
    assert here.provider.offers() == []


@pytest.mark.parametrize(
    ("path", "answer", "lacking"),
    [
        (PLANS, {}, "lacks the list plans"),
        (PLANS, {"plans": [{"name": "x"}]}, "lacks plans.slug"),
        (METROS, {"metros": [{"code": "da"}]}, "lacks metros.id"),
        (CAPACITY, {"capacity": []}, "lacks the list capacity"),
        (CAPACITY, {"capacity": {"da": 7}}, "capacity.levels"),
    ],
)
def test_a_missing_field_is_named(here: Rehearsal, path: str, answer: object, lacking: str) -> None:
    _altered(here, path, lambda _: answer)
    with pytest.raises(ProviderError, match=lacking):
        here.provider.offers()
