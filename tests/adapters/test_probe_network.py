"""The probes over the network, and machines, networks and services that misbehave."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from capsule_adapters.probes.network_probes import NetworkProbes
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.models.health import Check, CheckKind, Fault, HealthStatus
from capsule_domain.models.look import CheckChoice, HttpCheck, LookPlan
from capsule_domain.models.metric import Observation
from capsule_domain.models.xnode import XNode
from tests.contracts.test_monitor import START, node
from tests.fakes.clock import FakeClock
from tests.fakes.keys import FakeKeys
from tests.served import answering
from tests.sshd import Sshd

ONCE = LookPlan(tries=1, system=False, disks=False)


class Site:
    """Probes and one real machine, `xnode`."""

    def __init__(self, folder: Path, sshd: Sshd) -> None:
        self.sshd = sshd
        self.clock = FakeClock(START)
        self.known_hosts = KnownHostsFile(folder / "known_hosts")
        self.probes = NetworkProbes(folder / "known_hosts", None, self.clock, by_echo=False)
        self.xnode = self.at("web", sshd.port)

    def at(self, name: str, port: int) -> XNode:
        """A machine at a port of loopback, with the host key of the true one pinned."""
        self.known_hosts.pin(f"id-{name}", self.sshd.host_key)
        entry = {"ssh_user": self.sshd.user, "ssh_key": self.sshd.private_key}
        return node(name, "127.0.0.1", ssh_port=port, **entry)

    def look(self, xnode: XNode | None = None, plan: LookPlan = ONCE) -> Observation:
        (seen,) = self.probes.look([xnode or self.xnode], plan)
        return seen

    def check(self, xnode: XNode | None = None, plan: LookPlan = ONCE) -> Check:
        """The check of SSH."""
        found = self.look(xnode, plan).health.checks
        return next(check for check in found if check.kind is CheckKind.SSH)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Sshd(tmp_path / "sshd") as sshd:
        made = Site(tmp_path, sshd)
        with closing(made.probes):
            yield made


def sessions(site: Site) -> list[int]:
    """The processes that serve the machine's connections."""
    process = site.sshd._process
    assert process is not None
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children]


def test_two_threads_that_look_first_share_what_is_kept_of_machines(tmp_path: Path) -> None:
    """Else each would have connections of its own, and one of the two would never close them."""
    threads, switched = 8, sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(30):
            start = threading.Barrier(threads)
            probes = NetworkProbes(tmp_path / "known_hosts", None, FakeClock(START), by_echo=False)

            def opened(probes: NetworkProbes = probes, start: threading.Barrier = start) -> object:
                start.wait()
                return probes._opened()

            with closing(probes), ThreadPoolExecutor(threads) as pool:
                found = [pool.submit(opened) for _ in range(threads)]
                assert len({one.result() for one in found}) == 1
    finally:
        sys.setswitchinterval(switched)


def test_one_connection_serves_all_looks(site: Site) -> None:
    assert site.look().health.status is HealthStatus.HEALTHY
    first = sessions(site)
    assert site.look().health.status is HealthStatus.HEALTHY
    assert sessions(site) == first
    assert len(first) == 1


def test_cpu_and_rates_come_with_the_second_look(site: Site) -> None:
    first = site.look().metrics
    time.sleep(0.4)
    second = site.look().metrics
    assert first is not None
    assert first.cpu_percent is None
    assert second is not None
    assert second.cpu_percent is not None
    at_once = site.look(plan=ONCE.model_copy(update={"at_once": True})).metrics
    assert at_once is not None
    assert at_once.cpu_percent is not None


def test_what_a_login_greets_with_is_no_figure(site: Site) -> None:
    (site.sshd.home / ".bashrc").write_text("echo Welcome; echo cpu 1 1 1 1; yes | head -5000\n")
    for _ in range(2):
        seen = site.look()
        assert seen.health.status is HealthStatus.HEALTHY
        assert seen.metrics is not None
        assert seen.metrics.memory_percent is not None


def test_a_kept_connection_that_broke_meanwhile_is_replaced_without_a_word(site: Site) -> None:
    site.look()
    for session in sessions(site):
        os.kill(session, signal.SIGKILL)
    check = site.check()
    assert (check.ok, check.tries) == (True, 1)


