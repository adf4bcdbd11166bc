"""Advice: what would cost less, what hardly works, and what nobody knows."""

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from capsule_adapters.probes.monitor import ProbingMonitor
from capsule_adapters.store.samples import SqliteSamples
from capsule_domain.models.advice import Advice
from capsule_domain.models.billing import Terms
from capsule_domain.models.health import Health
from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Metrics, Observation
from capsule_domain.models.money import Money, Rates
from capsule_domain.models.requirements import Requirements
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.template import Gpu, Offer, Stock
from capsule_domain.models.xnode import XNode
from capsule_domain.services.advice import Advise
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.monitor import FakeMonitor
from tests.fakes.offers import offer
from tests.fakes.probes import FakeProbes
from tests.services.test_cost import xnode

RATES = Rates(
    as_of=datetime(2026, 11, 23, tzinfo=UTC), source="a test", usd_per={"EUR": Decimal(1)}
)
SIZE = offer("do-basic-1", "ams3", "0.03", "20", 2, 4096, provider="digitalocean")


def advised(*xnodes: XNode, offers: tuple[Offer, ...] = (), **given: Any) -> Advice:
    clock = given.pop("clock", None) or FakeClock()
    monitor = given.pop("monitor", None) or FakeMonitor(clock)
    advise = Advise(
        inventory=FakeInventory(xnodes),
        monitor=monitor,
        clock=clock,
        rates=RATES,
        terms=given.pop("terms", lambda _: Terms()),
        unfit=given.pop("unfit", {}),
    )
    return advise.run((SIZE, *offers), **given)


def test_the_cheapest_with_at_least_the_same_is_named_with_what_it_saves() -> None:
    found = advised(
        xnode("web", "0.03", "20"),
        offers=(
            offer("tiny", "ams3", "0.001", "1", 1, 4096),
            offer("small-memory", "ams3", "0.001", "1", 2, 2048),
            offer("gone", "ams3", "0.001", "1", 2, 4096, stock=Stock.NONE),
            offer("fits", "west", "0.01", "12", 2, 4096),
            offer("bigger", "west", "0.01", "11", 4, 8192),
        ),
    )
    [better] = found.cheaper
    assert (better.xnode, better.offer.template) == ("web", "bigger")
    assert (better.saves_per_month, better.percent) == (Money.of(9), Decimal("45.0"))


def test_what_is_the_cheapest_already_is_not_advised_against() -> None:
    assert advised(xnode("web", "0.03", "20")).cheaper == ()
    cut = advised(xnode("web", "0.04", "30"))  # the price was cut since
    assert [c.saves_per_month for c in cut.cheaper] == [Money.of(10)]


def test_a_region_bounds_where_to() -> None:
    offers = (
        offer("west", "west", "0.01", "5", 2, 4096),
        offer("near", "ams3", "0.01", "9", 2, 4096),
    )
    found = advised(xnode("web", "0.03", "20"), offers=offers, within=Requirements(region="ams3"))
    assert [c.offer.template for c in found.cheaper] == ["near"]


def test_a_gpu_is_replaced_by_as_many_of_the_same_with_as_much_memory() -> None:
    def with_gpu(name: str, monthly: str, model: str, memory: int) -> Offer:
        gpu = Gpu(model=model, count=1, memory_gib=memory)
        plain = offer(name, "ams3", "0.1", monthly, 8, 65536, provider="digitalocean")
        return plain.model_copy(update={"gpu": gpu})

    offers = (
        with_gpu("mine", "300", "NVIDIA A100", 80),
        with_gpu("less", "200", "NVIDIA A100", 40),
        with_gpu("other", "100", "NVIDIA T4", 80),
        with_gpu("same", "250", "NVIDIA A100", 80),
    )
    found = advised(xnode("gpu", "0.5", "300", template="mine"), offers=offers)
    assert [c.offer.template for c in found.cheaper] == ["same"]


