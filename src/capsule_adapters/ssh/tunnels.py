"""The `Tunnels` port. Importing this does not import asyncssh."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from capsule_adapters.processes import end_process, process_started
from capsule_adapters.ssh.loop import LoopThread
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_domain.errors import HostError
from capsule_domain.models.tunnel import Tunnel

if TYPE_CHECKING:
    from capsule_domain.ports.tunnels import Forward

LIMIT_BYTES = 64 * 1024
END_SECONDS = 5.0


class SshTunnels:
    """Tunnels over asyncssh; each that is open has a file of its own in `folder` (0600).

    `ssh_config` is asked for only when one is opened.
    """

    def __init__(
        self, folder: Path, known_hosts: Path, ssh_config: Callable[[], Path | None]
    ) -> None:
        self._folder = folder
        self._known_hosts = known_hosts
        self._ssh_config = ssh_config
        self._loop = LoopThread("capsule-tunnel")

    def take(self, local_port: int) -> "Forward":
        """A port of 127.0.0.1."""
        from capsule_adapters.ssh.forward import SshForward

        return SshForward(local_port, self._known_hosts, self._ssh_config(), self._loop)

    def register(self, tunnel: Tunnel) -> None:
        """Write its file."""
        make_private_folder(self._folder)
        write_atomically(self._file(tunnel.id), tunnel.model_dump_json().encode(), mode=0o600)

    def unregister(self, tunnel_id: str) -> None:
        """Remove its file."""
        with reporting("remove", self._file(tunnel_id)):
            self._file(tunnel_id).unlink(missing_ok=True)

    def running(self) -> Sequence[Tunnel]:
        """Those whose process still runs; what others left behind is cleared away."""
        found = []
        for file in self._folder.glob("*.json"):
            tunnel = _read(file)
            if tunnel is None:
                continue  # of another Capsule, newer or older: it is that one's to clear away
            if process_started(tunnel.pid) == tunnel.started:
                found.append(tunnel)
            else:
                with reporting("remove", file):
                    file.unlink(missing_ok=True)
        return sorted(found, key=lambda tunnel: (tunnel.xnode, tunnel.remote_port, tunnel.id))

    def end(self, tunnel: Tunnel) -> None:
        """End its process, if it is still that one."""
        if not end_process(tunnel.pid, tunnel.started, patience_seconds=END_SECONDS):
            raise HostError(
                f"the tunnel to {tunnel.xnode} does not end", hint=f"kill -9 {tunnel.pid}"
            )
        self.unregister(tunnel.id)

    def this_process(self) -> tuple[int, str]:
        """As `process_started` tells it."""
        return os.getpid(), process_started(os.getpid()) or ""

    def close(self) -> None:
        """End the loop, and every connection with it."""
        self._loop.stop()

    def _file(self, tunnel_id: str) -> Path:
        return self._folder / f"{tunnel_id}.json"


def _read(file: Path) -> Tunnel | None:
    content = read_limited(file, LIMIT_BYTES)
    if content is None:
        return None
    try:
        return Tunnel.model_validate_json(content)
    except ValidationError:
        return None
