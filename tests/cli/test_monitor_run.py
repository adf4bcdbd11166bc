"""The collector as a process: signals, systemd's socket, that there is only one; that it helps a
machine behind a real sshd, and shows signs of life to a real server.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import yaml

from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.state import state_database
from tests.cli.running import capsule
from tests.contracts.test_first_aid import path_with_scripts
from tests.fakes.clock import FakeClock
from tests.notifying import receiver
from tests.sshd import Sshd
from tests.xnodes import an_xnode

SECONDS = 60.0


def command(home: Path, *words: str) -> Sequence[str]:
    return [sys.executable, "-m", "capsule_cli", "--home", str(home), *words]


def test_it_says_what_it_does_reloads_ends_in_peace_and_is_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    line = command(home, "--json", "openmesh", "monitor", "run")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(SECONDS)
        environment = {**os.environ, "NOTIFY_SOCKET": systemd.getsockname()}
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment) as runs:
            try:
                assert systemd.recv(4096).startswith(b"READY=1")
                second = subprocess.run(
                    line, capture_output=True, text=True, timeout=SECONDS, check=False
                )
                assert second.returncode == 5
                assert f"process {runs.pid} of " in json.loads(second.stderr)["error"]["message"]
                runs.send_signal(signal.SIGHUP)
                _wait_for(systemd, b"RELOADING=1")
                _wait_for(systemd, b"READY=1")
                runs.send_signal(signal.SIGTERM)
                _wait_for(systemd, b"STOPPING=1")
                told, _ = runs.communicate(timeout=SECONDS)
            finally:
                runs.kill()
    assert runs.returncode == 0
    kinds = [json.loads(one)["kind"] for one in told.splitlines()]
    assert kinds == ["started", "reloaded", "stopped"]


def _wait_for(systemd: socket.socket, word: bytes) -> None:
    while not systemd.recv(4096).startswith(word):
        pass


def a_home(folder: Path, sshd: Sshd) -> Path:
    """It knows one machine, and shall help it whatever its memory."""
    home = folder / "home"
    xnode = an_xnode(
        "web",
        provider="manual",
        address="127.0.0.1",
        ssh_port=sshd.port,
        ssh_user=sshd.user,
        ssh_key=sshd.private_key,
    )
    with closing(state_database(home)) as database:
        SqliteInventory(database, actor="a test", now=FakeClock().now).add(xnode)
    KnownHostsFile(home / "known_hosts").pin(xnode.id, sshd.host_key)
    rule = {"name": "memory", "quantity": "memory", "info": {"enter": 0.1, "leave": 0}}
    remedy = {"rule": "memory", "run": ["touch", str(sshd.home / "it's done")]}
    settings = {
        "check_interval_seconds": 5,
        "checks": {"ping": False},
        "rules": [rule],
        "heartbeat": {"enabled": True, "start": True},
        "remediation": {"enabled": True, "remedies": [remedy]},
    }
    (home / "monitoring.yml").write_text(yaml.safe_dump(settings))
    return home


def until_done(lines: Iterable[str]) -> list[str]:
    """What it says, up to that of a remedy that was done."""
    told = []
    for line in lines:
        told.append(line)
        if json.loads(line).get("remediation", {}).get("state") == "done":
            return told
    raise AssertionError(told)


def test_it_helps_a_real_machine_and_shows_signs_of_life(tmp_path: Path) -> None:
    path = path_with_scripts(tmp_path / "bin")
    with receiver() as server, Sshd(tmp_path / "sshd", environment={"PATH": path}) as sshd:
        home = a_home(tmp_path, sshd)
        (home / "channels.yml").write_text(f"heartbeat_url: {server.url}/ping/s3cr3t\n")
        line = command(home, "--json", "openmesh", "monitor", "run")
        with subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as runs:
            try:
                assert runs.stdout is not None
                told = until_done(runs.stdout)
                runs.send_signal(signal.SIGTERM)
                out, err = runs.communicate(timeout=SECONDS)
            finally:
                runs.kill()
        assert (sshd.home / "it's done").exists()
    assert [path for path, _, _ in server.posted] == ["/ping/s3cr3t/start", "/ping/s3cr3t"]
    assert "s3cr3t" not in f"{told}{out}{err}"
    (done,) = capsule("openmesh", "monitor", "remediations", "--json", home=home).data
    assert (done["xnode"], done["state"]) == ("web", "done")
    pulse = capsule("openmesh", "monitor", "status", "--json", home=home).data["heartbeat"]
    assert (pulse["missed"], pulse["arrived_at"] is not None) == (0, True)
