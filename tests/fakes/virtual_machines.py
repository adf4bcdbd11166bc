"""Virtual machines that are entries among the machines of FakeHosts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from capsule_domain.errors import CapsuleError
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.host import HostKey
from capsule_domain.ports.nix_systems import Progress
from tests.fakes.hosts import Answer, FakeHosts


@dataclass(frozen=True)
class FakeMachine:
    """It lets in from the start, unless it `ends`."""

    port: int
    ends: str | None
    private_key: str = "/tmp/login"
    user: str = "root"

    def ended(self) -> str | None:
        return self.ends


class FakeVirtualMachines:
    """Machines with these `answers`; `boots_after` attempts they let in, never when None.

    `running` counts those that are booted and not ended.
    """

    def __init__(
        self,
        hosts: FakeHosts,
        answers: Mapping[str, Answer] | None = None,
        *,
        boots_after: int | None = 0,
        ends: str | None = None,
        kvm: bool = True,
        refuses: CapsuleError | None = None,
    ) -> None:
        self._hosts = hosts
        self._answers = dict(answers or {})
        self._boots_after = boots_after
        self._ends = ends
        self._kvm = kvm
        self._refuses = refuses
        self.built: list[tuple[SystemsSource, str | None, str | None]] = []
        self.authorized_key = ""
        self.running = 0

    def accelerated(self) -> bool:
        return self._kvm

    def build(
        self,
        source: SystemsSource,
        host: str | None,
        *,
        nixpkgs: str | None,
        authorized_key: str,
        progress: Progress,
    ) -> str:
        progress(0.0, "building")
        if self._refuses is not None:
            raise self._refuses
        self.built.append((source, host, nixpkgs))
        self.authorized_key = authorized_key
        return "/nix/store/vm/bin/run-web-1-vm"

    @contextmanager
    def boot(self, program: str, *, host_key: HostKey, login: HostKey) -> Iterator[FakeMachine]:
        assert login.public_openssh == self.authorized_key
        assert program
        self.running += 1
        port = 40_000 + self.running
        if self._boots_after is not None:
            self._hosts.add(
                "127.0.0.1",
                port=port,
                host_key=host_key.public_openssh,
                answers=self._answers,
                refused_connections=self._boots_after,
            )
        try:
            yield FakeMachine(port, self._ends)
        finally:
            self.running -= 1
            self._hosts.machines.pop(("127.0.0.1", port), None)
