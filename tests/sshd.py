"""Debian's real sshd on a high loopback port, for the length of a test."""

import getpass
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh

from tests.tools import needs_tool

START_SECONDS = 10.0
CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/{host_key_name}
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
SetEnv {environment}
"""


class Sshd:
    """A running sshd: `port`, `user`, `host_key` (public, one line), `private_key` (a path).

    Runs as whoever runs the tests, and lets in only that user with only that key, whose
    sessions see `environment` besides HOME. Skips the test when sshd is not installed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        key_type: str = "ssh-ed25519",
        host_key_name: str = "host_key",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.program = needs_tool("sshd")
        self.folder = folder
        self.user = getpass.getuser()
        (folder / "home").mkdir(parents=True)
        host = asyncssh.generate_private_key(key_type)
        self._host_key_name = host_key_name
        host.write_private_key(folder / host_key_name)
        (folder / host_key_name).chmod(0o600)
        self.host_key = host.export_public_key().decode().strip()
        client = asyncssh.generate_private_key("ssh-ed25519")
        client.write_private_key(folder / "id_ed25519")
        client.write_public_key(folder / "id_ed25519.pub")
        client.write_public_key(folder / "authorized_keys")
        (folder / "id_ed25519").chmod(0o600)
        self.private_key = str(folder / "id_ed25519")
        self.home = folder / "home"
        self.environment = {"HOME": str(self.home), **(environment or {})}
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd as root asks for it
        for _ in range(5):  # another may take the port between the choice and the use
            self.port = _free_port()
            if self._start():
                return self
        raise AssertionError(f"sshd does not start: {(self.folder / 'log').read_text()}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the listener."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """End the listener; sessions that are open stay."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _start(self) -> bool:
        config = self.folder / "sshd_config"
        seen = " ".join(f'"{name}={value}"' for name, value in self.environment.items())
        config.write_text(
            CONFIG.format(
                port=self.port,
                folder=self.folder,
                host_key_name=self._host_key_name,
                environment=seen,
            )
        )
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.program, "-D", "-e", "-f", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return True
        self.stop()
        return False


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port