def test_a_host_key_that_changed_since_is_met_at_the_next_look(site: Site) -> None:
    assert site.check().ok
    site.known_hosts.pin("id-web", FakeKeys().new_host_key().public_openssh)
    seen = site.look()
    assert seen.health.status is HealthStatus.UNTRUSTED
    assert seen.metrics is None
    site.known_hosts.forget("id-web")
    assert site.check().fault is Fault.NO_HOST_KEY


def test_a_machine_that_does_not_let_us_in_is_there_all_the_same(site: Site) -> None:
    stranger = site.xnode.model_copy(update={"ssh_user": "nobody-here"})
    seen = site.look(stranger)
    assert seen.health.status is HealthStatus.DEGRADED
    ping, ssh = seen.health.checks
    assert (ping.ok, ping.note) == (True, "SSH answers")
    assert (ssh.fault, ssh.tries) == (Fault.LOGIN, 1)


def test_a_key_that_is_not_here_is_a_fault_of_this_side(site: Site) -> None:
    lost = site.xnode.model_copy(update={"ssh_key": "/nowhere/id_ed25519"})
    assert site.check(lost).fault is Fault.LOCAL


@pytest.mark.parametrize("body", ["exit 3", "exec sleep 60"], ids=["ends", "hangs"])
def test_a_machine_that_lets_in_and_does_not_work_is_degraded(site: Site, body: str) -> None:
    (site.sshd.folder / "sshd_config").write_text(
        (site.sshd.folder / "sshd_config").read_text() + f"ForceCommand {body}\n"
    )
    site.sshd.stop()
    with started_again(site.sshd):
        seen = site.look(
            site.at("web", site.sshd.port), ONCE.model_copy(update={"read_seconds": 0.5})
        )
    assert seen.health.status is HealthStatus.DEGRADED
    assert seen.health.checks[1].fault is Fault.ANSWER
    assert "did not come to its end" in (seen.health.checks[1].error or "")


