"""What every `Tunnels` does."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.processes import process_started
from capsule_adapters.ssh.tunnels import SshTunnels
from capsule_domain.errors import Conflict
from capsule_domain.models.tunnel import Tunnel
from capsule_domain.ports.tunnels import Tunnels
from tests.fakes.tunnels import FakeTunnels


@pytest.fixture(params=["fake", "ssh"])
def tunnels(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tunnels]:
    if request.param == "fake":
        yield FakeTunnels()
        return
    with closing(SshTunnels(tmp_path / "tunnels", tmp_path / "known_hosts", lambda: None)) as real:
        yield real


def a_tunnel(tunnels: Tunnels, **changes: Any) -> Tunnel:
    pid, started = tunnels.this_process()
    fields: dict[str, Any] = {
        "id": "t1",
        "xnode": "web-1",
        "xnode_id": "x-web-1",
        "remote_port": 80,
        "local_port": 8080,
        "pid": pid,
        "started": started,
        "since": datetime(2026, 11, 23, tzinfo=UTC),
    }
    return Tunnel(**{**fields, **changes})


def test_a_free_port_is_taken_where_none_is_named(tunnels: Tunnels) -> None:
    one, two = tunnels.take(0), tunnels.take(0)
    try:
        assert 0 < one.local_port < 65536
        assert one.local_port != two.local_port
    finally:
        one.close()
        two.close()


def test_a_port_in_use_is_refused_and_can_be_had_when_it_is_given_back(tunnels: Tunnels) -> None:
    forward = tunnels.take(0)
    with pytest.raises(Conflict, match=f"port {forward.local_port} of this machine is in use"):
        tunnels.take(forward.local_port)
    forward.close()
    tunnels.take(forward.local_port).close()


def test_what_is_registered_is_known_until_it_is_not(tunnels: Tunnels) -> None:
    assert list(tunnels.running()) == []
    two = a_tunnel(tunnels, id="t2", remote_port=443)
    tunnels.register(two)
    tunnels.register(a_tunnel(tunnels))
    assert [tunnel.id for tunnel in tunnels.running()] == ["t1", "t2"]
    tunnels.unregister("t1")
    tunnels.unregister("t1")
    assert list(tunnels.running()) == [two]


def test_a_tunnel_whose_pid_is_another_process_s_now_is_gone_and_never_ended(
    tunnels: Tunnels,
) -> None:
    old = a_tunnel(tunnels, started="long ago")
    tunnels.register(old)
    tunnels.end(old)  # would end this very process
    tunnels.register(old)
    assert list(tunnels.running()) == []


def test_the_process_of_a_tunnel_is_ended(tmp_path: Path) -> None:
    real = SshTunnels(tmp_path / "tunnels", tmp_path / "known_hosts", lambda: None)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        tunnel = a_tunnel(real, pid=process.pid, started=process_started(process.pid) or "")
        real.register(tunnel)
        assert (tmp_path / "tunnels" / "t1.json").stat().st_mode & 0o777 == 0o600
        assert list(real.running()) == [tunnel]
        real.end(tunnel)
        assert process.wait(5) == -15
    assert list(real.running()) == []


def test_a_file_of_another_capsule_is_left_alone(tmp_path: Path) -> None:
    real = SshTunnels(tmp_path, tmp_path / "known_hosts", lambda: None)
    (tmp_path / "t9.json").write_text('{"id": "t9", "colour": "green"}')
    assert list(real.running()) == []
    assert (tmp_path / "t9.json").exists()


def test_a_port_of_the_administrator_s_or_of_nobody_is_told(tmp_path: Path) -> None:
    real = SshTunnels(tmp_path, tmp_path / "known_hosts", lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as other:
        with pytest.raises(Conflict) as refused:
            real.take(other.getsockname()[1])
        assert "--local-port 0" in (refused.value.hint or "")
