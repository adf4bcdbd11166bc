"""What every `Monitor` does: a fake, and the true one over a script and over a real sshd."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from capsule_adapters.probes.ssh_monitor import SshMonitor
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.models.health import CheckKind, HealthStatus
from capsule_domain.models.metric import Observation
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.monitor import Monitor
from tests.fakes.clock import FakeClock
from tests.fakes.hosts import FakeHosts
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.fakes.monitor import FakeMonitor
from tests.probe_output import answering
from tests.sshd import Sshd

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Memory:
    """Observations in a dictionary."""

    kept: dict[str, list[Observation]] = field(default_factory=dict)

    def remember(self, xnode_id: str, observation: Observation) -> None:
        self.kept.setdefault(xnode_id, []).append(observation)

    def history(self, xnode_id: str, since: datetime) -> Sequence[Observation]:
        return [o for o in self.kept.get(xnode_id, []) if o.health.checked_at >= since]

    def latest(self) -> Mapping[str, Observation]:
        return {xnode: seen[-1] for xnode, seen in self.kept.items()}


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


def scripted(_: Path) -> Iterator[Post]:
    known_hosts, clock = FakeKnownHosts(), FakeClock(START)
    hosts = FakeHosts(known_hosts)
    known_hosts.pin("id-well", FakeKeys().new_host_key().public_openssh)
    hosts.add("192.0.2.1").answers["printf"] = answering(hosts, "192.0.2.1")
    monitor = SshMonitor(hosts, Memory(), clock)
    yield Post(monitor, clock, node("well", "192.0.2.1"), node("dead", "192.0.2.2"))


def over_sshd(folder: Path) -> Iterator[Post]:
    clock = FakeClock(START)
    with Sshd(folder / "sshd") as sshd, closing(SshHosts(folder / "known_hosts")) as hosts:
        KnownHostsFile(folder / "known_hosts").pin("id-well", sshd.host_key)
        entry = {"ssh_user": sshd.user, "ssh_key": sshd.private_key}
        yield Post(
            SshMonitor(hosts, Memory(), clock),
            clock,
            node("well", "127.0.0.1", ssh_port=sshd.port, **entry),
            node("dead", "127.0.0.1", ssh_port=1, **entry),
        )


MAKERS: dict[str, Callable[[Path], Iterator[Post]]] = {
    "fake": fake,
    "script": scripted,
    "sshd": over_sshd,
}


@pytest.fixture(params=MAKERS)
def post(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Post]:
    yield from MAKERS[request.param](tmp_path)


def look(post: Post, *xnodes: XNode) -> dict[str, Observation]:
    return {seen.health.xnode: seen for seen in post.monitor.collect(xnodes)}


def test_a_machine_that_is_well_passes_every_check_and_shows_its_figures(post: Post) -> None:
    seen = look(post, post.well)["well"]
    assert seen.health.status is HealthStatus.HEALTHY
    assert {check.kind for check in seen.health.checks} == {CheckKind.TCP, CheckKind.SSH}
    assert all(check.ok and check.error is None for check in seen.health.checks)
    assert all(check.latency_ms is not None for check in seen.health.checks)
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
    post.clock.advance(60)
    second = look(post, post.well)["well"]
    assert list(post.monitor.history(post.well, START)) == [first, second]
    assert list(post.monitor.history(post.well, START + timedelta(seconds=30))) == [second]
    assert list(post.monitor.history(post.dead, START)) == []


def test_the_latest_of_each_is_known_by_its_id(post: Post) -> None:
    assert post.monitor.latest() == {}
    look(post, post.well)
    post.clock.advance(60)
    seen = look(post, post.well, post.dead)
    assert post.monitor.latest() == {"id-well": seen["well"], "id-dead": seen["dead"]}