@contextmanager
def started_again(sshd: Sshd) -> Iterator[None]:
    """The same sshd once more, as its configuration is now."""
    process = subprocess.Popen([sshd.program, "-D", "-e", "-f", sshd.folder / "sshd_config"])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", sshd.port), 1).close()
            break
        except OSError:
            time.sleep(0.02)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def tarpit(banner: bytes = b"") -> Iterator[int]:
    """A port that accepts everyone, says `banner`, and nothing more."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server, ExitStack() as open_ones:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                open_ones.callback(connection.close)
                connection.sendall(banner)

        if banner:
            threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_machines_that_hang_delay_no_other(site: Site) -> None:
    plan = ONCE.model_copy(update={"ssh_seconds": 5.0, "ping_seconds": 0.5})
    with tarpit() as silent, tarpit(b"SSH-2.0-molasses\r\n") as slow:
        hung = [site.at(f"hung{number}", (silent, slow)[number % 2]) for number in range(120)]
        begun = time.monotonic()
        came = {}
        for seen in site.probes.look([*hung, site.xnode], plan):
            came[seen.xnode_id] = time.monotonic() - begun, seen.health
    assert came["id-web"][1].status is HealthStatus.HEALTHY
    assert came["id-web"][0] < 4
    assert all(health.status is not HealthStatus.HEALTHY for _, health in list(came.values())[1:])
    assert max(took for took, _ in came.values()) < 12


def test_the_deadline_ends_a_look_whatever_it_is_at(site: Site) -> None:
    plan = LookPlan(ssh_seconds=30, deadline_seconds=0.5, ping_seconds=0.2, retry_seconds=0.1)
    with tarpit() as port:
        begun = time.monotonic()
        check = site.check(site.at("hung", port), plan)
    assert check.fault is Fault.UNREACHABLE
    assert time.monotonic() - begun < 5


def test_what_was_well_is_tried_again_before_it_is_down_and_what_is_down_only_once(
    site: Site,
) -> None:
    plan = ONCE.model_copy(update={"tries": 3, "retry_seconds": 0.01})
    off = site.at("off", 1)
    assert [site.check(off, plan).tries for _ in range(3)] == [3, 1, 1]


def test_what_stays_down_is_tried_ever_more_rarely_and_comes_back_at_the_first_try(
    site: Site,
) -> None:
    off = site.at("off", 1)
    tries = []
    for _ in range(40):
        tries.append(site.check(off).tries)
        site.clock.advance(60)
    assert tries[:5] == [1] * 5
    assert 8 <= sum(tries) <= 20
    site.clock.advance(300)
    assert site.check(site.at("off", site.sshd.port)).ok


def test_a_fault_that_only_a_person_mends_is_not_tried_again(site: Site) -> None:
    stranger = site.xnode.model_copy(update={"ssh_user": "nobody-here"})
    assert site.check(stranger, ONCE.model_copy(update={"tries": 3})).tries == 1


def test_a_machine_at_another_address_is_called_there(site: Site) -> None:
    assert site.check().ok
    assert not site.check(site.xnode.model_copy(update={"ssh_port": 1})).ok
    assert site.check().ok


def other(site: Site, choice: CheckChoice, plan: LookPlan = ONCE) -> list[Check]:
    """The checks beside ping and SSH, in the order of the choice."""
    only = choice.model_copy(update={"ping": False, "ssh": False})
    return list(site.look(plan=plan.model_copy(update={"checks": only})).health.checks)


def test_ports_are_checked_each_by_itself(site: Site) -> None:
    open_port, shut = other(site, CheckChoice(tcp_ports=(site.sshd.port, 1)))
    assert (open_port.ok, open_port.instance) == (True, str(site.sshd.port))
    assert (shut.ok, shut.error, shut.fault) == (False, "connection refused", Fault.UNREACHABLE)


class Service(BaseHTTPRequestHandler):
    """`/fine` is; `/moved` leads elsewhere; `/endless` never ends; the rest is not there."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        status = {"/fine": 200, "/endless": 200, "/slow": 200, "/moved": 302}.get(path, 404)
        if path == "/slow":
            time.sleep(2)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/fine")
        self.end_headers()
        try:
            self.wfile.write(b"all is well\n")
            while path == "/endless":
                self.wfile.write(b"x" * 65536)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.mark.parametrize(
    ("path", "more", "fault", "error"),
    [
        ("/fine?token=secret", {}, None, None),
        ("/fine", {"text": "is well"}, None, None),
        ("/fine", {"text": "is bad"}, Fault.ANSWER, "its answer does not hold the text"),
        ("/moved", {}, None, None),
        ("/moved", {"statuses": (200,)}, Fault.ANSWER, "it answers 302"),
        ("/none", {}, Fault.ANSWER, "it answers 404"),
        ("/none", {"statuses": (404,)}, None, None),
        ("/endless", {"text": "never"}, Fault.ANSWER, "its answer does not hold the text"),
        ("/slow", {}, Fault.UNREACHABLE, "no answer within 0.5 s"),
    ],
    ids=["fine", "text", "no text", "moved", "moved, and not fine", "none", "none, and fine",
         "endless", "slow"],
)  # fmt: skip
def test_a_url_is_judged_by_its_status_and_its_text(
    site: Site, path: str, more: dict[str, object], fault: Fault | None, error: str | None
) -> None:
    with answering(Service) as url:
        wanted = HttpCheck.model_validate(
            {"url": url.replace("127.0.0.1", "{address}") + path, **more}
        )
        plan = ONCE.model_copy(update={"http_seconds": 0.5 if path == "/slow" else 10})
        (check,) = other(site, CheckChoice(http=(wanted,)), plan)
    assert (check.fault, check.error) == (fault, error)
    assert "secret" not in check.model_dump_json()
    assert check.ok is (fault is None)
    assert (check.latency_ms is not None) is check.ok


def test_a_url_that_nobody_answers_is_unreachable(site: Site) -> None:
    (check,) = other(site, CheckChoice(http=(HttpCheck(url="http://{address}:1/"),)))
    assert (check.fault, check.error) == (Fault.UNREACHABLE, "connection refused")


def test_a_service_that_is_no_http_answers_wrongly(site: Site) -> None:
    with tarpit(b"220 mail is spoken here\r\n\r\n") as port:
        wanted = HttpCheck(url=f"http://127.0.0.1:{port}/")
        (check,) = other(site, CheckChoice(http=(wanted,)))
    assert check.fault is Fault.ANSWER
