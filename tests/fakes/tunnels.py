"""Tunnels that lead nowhere."""

from collections.abc import Callable, Sequence
from itertools import count

from capsule_domain.errors import Conflict, HostError
from capsule_domain.models.tunnel import Tunnel
from capsule_domain.ports.host import Target
from capsule_domain.ports.tunnels import FindTarget, Heard

_FIRST_FREE = 40001


class FakeForward:
    """Opens unless `fails`; holding it is what `held` does."""

    def __init__(self, tunnels: "FakeTunnels", local_port: int) -> None:
        self._tunnels = tunnels
        self.local_port = local_port

    def open(self, find: FindTarget, remote_port: int, heard: Heard) -> None:
        self._tunnels.found.append(find())
        if self._tunnels.fails is not None:
            raise self._tunnels.fails
        heard(f"open to port {remote_port}")

    def hold(self) -> None:
        self._tunnels.held()

    def close(self) -> None:
        self._tunnels.taken.discard(self.local_port)


class FakeTunnels:
    """Implements `Tunnels`. A process is its pid and mark in `processes`."""

    def __init__(self) -> None:
        self.fails: HostError | None = None
        self.held: Callable[[], None] = _interrupted
        self.found: list[Target] = []
        self.taken: set[int] = set()
        self.processes: dict[int, str] = {4321: "now"}
        self.files: dict[str, Tunnel] = {}
        self._free = count(_FIRST_FREE)

    def take(self, local_port: int) -> FakeForward:
        port = local_port or next(self._free)
        if port in self.taken:
            raise Conflict(f"port {port} of this machine is in use")
        self.taken.add(port)
        return FakeForward(self, port)

    def register(self, tunnel: Tunnel) -> None:
        self.files[tunnel.id] = tunnel

    def unregister(self, tunnel_id: str) -> None:
        self.files.pop(tunnel_id, None)

    def running(self) -> Sequence[Tunnel]:
        living = [t for t in self.files.values() if self.processes.get(t.pid) == t.started]
        self.files = {tunnel.id: tunnel for tunnel in living}
        return sorted(living, key=lambda tunnel: (tunnel.xnode, tunnel.remote_port, tunnel.id))

    def end(self, tunnel: Tunnel) -> None:
        if self.processes.get(tunnel.pid) == tunnel.started:
            del self.processes[tunnel.pid]
        self.unregister(tunnel.id)

    def this_process(self) -> tuple[int, str]:
        return 4321, self.processes[4321]


def _interrupted() -> None:
    raise KeyboardInterrupt
