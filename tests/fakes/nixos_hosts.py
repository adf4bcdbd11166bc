"""NixOS machines in memory, reached over connections that break."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from capsule_domain.errors import ConfigurationError, HostKeyChanged, HostUnreachable
from capsule_domain.models.facts import Sudo
from capsule_domain.models.generation import Generation
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.switch import SwitchOrder, SwitchReport
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.nixos_hosts import Machine, NixosHost
from tests.fakes.clock import FakeClock
from tests.fakes.nixos_machine import FakeNixosMachine

Answer = TypeVar("Answer")


class Cut(StrEnum):
    """How a connection breaks: before what was asked arrives, or after it was done."""

    BEFORE = "before"
    AFTER = "after"


@dataclass
class FakeNixosHosts:
    """Implements `NixosHosts`. A call takes `latency_seconds` of the fake clock.

    `cut(nth)` breaks the nth call to come (`enter` is one too) and all connections that there
    are; for `outage_seconds` from then on nothing is reached. `calls` has every call's name.

        hosts = FakeNixosHosts(clock)
        machine = hosts.add("web", "203.0.113.9")          # known by its key, as web
        new = machine.add_system(system_path("web", 2), Behaviour(ports=(2222,)))
        with hosts.enter(Target(address="203.0.113.9", key_alias="web")) as host: ...
    """

    clock: FakeClock
    machines: list[FakeNixosMachine] = field(default_factory=list)
    here: FakeNixosMachine | None = None
    """The machine that we are on."""
    latency_seconds: float = 0.1
    outage_seconds: float = 0.0
    calls: list[str] = field(default_factory=list)
    heard_at: Callable[[str], None] = lambda _call: None
    """Called with each call's name, before it is done: a test may do something there."""
    _cuts: dict[int, Cut] = field(default_factory=dict)
    _out_until: float = -1.0
    _cut_at: float = -1.0

    def add(self, name: str, address: str, *, port: int = 22) -> FakeNixosMachine:
        """A machine, whose key is known as its name, and to the person by address and port."""
        machine = FakeNixosMachine(self.clock, name, (address,), (port,))
        self.machines.append(machine)
        return machine

    def cut(self, nth: int = 1, how: Cut = Cut.BEFORE, *, outage_seconds: float = 0.0) -> None:
        """Break the nth call from now."""
        self._cuts[len(self.calls) + nth - 1] = how
        self.outage_seconds = outage_seconds

    @contextmanager
    def enter(self, machine: Machine, *, timeout_seconds: float = 15.0) -> Iterator[NixosHost]:
        host = self.called("enter", lambda: self._connect(machine, timeout_seconds))
        try:
            yield host
        finally:
            host.is_open = False

    def called(self, name: str, work: Callable[[], Answer]) -> Answer:
        """One call, which may be cut."""
        cut = self._cuts.pop(len(self.calls), None)
        self.calls.append(name)
        self.heard_at(name)
        self.clock.advance(self.latency_seconds)
        if cut is Cut.BEFORE:
            self._break()
        if self.clock.monotonic() < self._out_until:
            raise HostUnreachable("the network is down")
        answer = work()
        if cut is Cut.AFTER:
            self._break()
        return answer

    def is_cut_since(self, moment: float) -> bool:
        """Whether connections of that moment are broken."""
        return self._cut_at > moment

    def _break(self) -> None:
        self._cut_at = self.clock.monotonic()
        self._out_until = self._cut_at + self.outage_seconds
        self.clock.advance(self.latency_seconds)
        raise HostUnreachable("lost the connection")

    def _connect(self, machine: Machine, timeout_seconds: float) -> "FakeNixosHost":
        if machine is None:
            if self.here is None:
                return FakeNixosHost(self, None, None, self.clock.monotonic())
            return FakeNixosHost(self, self.here, None, self.clock.monotonic())
        address, port = _place(machine)
        there = next((one for one in self.machines if one.listens(address, port)), None)
        if there is None:
            self.clock.advance(timeout_seconds)
            raise HostUnreachable(f"cannot reach {address}:{port}: timed out")
        now = there.behaviour
        if now.other_host_key or not _knows(machine, there):
            raise HostKeyChanged(f"the host key of {address} is not the one we know")
        if not now.lets_in or machine.user not in (None, there.user):
            raise HostUnreachable(f"{address} does not let {machine.user} in")
        if there.user != "root" and now.sudo is not Sudo.FREE:
            raise ConfigurationError(f"sudo of {address} asks for a password")
        since = self.clock.monotonic()
        return FakeNixosHost(self, there, (address, port), since, machine.options)


def _place(machine: Target | Destination) -> tuple[str, int]:
    if isinstance(machine, Target):
        return machine.address, machine.port
    return machine.host, machine.port or 22


def _knows(machine: Target | Destination, there: FakeNixosMachine) -> bool:
    """A person's ssh knows a machine by where it was met, and nowhere else."""
    if isinstance(machine, Target):
        return machine.key_alias == there.name
    met = machine.known_as or machine
    return met.host in there.addresses and (met.port or 22) in there.ports


@dataclass
class FakeNixosHost:
    """One connection. It outlives a firewall that is closed, and no break."""

    hosts: FakeNixosHosts
    machine: FakeNixosMachine | None
    place: tuple[str, int] | None
    since: float
    options: str = ""
    """What names it to a command of ours."""
    is_open: bool = True

    def look(self) -> LiveSystem:
        def work(machine: FakeNixosMachine) -> LiveSystem:
            address, port = self.place or ("127.0.0.1", 22)
            return machine.look(address, port, over_ssh=self.place is not None)

        return self._asked("look", work)

    def generations(self) -> Sequence[Generation]:
        return self._asked("generations", FakeNixosMachine.generations)

    def begin(self, order: SwitchOrder) -> None:
        self._asked("begin", lambda machine: machine.begin(order))

    def follow(self, switch_id: str) -> SwitchReport:
        return self._asked("follow", lambda machine: machine.report(switch_id))

    def confirm(self, switch_id: str) -> None:
        self._asked("confirm", lambda machine: machine.confirm(switch_id))

    def give_up(self, switch_id: str) -> None:
        self._asked("give_up", lambda machine: machine.give_up(switch_id))

    def _asked(self, name: str, work: Callable[[FakeNixosMachine], Answer]) -> Answer:
        return self.hosts.called(name, lambda: work(self._there()))

    def _there(self) -> FakeNixosMachine:
        machine = self.machine
        if machine is None or not machine.is_nixos:
            raise ConfigurationError(
                "this machine is not NixOS", hint=f"capsule nixos install {self.options}"
            )
        machine.pass_time()
        gone = self.hosts.is_cut_since(self.since) or machine.lost_connections_at > self.since
        if not self.is_open or not machine.is_up or gone:
            raise HostUnreachable(f"lost the connection to {machine.name}")
        return machine
