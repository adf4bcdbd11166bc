"""The collector as a process: signals, systemd's socket, and that there is only one."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

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
