"""Machines that answer from a script, and are as unkind as true ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from capsule_domain.errors import CommandFailed, HostError, HostKeyChanged, HostUnreachable
from capsule_domain.ports.host import Completed, Destination, Host, KnownHosts, Target

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
    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    """Content and mode, by path, of what was put there."""
    kept: list[str] = field(default_factory=list)
    """The commands that run for as long as somebody wants them to."""


class FakeHosts:
    """Implements `Hosts`. An address that was not added does not answer."""

    def __init__(self, known_hosts: KnownHosts) -> None:
        self._known_hosts = known_hosts
        self.machines: dict[tuple[str, int], FakeMachine] = {}
        self.persons_known_hosts: dict[str, str] = {}
        """The public keys that the person has accepted, by host name."""
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
    def connect(
        self, target: Target | Destination, *, timeout_seconds: float = 15.0
    ) -> Iterator[Host]:
        name, trusted = self._trusted(target)
        if not trusted:
            raise HostKeyChanged(f"no host key is known for {name}")
        machine = self._answering(target)
        if machine.host_key is not None and _bare(machine.host_key) not in trusted:
            raise HostKeyChanged(f"the host key of {name} is not the one we know")
        if not _lets_in(machine, target):
            raise HostUnreachable(f"{name} does not let {target.user} in")
        host = FakeHost(machine)
        try:
            yield host
        finally:
            host.closed = True

    def reach(self, target: Target | Destination, *, timeout_seconds: float = 15.0) -> float:
        self._answering(target)
        return self.latency_ms

    def shown_key(self, target: Target, *, timeout_seconds: float = 15.0) -> str:
        shown = self._answering(target).host_key
        if shown is None:
            raise HostUnreachable(f"cannot reach {target.address}: it shows no key")
        return _bare(shown)

    def _trusted(self, target: Target | Destination) -> tuple[str, Sequence[str]]:
        if isinstance(target, Target):
            return target.key_alias, self._known_hosts.pinned(target.key_alias)
        accepted = self.persons_known_hosts.get(target.host)
        return target.host, [_bare(accepted)] if accepted else []

    def _answering(self, target: Target | Destination) -> FakeMachine:
        address = target.address if isinstance(target, Target) else target.host
        machine = self.machines.get((address, target.port or 22))
        if machine is None or not machine.up:
            raise HostUnreachable(f"cannot reach {address}: connection refused")
        if machine.refused_connections > 0:
            machine.refused_connections -= 1
            raise HostUnreachable(f"cannot reach {address}: connection refused")
        return machine


def _lets_in(machine: FakeMachine, target: Target | Destination) -> bool:
    if isinstance(target, Destination):
        return target.user in (None, machine.user)
    keys = machine.private_keys
    return target.user == machine.user and (keys is None or target.private_key in keys)


@dataclass
class FakeHost:
    """One connection to a `FakeMachine`."""

    machine: FakeMachine
    closed: bool = False

    def run(
        self,
        command: str,
        *,
        stdin: str = "",
        timeout_seconds: float = 30.0,
        check: bool = False,
        heard: Callable[[str], None] | None = None,
    ) -> Completed:
        if self.closed or not self.machine.up:
            raise HostUnreachable("lost the connection")
        self.machine.commands.append(command)
        self.machine.inputs.append(stdin)
        done = self._answer(command, stdin)
        if heard is not None:
            for line in done.stderr.splitlines():
                heard(line)
        if max(len(done.stdout), len(done.stderr)) > OUTPUT_LIMIT:
            raise CommandFailed("a command wrote more than 8 MiB and was ended")
        if check and done.exit_code != 0:
            raise CommandFailed(f"a command failed ({done.exit_code}): {done.stderr.strip()}")
        return done

    def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        if self.closed or not self.machine.up:
            raise HostUnreachable("lost the connection")
        if any(other.startswith(f"{path}/") for other in self.machine.files):
            raise CommandFailed(f"a command failed (1): put: {path} is a folder")
        self.machine.files[path] = content, mode

    @contextmanager
    def keep(self, command: str, *, until: str, timeout_seconds: float = 30.0) -> Iterator[str]:
        lines = self.run(command).stdout.splitlines()
        line = next((each for each in lines if each.startswith(until)), None)
        if line is None:
            raise CommandFailed("a command that was to stay ended: it said nothing")
        self.machine.kept.append(command)
        try:
            yield line
        finally:
            self.machine.kept.remove(command)

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
