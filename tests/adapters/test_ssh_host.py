"""What is particular to SSH: config files, agents, silence, and what errors say."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import asyncssh
import pytest

from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.errors import HostError, HostKeyChanged, HostUnreachable, StoreError
from capsule_domain.ports.host import Completed, Target
from tests.sshd import Sshd
from tests.tools import needs_tool


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd") as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A HOME with an empty ~/.ssh and no agent."""
    home = tmp_path / "user"
    (home / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return home


def target(sshd: Sshd, **changes: object) -> Target:
    given = {
        "address": "127.0.0.1",
        "port": sshd.port,
        "user": sshd.user,
        "key_alias": "web-1",
        "private_key": sshd.private_key,
    }
    return Target.model_validate({**given, **changes})


def run(folder: Path, wanted: Target, *, config: Path | None = None) -> Completed:
    with (
        closing(SshHosts(folder / "known_hosts", config)) as hosts,
        hosts.connect(wanted, timeout_seconds=5) as host,
    ):
        return host.run("echo in")


def pin(folder: Path, sshd: Sshd) -> None:
    KnownHostsFile(folder / "known_hosts").pin("web-1", sshd.host_key)


@contextmanager
def tarpit(*, first_line: bytes = b"") -> Iterator[int]:
    """A port that accepts and then says nothing more."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.sendall(first_line)
                kept.append(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    for connection in kept:
        connection.close()


@pytest.mark.parametrize("first_line", [b"", b"SSH-2.0-Tarpit\r\n", b"HTTP/1.1 400 Bad\r\n\r\n"])
def test_a_tarpit_is_unreachable_within_the_time(tmp_path: Path, first_line: bytes) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "id")
    KnownHostsFile(tmp_path / "known_hosts").pin("web-1", key.export_public_key().decode())
    with (
        tarpit(first_line=first_line) as port,
        closing(SshHosts(tmp_path / "known_hosts")) as hosts,
    ):
        wanted = Target(
            address="127.0.0.1", port=port, key_alias="web-1", private_key=str(tmp_path / "id")
        )
        begun = time.monotonic()
        with (
            pytest.raises(HostUnreachable, match="timed out"),
            hosts.connect(wanted, timeout_seconds=0.5),
        ):
            pass
        assert time.monotonic() - begun < 4
        assert hosts.reach(wanted, timeout_seconds=2) >= 0


def test_a_config_file_leads_to_another_host_and_port(tmp_path: Path, sshd: Sshd) -> None:
    pin(tmp_path, sshd)
    config = tmp_path / "config"
    config.write_text(f"Host 192.0.2.7\n  HostName 127.0.0.1\n  Port {sshd.port}\n")
    wanted = target(sshd, address="192.0.2.7", port=22)
    assert run(tmp_path, wanted, config=config).stdout == "in\n"
    with closing(SshHosts(tmp_path / "known_hosts", config)) as hosts:
        assert hosts.reach(wanted, timeout_seconds=5) >= 0


def test_a_port_that_someone_chose_beats_the_config_file(tmp_path: Path, sshd: Sshd) -> None:
    pin(tmp_path, sshd)
    config = tmp_path / "config"
    config.write_text("Host 127.0.0.1\n  Port 1\n")
    assert run(tmp_path, target(sshd), config=config).stdout == "in\n"


def test_a_config_file_that_is_not_there_is_none(tmp_path: Path, sshd: Sshd) -> None:
    pin(tmp_path, sshd)
    assert run(tmp_path, target(sshd), config=tmp_path / "absent").stdout == "in\n"


def test_a_config_file_cannot_turn_verification_off(tmp_path: Path, sshd: Sshd) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    KnownHostsFile(tmp_path / "known_hosts").pin("web-1", other)
    config = tmp_path / "config"
    config.write_text(
        "Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile none\n  HostKeyAlias other\n"
    )
    with pytest.raises(HostKeyChanged):
        run(tmp_path, target(sshd), config=config)


def test_a_broken_config_file_is_one_clear_line(tmp_path: Path, sshd: Sshd) -> None:
    pin(tmp_path, sshd)
    config = tmp_path / "config"
    config.write_text("Host *\n  Port many\n")
    with pytest.raises(HostError) as caught:
        run(tmp_path, target(sshd, port=22), config=config)
    assert "\n" not in caught.value.message


def test_a_jump_host_is_gone_through(tmp_path: Path, sshd: Sshd, home: Path) -> None:
    pin(tmp_path, sshd)
    (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {sshd.host_key}\n")
    config = tmp_path / "config"
    config.write_text(
        f"Host jump\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {sshd.user}\n"
        f"  IdentityFile {sshd.private_key}\n"
        f"Host 192.0.2.7\n  HostName 127.0.0.1\n  Port {sshd.port}\n  ProxyJump jump\n"
    )
    wanted = target(sshd, address="192.0.2.7", port=22)
    assert run(tmp_path, wanted, config=config).stdout == "in\n"
    with closing(SshHosts(tmp_path / "known_hosts", config)) as hosts:
        assert hosts.reach(wanted, timeout_seconds=5) > 0


def test_without_a_named_key_those_of_the_user_are_tried(
    tmp_path: Path, sshd: Sshd, home: Path
) -> None:
    pin(tmp_path, sshd)
    with pytest.raises(HostUnreachable, match="does not let"):
        run(tmp_path, target(sshd, private_key=None))
    (home / ".ssh/id_ed25519").write_text(Path(sshd.private_key).read_text())
    (home / ".ssh/id_ed25519").chmod(0o600)
    assert run(tmp_path, target(sshd, private_key=None)).stdout == "in\n"


def test_a_named_key_is_the_only_one_that_is_tried(tmp_path: Path, sshd: Sshd, home: Path) -> None:
    pin(tmp_path, sshd)
    (home / ".ssh/id_ed25519").write_text(Path(sshd.private_key).read_text())
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "other")
    with pytest.raises(HostUnreachable, match="does not let"):
        run(tmp_path, target(sshd, private_key=str(tmp_path / "other")))


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty ssh-agent."""
    tool = needs_tool("ssh-agent")
    # A socket's path must be short; the test's own folder need not be.
    name = f"/tmp/capsule-agent-{os.getpid()}-{time.monotonic_ns()}"
    with subprocess.Popen([tool, "-D", "-a", name], stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 10
        while not Path(name).exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        monkeypatch.setenv("SSH_AUTH_SOCK", name)
        yield
        process.terminate()
    Path(name).unlink(missing_ok=True)


def test_a_key_that_is_locked_is_asked_of_the_agent(
    tmp_path: Path, sshd: Sshd, home: Path, agent: None
) -> None:
    pin(tmp_path, sshd)
    key = asyncssh.read_private_key(sshd.private_key)
    locked = tmp_path / "locked"
    key.write_private_key(locked, "pkcs8-pem", passphrase="secret sentinel")
    key.write_public_key(f"{locked}.pub")
    wanted = target(sshd, private_key=str(locked))
    with pytest.raises(HostUnreachable, match="agent does not hold"):
        run(tmp_path, wanted)
    subprocess.run([needs_tool("ssh-add"), "-q", sshd.private_key], check=True)
    assert run(tmp_path, wanted).stdout == "in\n"


def test_a_locked_key_without_an_agent_is_one_clear_line(
    tmp_path: Path, sshd: Sshd, home: Path
) -> None:
    pin(tmp_path, sshd)
    key = asyncssh.read_private_key(sshd.private_key)
    locked = tmp_path / "locked"
    key.write_private_key(locked, "pkcs8-pem", passphrase="secret sentinel")
    key.write_public_key(f"{locked}.pub")
    with pytest.raises(HostUnreachable, match="no ssh agent runs") as caught:
        run(tmp_path, target(sshd, private_key=str(locked)))
    assert caught.value.hint == f"ssh-add {locked}"


def test_a_connection_that_breaks_under_a_command_is_told_so(tmp_path: Path, sshd: Sshd) -> None:
    pin(tmp_path, sshd)
    with (
        closing(SshHosts(tmp_path / "known_hosts")) as hosts,
        hosts.connect(target(sshd)) as host,
        pytest.raises(HostUnreachable, match="lost the connection"),
    ):
        host.run("kill -9 $PPID; sleep 5")


def test_a_fault_of_who_listens_is_no_fault_of_the_connection(tmp_path: Path, sshd: Sshd) -> None:
    def full(_line: str) -> None:
        raise StoreError("cannot write state.db: the disk is full")

    pin(tmp_path, sshd)
    with (
        closing(SshHosts(tmp_path / "known_hosts")) as hosts,
        hosts.connect(target(sshd)) as host,
        pytest.raises(StoreError, match="the disk is full"),
    ):
        host.run("echo one >&2", heard=full)


def test_the_users_greeting_is_not_in_the_way_of_a_login(tmp_path: Path, sshd: Sshd) -> None:
    pin(tmp_path, sshd)
    (sshd.home / ".bashrc").write_text("echo Welcome\n")
    assert run(tmp_path, target(sshd)).stdout.endswith("in\n")


def test_no_error_shows_a_private_key(tmp_path: Path, sshd: Sshd, home: Path) -> None:
    pin(tmp_path, sshd)
    secret = Path(sshd.private_key).read_text().splitlines()[1]
    for changes in ({"user": "stranger"}, {"port": 1}, {"address": "no.such.host.invalid"}):
        with pytest.raises(HostError) as caught:
            run(tmp_path, target(sshd, **changes))
        assert secret not in f"{caught.value!r} {caught.value.hint} {caught.value.__cause__!r}"
        assert "\n" not in caught.value.message
        assert caught.value.hint