def test_two_currencies_are_compared_and_not_subtracted() -> None:
    euro = offer("eu", "par", "0.01", "10", 2, 4096).model_copy(
        update={"price_per_month": Money.of(10, "EUR"), "price_per_hour": Money.of("0.01", "EUR")}
    )
    [better] = advised(xnode("web", "0.03", "20"), offers=(euro,)).cheaper
    assert (better.saves_per_month, better.percent) == (None, Decimal("50.0"))


def test_a_cloud_that_ended_is_no_place_to_go() -> None:
    offers = (offer("fits", "west", "0.01", "12", 2, 4096, provider="equinix"),)
    found = advised(xnode("web", "0.03", "20"), offers=offers, unfit={"equinix": "it ended"})
    assert found.cheaper == ()


def test_an_unknown_template_is_told_and_not_compared() -> None:
    found = advised(xnode("mine", "0.03", "20", template="by-hand"))
    assert (found.cheaper, found.unsized) == ((), ("mine",))


def test_one_that_is_off_is_named_where_that_is_billed() -> None:
    off = xnode("web", "0.03", "20", status=ServerStatus.STOPPED)
    assert [o.xnode for o in advised(off).switched_off] == ["web"]
    free = advised(off, terms=lambda _: Terms(bills_when_stopped=False))
    assert free.switched_off == ()
    assert free.cheaper == ()


def watched(days: Mapping[int, float | None]) -> FakeMonitor:
    """A sample so many days ago, with that CPU."""
    clock = FakeClock()
    monitor = FakeMonitor(clock)
    for days_ago, cpu in sorted(days.items(), reverse=True):
        when = clock.now() - timedelta(days=days_ago, hours=-1)
        monitor.seen.setdefault("id-web", []).append(
            Observation(
                xnode_id="id-web",
                health=Health.judged("web", (), when),
                metrics=Metrics(xnode="web", cpu_percent=cpu, collected_at=when),
            )
        )
    return monitor


WEEK = range(1, 8)


def test_one_below_three_per_cent_on_every_day_of_a_week_is_idle() -> None:
    found = advised(xnode("web", "0.03", "20"), monitor=watched(dict.fromkeys(WEEK, 2.9)))
    [idle] = found.idle
    assert (idle.xnode, idle.busiest_cpu_percent, idle.samples) == ("web", 2.9, 7)
    assert found.unmeasured == ()


def test_a_week_is_looked_back_at_though_samples_are_kept_for_a_day(tmp_path: Path) -> None:
    clock = FakeClock()
    web = xnode("web", "0.03", "20", address="192.0.2.1")
    with closing(SqliteSamples(tmp_path / "metrics.db")) as samples:
        for _ in range(7 * 8):
            seen = next(FakeProbes(clock).look([web], LookPlan()))
            assert seen.metrics is not None
            calm = seen.metrics.model_copy(update={"cpu_percent": 1.5})
            samples.append({web.id: seen.model_copy(update={"metrics": calm})}, clock.now())
            samples.prune(clock.now())
            clock.advance(3 * 3600)
        monitor = ProbingMonitor(FakeProbes(clock), samples, clock)
        [idle] = advised(web, monitor=monitor, clock=clock).idle
    assert (idle.busiest_cpu_percent, idle.samples) == (1.5, 56)


def test_one_busy_sample_is_enough_to_be_no_idle_one() -> None:
    busy = {**dict.fromkeys(WEEK, 1.0), 3: 3.0}
    found = advised(xnode("web", "0.03", "20"), monitor=watched(busy))
    assert (found.idle, found.unmeasured) == ((), ())


def test_a_day_without_a_sample_leaves_it_unknown() -> None:
    gaps: tuple[Mapping[int, float | None], ...] = (
        {n: 1.0 for n in WEEK if n != 4},
        {n: None if n == 4 else 1.0 for n in WEEK},
        {},
    )
    for gap in gaps:
        found = advised(xnode("web", "0.03", "20"), monitor=watched(gap))
        assert (found.idle, found.unmeasured) == ((), ("web",))
