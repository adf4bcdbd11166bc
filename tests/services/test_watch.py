"""Looking at xNodes, over a fake monitor."""

from datetime import UTC, datetime

import pytest

from capsule_domain.errors import Conflict, HostUnreachable, NotFound
from capsule_domain.models.health import HealthStatus
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.services.watch import Watch
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.monitor import FakeMonitor

DAY = 24 * 3600


def xnode(id_: str, name: str, **changes: object) -> XNode:
    plain = XNode(
        id=id_,
        name=name,
        provider="digitalocean",
        server_id="1",
        region="ams3",
        template="do-basic-1",
        status=ServerStatus.RUNNING,
        address="203.0.113.1",
        price_per_hour=Money.of("0.01"),
        price_per_month=Money.of("6"),
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
    )
    return plain.model_copy(update=changes)


class Fleet:
    """Two that live and one that is gone."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.monitor = FakeMonitor(self.clock)
        self.inventory = FakeInventory(
            [
                xnode("b1", "web"),
                xnode("a1", "api"),
                xnode("c1", "old", status=ServerStatus.GONE),
            ]
        )
        self.watch = Watch(self.inventory, self.monitor, self.clock)


def test_a_sweep_looks_once_at_all_that_live_sorted_by_name() -> None:
    fleet = Fleet()
    assert [seen.health.xnode for seen in fleet.watch.check()] == ["api", "web"]
    assert sorted(fleet.monitor.collected) == ["a1", "b1"]


def test_a_sweep_of_names_looks_at_those_and_at_each_once() -> None:
    fleet = Fleet()
    assert [seen.health.xnode for seen in fleet.watch.check(["web", "b1", "we"])] == ["web"]
    assert fleet.monitor.collected == ["b1"]


def test_a_sweep_of_no_names_looks_at_none() -> None:
    fleet = Fleet()
    assert fleet.watch.check([]) == []
    assert fleet.monitor.collected == []


def test_an_unknown_name_stops_a_sweep_before_it_looks() -> None:
    fleet = Fleet()
    with pytest.raises(NotFound):
        fleet.watch.check(["web", "nothing"])
    assert fleet.monitor.collected == []


def test_one_that_is_gone_is_never_looked_at() -> None:
    fleet = Fleet()
    for look in (
        lambda: fleet.watch.check(["old"]),
        lambda: fleet.watch.health("old", fresh=True),
        lambda: fleet.watch.metrics("old", fresh=True),
    ):
        with pytest.raises(Conflict, match="gone"):
            look()
    assert fleet.monitor.collected == []


def test_fresh_health_looks_and_last_known_health_does_not() -> None:
    fleet = Fleet()
    fresh = fleet.watch.health("web", fresh=True)
    fleet.clock.advance(3 * DAY)
    fleet.monitor.unreachable["b1"] = "connection refused"
    assert fleet.watch.health("web", fresh=False) == fresh
    assert fresh.status is HealthStatus.HEALTHY
    assert fleet.monitor.collected == ["b1"]


def test_health_that_nobody_looked_at_is_not_found_with_the_way_to_look() -> None:
    with pytest.raises(NotFound) as caught:
        Fleet().watch.health("web", fresh=False)
    assert caught.value.hint == "capsule openmesh monitor health web --run-check"


def test_an_unreachable_one_is_unhealthy_not_an_error() -> None:
    fleet = Fleet()
    fleet.monitor.unreachable["b1"] = "connection refused"
    assert fleet.watch.health("web", fresh=True).status is HealthStatus.UNHEALTHY


def test_metrics_that_nobody_read_are_not_found_with_the_way_to_read_them() -> None:
    with pytest.raises(NotFound) as caught:
        Fleet().watch.metrics("web", fresh=False)
    assert caught.value.hint == "capsule openmesh monitor metrics web --collect"


def test_fresh_metrics_of_an_unreachable_one_tell_the_checks_error() -> None:
    fleet = Fleet()
    fleet.monitor.unreachable["b1"] = "permission denied for root"
    with pytest.raises(HostUnreachable, match=r"web: permission denied for root"):
        fleet.watch.metrics("web", fresh=True)


def test_fresh_metrics_of_one_without_an_address_say_so() -> None:
    fleet = Fleet()
    fleet.inventory.add(xnode("d1", "new", address=None, status=ServerStatus.PENDING))
    with pytest.raises(HostUnreachable, match="no address"):
        fleet.watch.metrics("new", fresh=True)


def test_a_failed_look_does_not_hide_the_metrics_read_before_it() -> None:
    fleet = Fleet()
    read = fleet.watch.metrics("web", fresh=True)
    fleet.clock.advance(60)
    fleet.monitor.unreachable["b1"] = "timed out"
    fleet.watch.check()
    assert fleet.watch.metrics("web", fresh=False) == read


def test_metrics_from_before_a_failed_look_are_forgotten_after_a_day() -> None:
    fleet = Fleet()
    fleet.watch.metrics("web", fresh=True)
    fleet.clock.advance(DAY + 1)
    fleet.monitor.unreachable["b1"] = "timed out"
    fleet.watch.check()
    with pytest.raises(NotFound):
        fleet.watch.metrics("web", fresh=False)
