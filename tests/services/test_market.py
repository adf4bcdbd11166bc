"""Asking several clouds at once, each for itself."""

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from capsule_domain.errors import CredentialsMissing, ProviderUnavailable
from capsule_domain.models.money import Money
from capsule_domain.models.price_list import PriceList
from capsule_domain.models.template import Gpu, Offer, Stock, Template
from capsule_domain.ports.provider import Provider
from capsule_domain.services.market import Connect, Market, offers_heard
from capsule_domain.services.naming import named
from tests.fakes.clock import FakeClock
from tests.fakes.offers import offer
from tests.fakes.price_lists import FakePriceLists
from tests.fakes.provider import FakeProvider

CLOCK = FakeClock()


def cloud(name: str, *offers: Offer, fails: bool = False) -> FakeProvider:
    error = ProviderUnavailable(name, "no answer") if fails else None
    return FakeProvider(offers_=offers, name=name, fails=error)


def market(
    *clouds: Provider,
    catalogue: Sequence[Template] = (),
    deadline_seconds: float = 20.0,
    also: Mapping[str, Connect] | None = None,
) -> Market:
    known: dict[str, Connect] = {}
    for each in clouds:
        known[each.name] = lambda each=each: each  # type: ignore[misc]
    return Market(known | dict(also or {}), catalogue, CLOCK, deadline_seconds)


def template(name: str, slug: str = "", provider: str = "one", **fields: object) -> Template:
    size = offer(slug, "west", provider=provider).model_dump(exclude={"region"})
    return Template(**{**size, "template": name, **fields})


def small(region: str, hourly: str = "0.01", provider: str = "one") -> Offer:
    return offer("s-1", region, hourly, provider=provider)


def test_all_clouds_are_asked_and_known_slugs_bear_the_catalogues_names() -> None:
    first, second = cloud("one", small("west")), cloud("two", small("east", provider="two"))
    heard = market(first, second, catalogue=[template("basic", "s-1")]).ask()
    assert [one.provider for one in heard] == ["one", "two"]
    assert [(o.provider, o.template) for o in offers_heard(heard)] == [
        ("one", "basic"),
        ("two", "s-1"),
    ]
    assert [one.prices.asked_at for one in heard if one.prices] == [CLOCK.now(), CLOCK.now()]


def test_a_cloud_that_fails_does_not_fail_the_others() -> None:
    heard = market(cloud("one", fails=True), cloud("two", small("east", provider="two"))).ask()
    assert isinstance(heard[0].error, ProviderUnavailable)
    assert heard[0].prices is None
    assert [o.provider for o in offers_heard(heard)] == ["two"]


def test_a_cloud_that_cannot_be_connected_is_one_that_fails() -> None:
    def connect() -> Provider:
        raise CredentialsMissing("three", "THREE_API_KEY")

    heard = market(cloud("one", small("west")), also={"three": connect}).ask()
    assert [one.provider for one in heard if one.error] == ["three"]


def test_who_is_not_heard_in_time_is_left_behind_and_the_others_are_not() -> None:
    never = threading.Event()

    class Silent(FakeProvider):
        def offers(self) -> list[Offer]:
            never.wait(20)
            return []

    asked = market(Silent(name="slow"), cloud("one", small("west")), deadline_seconds=0.2)
    heard = asked.ask()
    never.set()
    assert isinstance(heard[0].error, ProviderUnavailable)
    assert heard[0].error.message == "slow: no answer within 0.2 s"
    assert heard[1].error is None


def test_all_are_asked_at_the_same_time() -> None:
    gate = threading.Barrier(7, timeout=10)

    class Waiting(FakeProvider):
        def offers(self) -> list[Offer]:
            gate.wait()
            return []

    heard = market(*(Waiting(name=f"cloud{n}") for n in range(7))).ask()
    assert [one.error for one in heard] == [None] * 7


def test_a_bug_is_not_taken_for_a_silent_cloud() -> None:
    def connect() -> Provider:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        market(also={"one": connect}).ask()


def test_an_answer_is_kept_and_stands_in_when_the_cloud_is_silent() -> None:
    lists = FakePriceLists()
    market(cloud("one", small("west"))).ask_and_keep(lists)
    kept = lists.lists["one"]
    [heard] = market(cloud("one", fails=True)).ask_and_keep(lists)
    assert heard.prices == kept
    assert isinstance(heard.error, ProviderUnavailable)
    assert lists.lists["one"] == kept


def test_what_costs_another_price_than_the_last_time_is_told() -> None:
    before = PriceList(
        provider="one",
        asked_at=CLOCK.now() - timedelta(days=3),
        offers=(small("west"), small("east"), offer("gone", "west", provider="one")),
    )
    lists = FakePriceLists(before)
    now = cloud("one", small("west", "0.02"), small("east"), offer("new", "west", provider="one"))
    [heard] = market(now, catalogue=[template("basic", "s-1")]).ask_and_keep(lists)
    [change] = heard.changes
    assert (change.template, change.region, change.since) == ("basic", "west", before.asked_at)
    assert (change.old_price_per_hour, change.price_per_hour) == (
        Money.of("0.01"),
        Money.of("0.02"),
    )
    [again] = market(now).ask_and_keep(lists)
    assert again.changes == ()


def test_a_damaged_list_is_told_and_written_anew() -> None:
    lists = FakePriceLists(damaged=("one",))
    [heard] = market(cloud("one", small("west"))).ask_and_keep(lists)
    assert heard.trouble is not None
    assert heard.prices == lists.kept("one")


def test_a_full_disk_costs_the_keeping_and_not_the_answer() -> None:
    lists = FakePriceLists()
    lists.full_disk = True
    [heard] = market(cloud("one", small("west"))).ask_and_keep(lists)
    assert heard.prices is not None
    assert heard.trouble is not None


METAL = (
    offer("101", "ATL2", "0.30", "200", 8, 32768, provider="one"),
    offer("102", "ATL2", "0.20", "150", 8, 16384, provider="one"),
    offer("103", "ATL2", "0.10", "75", 8, 32768, provider="one", stock=Stock.NONE),
    offer("104", "TPA1", "0.40", "280", 24, 65536, provider="one"),
    offer("105", "TPA1", "0.05", "40", 64, 131072, provider="other"),
)


def test_a_template_without_a_slug_is_the_cheapest_in_stock_that_is_as_large() -> None:
    wanted = template("metal-small", vcpus=4, memory_mib=16384)
    found = {(o.template, o.region): o.slug for o in named(METAL, [wanted])}
    assert found["metal-small", "ATL2"] == "102"
    assert found["metal-small", "TPA1"] == "104"
    assert ("101", "ATL2") in found
    assert ("102", "ATL2") not in found


def test_one_offer_may_stand_in_for_two_templates() -> None:
    both = [template("a", vcpus=4, memory_mib=1024), template("b", vcpus=24, memory_mib=1024)]
    found = sorted((o.template, o.slug) for o in named(METAL, both) if o.region == "TPA1")
    assert found == [("105", "105"), ("a", "104"), ("b", "104")]


def test_a_template_with_a_gpu_is_never_one_without() -> None:
    card = Gpu(model="RTX 4090", count=1, memory_gib=24)
    wanted = template("metal-gpu", vcpus=1, memory_mib=1024, gpu=card)
    assert "metal-gpu" not in {o.template for o in named(METAL, [wanted])}
    with_card = METAL[0].model_copy(update={"gpu": card, "slug": "201"})
    found = [o.slug for o in named([*METAL, with_card], [wanted]) if o.template == "metal-gpu"]
    assert found == ["201"]
