"""A tunnel through a real sshd to an HTTP server behind it."""

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import asyncssh
import pytest

from capsule_adapters.ssh.forward import SshForward
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.ssh.loop import LoopThread
from capsule_adapters.ssh.tunnels import SshTunnels
from capsule_domain.errors import Conflict, HostKeyChanged, HostUnreachable
from capsule_domain.ports.host import Target
from tests.sshd import Sshd

WAIT_SECONDS = 10.0
LARGE = bytes(range(256)) * 4096


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(LARGE)))
        self.end_headers()
        self.wfile.write(LARGE)

    def log_message(self, *_given: object) -> None: ...


@pytest.fixture
def http_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd") as running:
        KnownHostsFile(tmp_path / "known_hosts").pin("x1", running.host_key)
        yield running


def target(sshd: Sshd) -> Target:
    return Target(
        address="127.0.0.1",
        port=sshd.port,
        user=sshd.user,
        key_alias="x1",
        private_key=sshd.private_key,
    )


class Way:
    """An open tunnel, held in a thread; what was heard of it, and what ended it."""

    def __init__(self, forward: SshForward) -> None:
        self.forward = forward
        self.heard: list[str] = []
        self.ended: list[BaseException] = []
        self._thread = threading.Thread(target=self._hold, daemon=True)

    def open(self, find: Callable[[], Target], remote_port: int) -> None:
        self.forward.open(find, remote_port, self.heard.append)
        self._thread.start()

    def _hold(self) -> None:
        try:
            self.forward.hold()
        except BaseException as error:
            self.ended.append(error)

    def get(self) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.forward.local_port}") as answer:
            return bytes(answer.read())

    def hears(self, part: str) -> None:
        until(lambda: any(part in line for line in self.heard))


def until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not so():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def cut(way: Way) -> None:
    """As a network that breaks: nobody says goodbye."""
    connection = way.forward._connection
    assert connection is not None
    way.forward._loop.call(aborted(connection), timeout_seconds=5)


async def aborted(connection: asyncssh.SSHClientConnection) -> None:
    connection.abort()


@contextmanager
def a_way(folder: Path) -> Iterator[Way]:
    loop = LoopThread()
    forward = SshForward(0, folder / "known_hosts", None, loop, first_pause_seconds=0.05)
    try:
        yield Way(forward)
    finally:
        forward.close()
        loop.stop()


def test_what_is_behind_is_reached_by_many_at_once(
    sshd: Sshd, http_port: int, tmp_path: Path
) -> None:
    with a_way(tmp_path) as way:
        way.open(lambda: target(sshd), http_port)
        got: list[bytes] = []
        threads = [threading.Thread(target=lambda: got.append(way.get())) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_SECONDS)
        assert got == [LARGE] * 5


def test_a_port_where_nobody_listens_is_told_and_the_tunnel_stays(
    sshd: Sshd, http_port: int, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nobody = gone.getsockname()[1]
    with a_way(tmp_path) as way:
        way.open(lambda: target(sshd), nobody)
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            way.get()
        way.hears(f"port {nobody} is not reached")
        assert not way.ended


def test_it_comes_back_at_another_address_of_the_machine(
    sshd: Sshd, http_port: int, tmp_path: Path
) -> None:
    """sshd dies with its sessions, and starts again at another port, as after a new start."""
    with a_way(tmp_path) as way:
        where = [target(sshd)]
        way.open(lambda: where[0], http_port)
        assert way.get() == LARGE
        sshd.stop()
        cut(way)
        way.hears("the connection broke")
        way.hears("again in")
        with sshd:
            where[0] = target(sshd)
            way.hears("the connection is there again")
            assert way.get() == LARGE


def test_who_connects_while_it_is_broken_waits_for_it(
    sshd: Sshd, http_port: int, tmp_path: Path
) -> None:
    with a_way(tmp_path) as way:
        where = [target(sshd)]
        way.open(lambda: where[0], http_port)
        sshd.stop()
        cut(way)
        way.hears("again in")
        got: list[bytes] = []
        thread = threading.Thread(target=lambda: got.append(way.get()))
        thread.start()
        with sshd:
            where[0] = target(sshd)
            thread.join(WAIT_SECONDS)
        assert got == [LARGE]


def test_a_machine_that_is_another_now_ends_it(sshd: Sshd, http_port: int, tmp_path: Path) -> None:
    with a_way(tmp_path) as way:
        way.open(lambda: target(sshd), http_port)
        known = KnownHostsFile(tmp_path / "known_hosts")
        known.pin("x1", Path(f"{sshd.private_key}.pub").read_text())
        cut(way)
        until(lambda: bool(way.ended))
        assert isinstance(way.ended[0], HostKeyChanged)


def test_one_that_is_gone_ends_it(sshd: Sshd, http_port: int, tmp_path: Path) -> None:
    with a_way(tmp_path) as way:
        answers: list[Target] = [target(sshd)]

        def find() -> Target:
            if not answers:
                raise Conflict("web-1 is gone")
            return answers.pop()

        way.open(find, http_port)
        cut(way)
        until(lambda: bool(way.ended))
        assert isinstance(way.ended[0], Conflict)


def test_an_unknown_or_silent_machine_is_refused_at_once(tmp_path: Path, sshd: Sshd) -> None:
    with a_way(tmp_path) as way:
        stranger = target(sshd).model_copy(update={"key_alias": "x2"})
        with pytest.raises(HostKeyChanged, match="no host key is known"):
            way.open(lambda: stranger, 80)
    sshd.stop()
    with a_way(tmp_path) as way, pytest.raises(HostUnreachable, match="connection refused"):
        way.open(lambda: target(sshd), 80)


def test_the_port_is_given_back(tmp_path: Path, sshd: Sshd, http_port: int) -> None:
    tunnels = SshTunnels(tmp_path / "tunnels", tmp_path / "known_hosts", lambda: None)
    with closing(tunnels):
        forward = tunnels.take(0)
        forward.open(lambda: target(sshd), http_port, lambda _text: None)
        forward.close()
        with suppress(OSError), socket.create_connection(("127.0.0.1", forward.local_port), 1):
            pytest.fail("somebody still listens")
        tunnels.take(forward.local_port).close()
