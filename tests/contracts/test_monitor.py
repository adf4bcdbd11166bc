"""What every `Monitor` does: a fake, and the true one over fake probes and over a real sshd."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from capsule_adapters.probes.monitor import ProbingMonitor
from capsule_adapters.probes.network_probes import NetworkProbes
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.store.samples import SqliteSamples
from capsule_domain.models.health import CheckKind, HealthStatus
from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Observation
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.monitor import Monitor
from tests.fakes.clock import FakeClock
from tests.fakes.monitor import FakeMonitor
from tests.fakes.probes import DOWN, FakeProbes
from tests.fakes.samples import FakeSamples
from tests.sshd import Sshd

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Post:
    """A monitor, a machine that is well and one that does not answer."""

    monitor: Monitor
    clock: FakeClock
    well: XNode
    dead: XNode


def node(name: str, address: str | None, **more: object) -> XNode:
    return XNode.model_validate(
        {
            "id": f"id-{name}",
            "name": name,
            "provider": "digitalocean",
            "server_id": name,
            "region": "fra1",
            "template": "s-1vcpu-1gb",
            "status": ServerStatus.RUNNING,
            "address": address,
            "price_per_hour": Money(amount=Decimal("0.01"), currency="USD"),
            "price_per_month": Money(amount=Decimal(6), currency="USD"),
            "created_at": START,
            **more,
        }
    )


def fake(_: Path) -> Iterator[Post]:
    clock = FakeClock(START)
    monitor = FakeMonitor(clock)
    monitor.unreachable["id-dead"] = "connection refused"
    yield Post(monitor, clock, node("well", "192.0.2.1"), node("dead", "192.0.2.2"))


def probed(_: Path) -> Iterator[Post]:
    clock = FakeClock(START)
    probes = FakeProbes(clock)
    probes.play("id-dead", DOWN)
    monitor = ProbingMonitor(probes, FakeSamples(), clock)
    yield Post(monitor, clock, node("well", "192.0.2.1"), node("dead", "192.0.2.2"))


def over_sshd(folder: Path) -> Iterator[Post]:
    clock = FakeClock(START)
    known_hosts = folder / "known_hosts"
    with (
        Sshd(folder / "sshd") as sshd,
        closing(NetworkProbes(known_hosts, None, clock, by_echo=False)) as probes,
        closing(SqliteSamples(folder / "metrics.db")) as samples,
    ):
        KnownHostsFile(known_hosts).pin("id-well", sshd.host_key)
        KnownHostsFile(known_hosts).pin("id-dead", sshd.host_key)
        entry = {"ssh_user": sshd.user, "ssh_key": sshd.private_key}
        plan = LookPlan(at_once=True, tries=1)
        yield Post(
            ProbingMonitor(probes, samples, clock, plan),
            clock,
            node("well", "127.0.0.1", ssh_port=sshd.port, **entry),
            node("dead", "127.0.0.1", ssh_port=1, **entry),
        )


MAKERS: dict[str, Callable[[Path], Iterator[Post]]] = {
    "fake": fake,
    "probed": probed,
    "sshd": over_sshd,
}


@pytest.fixture(params=MAKERS)
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Post]:
    yield from MAKERS[request.param](tmp_path)


def look(post: Post, *xnodes: XNode) -> dict[str, Observation]:
    return {seen.health.xnode: seen for seen in post.monitor.collect(xnodes)}


def moments(post: Post, since: datetime) -> list[datetime]:
    return [seen.health.checked_at for seen in post.monitor.history(post.well, since)]


def test_a_machine_that_is_well_passes_every_check_and_shows_its_figures(post: Post) -> None:
    seen = look(post, post.well)["well"]
    assert seen.health.status is HealthStatus.HEALTHY
    assert {check.kind for check in seen.health.checks} == {CheckKind.PING, CheckKind.SSH}
    assert all(check.ok and check.error is None for check in seen.health.checks)
    assert all(check.latency_ms is not None or check.note for check in seen.health.checks)
    assert seen.metrics is not None
    assert seen.metrics.xnode == "well"
    assert seen.metrics.cpu_percent is not None
    assert seen.metrics.memory_percent is not None
    assert 0 < seen.metrics.memory_percent < 100
    assert seen.metrics.uptime_seconds


def test_a_machine_that_does_not_answer_is_an_observation_not_an_error(post: Post) -> None:
    seen = look(post, post.dead)["dead"]
    assert seen.health.status is HealthStatus.UNHEALTHY
    assert seen.metrics is None
    assert all(check.error and check.latency_ms is None for check in seen.health.checks)


def test_a_machine_without_an_address_was_not_looked_at(post: Post) -> None:
    seen = look(post, node("new", None))["new"]
    assert (seen.health.status, seen.health.checks) == (HealthStatus.UNKNOWN, ())


def test_each_xnode_is_observed_exactly_once(post: Post) -> None:
    wanted = [post.well, post.dead, post.well]
    seen = [observation.health.xnode for observation in post.monitor.collect(wanted)]
    assert sorted(seen) == ["dead", "well"]


def test_nobody_to_look_at_is_nothing_seen(post: Post) -> None:
    assert list(post.monitor.collect([])) == []


def test_what_was_seen_is_remembered_oldest_first(post: Post) -> None:
    first = look(post, post.well)["well"]
    post.clock.advance(600)
    second = look(post, post.well)["well"]
    assert moments(post, START) == [first.health.checked_at, second.health.checked_at]
    assert moments(post, START + timedelta(seconds=300)) == [second.health.checked_at]
    assert list(post.monitor.history(post.dead, START)) == []
    assert dict(post.monitor.statuses(post.well, START)) == {HealthStatus.HEALTHY: 2}
    assert dict(post.monitor.statuses(post.well, second.health.checked_at)) == {
        HealthStatus.HEALTHY: 1
    }
    assert dict(post.monitor.statuses(post.dead, START)) == {}


def test_the_latest_of_each_is_known_by_its_id(post: Post) -> None:
    assert post.monitor.latest() == {}
    look(post, post.well)
    post.clock.advance(60)
    seen = look(post, post.well, post.dead)
    assert post.monitor.latest() == {"id-well": seen["well"], "id-dead": seen["dead"]}
