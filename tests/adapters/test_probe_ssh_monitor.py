"""The monitor over SSH: one round trip, side by side, and machines that misbehave."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from capsule_adapters.probes.ssh_monitor import WORKERS, SshMonitor
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.store.samples import SqliteSamples
from capsule_domain.errors import HostKeyChanged, HostUnreachable, StoreError
from capsule_domain.models.health import CheckKind, HealthStatus
from capsule_domain.models.metric import Observation
from capsule_domain.ports.host import Completed, Destination, Host, Target
from tests.contracts.test_monitor import START, Memory, node
from tests.fakes.clock import FakeClock
from tests.fakes.hosts import FakeHosts
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.probe_output import answering, healthy_parts
from tests.sshd import Sshd

ADDRESS = "192.0.2.1"


def watched() -> tuple[FakeHosts, SshMonitor]:
    known_hosts = FakeKnownHosts()
    known_hosts.pin("id-web", FakeKeys().new_host_key().public_openssh)
    hosts = FakeHosts(known_hosts)
    hosts.add(ADDRESS).answers["printf"] = answering(hosts, ADDRESS)
    return hosts, SshMonitor(hosts, Memory(), FakeClock(START))


def look(monitor: SshMonitor) -> Observation:
    return next(iter(monitor.collect([node("web", ADDRESS)])))


def test_everything_is_asked_in_one_command() -> None:
    hosts, monitor = watched()
    assert look(monitor).metrics
    assert len(hosts.machines[ADDRESS, 22].commands) == 1


def test_a_greeting_before_the_answer_is_not_read() -> None:
    hosts, monitor = watched()
    banner = "Last login: today\ncpu 1 1 1 1\n" * 50
    hosts.machines[ADDRESS, 22].answers["printf"] = answering(hosts, ADDRESS, banner=banner)
    seen = look(monitor)
    assert seen.health.status is HealthStatus.HEALTHY
    assert seen.metrics == look(watched()[1]).metrics


def test_a_machine_without_proc_is_well_and_has_no_figures() -> None:
    hosts, monitor = watched()
    empty = dict.fromkeys(healthy_parts(), "")
    hosts.machines[ADDRESS, 22].answers["printf"] = answering(hosts, ADDRESS, empty)
    seen = look(monitor)
    assert seen.health.status is HealthStatus.HEALTHY
    assert seen.metrics is not None
    assert (seen.metrics.cpu_percent, seen.metrics.disks) == (None, ())


@pytest.mark.parametrize(
    "answer",
    [
        Completed(exit_code=1, stdout="This account is not available.\n", stderr=""),
        Completed(exit_code=-1, stdout="", stderr=""),
        HostUnreachable("a command on web did not end within 15 s"),
    ],
    ids=["no shell", "killed", "hangs"],
)
def test_a_machine_that_lets_in_but_does_not_work_is_degraded(
    answer: Completed | HostUnreachable,
) -> None:
    hosts, monitor = watched()
    hosts.machines[ADDRESS, 22].answers["printf"] = answer
    seen = look(monitor)
    assert seen.health.status is HealthStatus.DEGRADED
    assert [check.kind for check in seen.health.checks if check.ok] == [CheckKind.TCP]
    assert seen.metrics is None


def test_a_changed_host_key_is_told_as_such() -> None:
    hosts, monitor = watched()
    hosts.machines[ADDRESS, 22].host_key = FakeKeys().new_host_key().public_openssh
    ssh = look(monitor).health.checks[1]
    assert ssh.error is not None
    assert "host key" in ssh.error


class SlowHosts:
    """Each knock takes a while; counts how many wait at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = 0
        self.most = 0

    def reach(self, target: Target | Destination, *, timeout_seconds: float = 15.0) -> float:
        assert isinstance(target, Target)
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(1.5 if target.address == "192.0.2.250" else 0.05)
        with self._lock:
            self.now -= 1
        raise HostUnreachable("timed out")

    @contextmanager
    def connect(
        self, target: Target | Destination, *, timeout_seconds: float = 15.0
    ) -> Iterator[Host]:
        raise HostKeyChanged("never asked")
        yield  # pragma: no cover


def test_one_slow_machine_delays_no_other_and_the_threads_are_bounded() -> None:
    hosts = SlowHosts()
    monitor = SshMonitor(hosts, Memory(), FakeClock(START))
    fleet = [node("slow", "192.0.2.250"), *(node(f"n{n}", f"192.0.2.{n}") for n in range(1, 81))]
    begun = time.monotonic()
    seen = [(o.health.xnode, time.monotonic() - begun) for o in monitor.collect(fleet)]
    assert seen[-1][0] == "slow"
    assert len(seen) == 81
    assert seen[-2][1] < 1.4
    assert 1 < hosts.most <= WORKERS


def test_who_stops_looking_does_not_wait_for_the_rest() -> None:
    monitor = SshMonitor(SlowHosts(), Memory(), FakeClock(START))
    fleet = [node(f"n{n}", f"192.0.2.{n}") for n in range(1, 200)]
    sweep = monitor.collect(fleet)
    next(iter(sweep))
    begun = time.monotonic()
    sweep.close()  # type: ignore[attr-defined]  # a generator, as iterators of functions are
    assert time.monotonic() - begun < 1


class FullDisk(Memory):
    def remember(self, xnode_id: str, observation: Observation) -> None:
        raise StoreError("the disk is full")


def test_what_cannot_be_remembered_is_a_store_error() -> None:
    hosts, _ = watched()
    with pytest.raises(StoreError):
        look(SshMonitor(hosts, FullDisk(), FakeClock(START)))


def test_a_real_machine_is_watched_into_a_real_store(tmp_path: Path) -> None:
    with (
        Sshd(tmp_path / "sshd") as sshd,
        closing(SshHosts(tmp_path / "known_hosts")) as hosts,
        closing(SqliteSamples(tmp_path / "metrics.db")) as observations,
    ):
        (sshd.home / ".bashrc").write_text("echo Welcome; echo cpu 1 1 1 1\n")
        KnownHostsFile(tmp_path / "known_hosts").pin("id-web", sshd.host_key)
        entry = {"ssh_port": sshd.port, "ssh_user": sshd.user, "ssh_key": sshd.private_key}
        monitor = SshMonitor(hosts, observations, FakeClock(START))
        xnode = node("web", "127.0.0.1", **entry)
        seen = list(monitor.collect([xnode]))
        assert seen[0].health.status is HealthStatus.HEALTHY
        assert seen[0].metrics is not None
        assert seen[0].metrics.cpu_percent is not None
        assert list(monitor.history(xnode, START)) == seen
        assert monitor.latest() == {"id-web": seen[0]}
