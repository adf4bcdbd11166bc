"""What systemd hears of the collector, and the places beyond the fleet; over real sockets."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from capsule_adapters.collector.anchors import TcpAnchors
from capsule_adapters.collector.systemd import NotifySocket
from tests.fakes.clock import FakeClock


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)  # noqa: FBT003 (the standard library's)
        yield listening


def heard(systemd: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(systemd.recv(4096).decode())
        except BlockingIOError:
            return found


def test_systemd_hears_of_beginning_life_reload_and_end(systemd: socket.socket) -> None:
    clock = FakeClock()
    named = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "30000000"}
    supervisor = NotifySocket(named, clock)
    supervisor.ready("looking at 3 xNodes")
    for _ in range(30):
        supervisor.alive("looking at 3 xNodes")
        clock.advance(1)
    supervisor.reloading()
    supervisor.stopping()
    first, *lives, reloading, last = heard(systemd)
    assert first == "READY=1\nSTATUS=looking at 3 xNodes"
    assert lives == ["WATCHDOG=1\nSTATUS=looking at 3 xNodes"] * 3
    assert reloading == "RELOADING=1\nMONOTONIC_USEC=30000000"
    assert last == "STOPPING=1"


@pytest.mark.parametrize("address", ["", "relative", "/nobody/listens", "@nobody-listens-here"])
def test_who_is_not_heard_is_not_in_the_way(address: str) -> None:
    supervisor = NotifySocket({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "x"}, FakeClock())
    supervisor.ready("")
    supervisor.alive("")
    supervisor.stopping()


def test_places_that_answer_are_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        places = [f"127.0.0.1:{port}", "127.0.0.1:1", "nonsense", "[::1]:x"]
        assert TcpAnchors().answering(places) == 1


def test_of_no_places_none_answers() -> None:
    assert TcpAnchors().answering(()) == 0
