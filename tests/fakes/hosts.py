"""Machines that answer from a script, and are as unkind as true ones."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from capsule_domain.errors import CommandFailed, HostError, HostKeyChanged, HostUnreachable
from capsule_domain.ports.host import Completed, Host, KnownHosts, Target

OUTPUT_LIMIT = 8 * 1024 * 1024

Answer = Completed | str | HostError | Callable[[str], Completed]
"""A str is the output of a success; a function is asked with stdin; an error is raised."""


@dataclass
class FakeMachine:
    """What a machine at an address does. Tests change it while it is in use."""

    host_key: str | None = None
    """The public key that it shows; None: whichever is pinned for it."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """The first answer whose key is part of the command; without one, exit code 127."""
    user: str = "root"
    up: bool = True
    refused_connections: int = 0
    """How many attempts fail before it answers, as while it boots."""
    private_keys: frozenset[str | None] | None = None
    """The private keys that it lets in; None: every one."""
    commands: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)


class FakeHosts:
    """Implements `Hosts`. An address that was not added does not answer."""

    def __init__(self, known_hosts: KnownHosts) -> None:
        self._known_hosts = known_hosts
        self.machines: dict[tuple[str, int], FakeMachine] = {}
        self.latency_ms = 1.5

    def add(
        self,
        address: str,
        *,
        port: int = 22,
        host_key: str | None = None,
        answers: Mapping[str, Answer] | None = None,
        refused_connections: int = 0,
    ) -> FakeMachine:
        """Put a machine at an address."""
        machine = FakeMachine(host_key, dict(answers or {}))
        machine.refused_connections = refused_connections
        self.machines[address, port] = machine
        return machine

    @contextmanager
    def connect(self, target: Target, *, timeout_seconds: float = 15.0) -> Iterator[Host]:
        pinned = self._known_hosts.pinned(target.key_alias)
        if not pinned:
            raise HostKeyChanged(f"no host key is known for {target.key_alias}")
        machine = self._answering(target)
        if machine.host_key is not None and _bare(machine.host_key) not in pinned:
            raise HostKeyChanged(f"the host key of {target.key_alias} is not the one we know")
        keys = machine.private_keys
        if target.user != machine.user or (keys is not None and target.private_key not in keys):
            raise HostUnreachable(f"{target.key_alias} does not let {target.user} in")
        host = FakeHost(machine)
        try:
            yield host
        finally:
            host.closed = True

    def reach(self, target: Target, *, timeout_seconds: float = 15.0) -> float:
        self._answering(target)
        return self.latency_ms

    def _answering(self, target: Target) -> FakeMachine:
        machine = self.machines.get((target.address, target.port))
        if machine is None or not machine.up:
            raise HostUnreachable(f"cannot reach {target.address}: connection refused")
        if machine.refused_connections > 0:
            machine.refused_connections -= 1
            raise HostUnreachable(f"cannot reach {target.address}: connection refused")
        return machine


@dataclass
class FakeHost:
    """One connection to a `FakeMachine`."""

    machine: FakeMachine
    closed: bool = False

    def run(
        self, command: str, *, stdin: str = "", timeout_seconds: float = 30.0, check: bool = False
    ) -> Completed:
        if self.closed or not self.machine.up:
            raise HostUnreachable("lost the connection")
        self.machine.commands.append(command)
        self.machine.inputs.append(stdin)
        done = self._answer(command, stdin)
        if max(len(done.stdout), len(done.stderr)) > OUTPUT_LIMIT:
            raise CommandFailed("a command wrote more than 8 MiB and was ended")
        if check and done.exit_code != 0:
            raise CommandFailed(f"a command failed ({done.exit_code}): {done.stderr.strip()}")
        return done

    def _answer(self, command: str, stdin: str) -> Completed:
        for part, answer in self.machine.answers.items():
            if part in command:
                if isinstance(answer, HostError):
                    raise answer
                if isinstance(answer, str):
                    return Completed(exit_code=0, stdout=answer, stderr="")
                return answer if isinstance(answer, Completed) else answer(stdin)
        return Completed(exit_code=127, stdout="", stderr=f"sh: {command[:40]}: not found\n")


def _bare(public_key: str) -> str:
    return " ".join(public_key.split()[:2])
