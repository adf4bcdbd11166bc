"""Try: does a configuration boot, and do its services run?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from capsule_domain.errors import ConfigurationError, HostUnreachable, NotFound
from capsule_domain.models.setting import Kind
from capsule_domain.models.stack import Stack
from capsule_domain.models.systems import SystemsSource
from capsule_domain.models.trial import Trial, TrialCheck, TrialKind
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.configurations import Configurations
from capsule_domain.ports.host import Host, HostKey, Hosts, Keys, KnownHosts, Target
from capsule_domain.ports.module_reader import ModuleReader
from capsule_domain.ports.nix_systems import NixSystems, Progress
from capsule_domain.ports.package_index import PackageIndex
from capsule_domain.ports.virtual_machines import VirtualMachine, VirtualMachines
from capsule_domain.services.find_systems import (
    configurations,
    nixpkgs_at_hand,
    roots_of,
    systems_source,
)

ACCELERATED_SECONDS = 600.0
EMULATED_SECONDS = 3600.0
"""How long is waited for a machine by default, with and without the processor's help."""

_LOCAL = "127.0.0.1"
_POLL_SECONDS = 2.0
_SETTLING_SECONDS = 90.0
"""How long units may take to start once the machine lets us in."""
_BASE = "machine"
_NO_NIXPKGS = "no nixpkgs is here to build the machine from: <nixpkgs> leads nowhere"


@dataclass(frozen=True)
class TryConfiguration:
    """Boots a configuration in a machine that is thrown away, and looks at its services."""

    configurations: Configurations
    reader: ModuleReader
    index: PackageIndex
    systems: NixSystems
    machines: VirtualMachines
    hosts: Hosts
    keys: Keys
    known_hosts: KnownHosts
    clock: Clock
    stacks: Callable[[], Mapping[str, Stack]]
    new_id: Callable[[], str]

    def run(
        self,
        place: str,
        *,
        host: str | None = None,
        nixpkgs: str | None = None,
        timeout_seconds: float | None = None,
        progress: Progress,
    ) -> Trial:
        """Build, boot, look, shut down, in a folder's only host or in `host`.

        What does not run is in the trial. Raises ConfigurationError without a system or
        without what can build it, NotFound, ToolMissing, NixFailed, HostError, StoreError.
        """
        files = self.configurations.nix_files(place)
        source = systems_source(files, self.configurations)
        if source is None:
            raise ConfigurationError(
                f"{place}: no configuration.nix", hint="capsule nixos generate"
            )
        hosts = configurations(files)
        chosen = _chosen(hosts, host)
        begin = [PurePath(hosts[chosen])] if chosen in hosts else roots_of(files)
        wanted = self._wanted(begin)
        login = self.keys.new_host_key()
        program = self.machines.build(
            source,
            chosen if len(hosts) > 1 else None,
            nixpkgs=self._nixpkgs(source, nixpkgs, progress),
            authorized_key=login.public_openssh,
            progress=progress,
        )
        accelerated = self.machines.accelerated()
        seconds = timeout_seconds or (ACCELERATED_SECONDS if accelerated else EMULATED_SECONDS)
        checks, boot_seconds = self._look(program, login, wanted, seconds, progress)
        return Trial(
            host=chosen or _BASE,
            accelerated=accelerated,
            checks=tuple(checks),
            boot_seconds=boot_seconds,
        )

    def _look(
        self,
        program: str,
        login: HostKey,
        wanted: Sequence[Stack],
        seconds: float,
        progress: Progress,
    ) -> tuple[Sequence[TrialCheck], float | None]:
        """Into the machine, which proves to be the one that was started."""
        host_key = self.keys.new_host_key()
        alias = f"vm-{self.new_id()}"
        self.known_hosts.pin(alias, host_key.public_openssh)
        try:
            with self.machines.boot(program, host_key=host_key, login=login) as machine:
                return _Look(self, machine, alias, wanted, progress, seconds).run()
        finally:
            self.known_hosts.forget(alias)

    def _nixpkgs(self, source: SystemsSource, given: str | None, progress: Progress) -> str | None:
        if source.locked:
            return None
        found = nixpkgs_at_hand(self.systems, self.index, given, progress)
        if found is None:
            raise ConfigurationError(_NO_NIXPKGS, hint="capsule nixos test --nixpkgs FOLDER")
        return found

    def _wanted(self, files: Sequence[PurePath]) -> Sequence[Stack]:
        """The stacks that the configuration itself turns on, whatever profile is active now."""
        known = self.stacks()
        settings = self.reader.read(files).settings
        on = {
            str(setting.path[1])
            for setting in settings
            if len(setting.path) == 3
            and (setting.path[0], setting.path[2]) == ("capsule", "enable")
            and setting.value.kind is Kind.BOOLEAN
            and setting.value.said
        }
        return [known[name] for name in sorted(on) if name in known]


def _chosen(hosts: Mapping[str, str], host: str | None) -> str | None:
    if host is None and len(hosts) > 1:
        names = ", ".join(sorted(hosts)[:5])
        raise ConfigurationError(
            f"there are {len(hosts)} hosts: {names}", hint="capsule nixos test --hostname NAME"
        )
    if host is not None and hosts and host not in hosts:
        raise NotFound("host", host, known=hosts)
    return host or next(iter(hosts), None)


@dataclass(frozen=True)
class _Look:
    """Into a machine that is booting."""

    with_: TryConfiguration
    machine: VirtualMachine
    alias: str
    stacks: Sequence[Stack]
    progress: Progress
    seconds: float

    def run(self) -> tuple[Sequence[TrialCheck], float | None]:
        """What was seen, and after how many seconds the machine let us in."""
        clock = self.with_.clock
        began = clock.monotonic()
        problem = self._wait(began)
        if problem is not None:
            return [_boot(ok=False, detail=problem)], None
        took = clock.monotonic() - began
        with self.with_.hosts.connect(self._target) as host:
            checks = self._settled(host, began)
            # It may have ended by itself before it hears that it should.
            host.run("systemctl poweroff --no-block || true", timeout_seconds=10.0)
        return [_boot(ok=True, detail=f"SSH after {took:.0f} s"), *checks], took

    def _wait(self, began: float) -> str | None:
        """Until it lets us in; else why it does not."""
        clock = self.with_.clock
        while True:
            why = self.machine.ended()
            if why is not None:
                return f"the machine ended by itself: {why}"
            try:
                with self.with_.hosts.connect(self._target, timeout_seconds=10.0):
                    return None
            except HostUnreachable as error:
                elapsed = clock.monotonic() - began
                if elapsed >= self.seconds:
                    return f"no SSH within {self.seconds:.0f} s: {error.message}"
                self.progress(elapsed, "the machine boots")
            clock.sleep(_POLL_SECONDS)

    def _settled(self, host: Host, began: float) -> Sequence[TrialCheck]:
        """The checks, as soon as all hold or none of them can change any more."""
        clock = self.with_.clock
        start = clock.monotonic()
        while True:
            units, ports = self._seen(host)
            checks = [check for stack in self.stacks for check in _checks(stack, units, ports)]
            pending = any(check.ok is False for check in checks)
            is_failed = "failed" in units.values()
            if not pending or is_failed or clock.monotonic() - start >= _SETTLING_SECONDS:
                return checks
            self.progress(clock.monotonic() - began, "its services start")
            clock.sleep(_POLL_SECONDS)

    def _seen(self, host: Host) -> tuple[Mapping[str, str], frozenset[int]]:
        """The state of each unit, and the TCP ports that somebody listens on."""
        names = " ".join(f"{unit}.service" for stack in self.stacks for unit in stack.services)
        asked = f"for unit in {names or 'sshd.service'}; do "
        asked += 'echo "unit $unit $(systemctl is-active "$unit" 2>/dev/null)"; done; ss -Hltn'
        units, ports = {}, set()
        for line in host.run(asked, check=True).stdout.splitlines():
            words = line.split()
            if words[:1] == ["unit"]:
                units[words[1].removesuffix(".service")] = "".join(words[2:3]) or "unknown"
            elif len(words) > 3 and words[3].rpartition(":")[2].isdigit():
                ports.add(int(words[3].rpartition(":")[2]))
        return units, frozenset(ports)

    @property
    def _target(self) -> Target:
        return Target(
            address=_LOCAL,
            port=self.machine.port,
            user=self.machine.user,
            key_alias=self.alias,
            private_key=self.machine.private_key,
        )


def _boot(*, ok: bool, detail: str) -> TrialCheck:
    return TrialCheck(stack=_BASE, kind=TrialKind.BOOT, name="ssh", ok=ok, detail=detail)


def _checks(stack: Stack, units: Mapping[str, str], ports: frozenset[int]) -> Sequence[TrialCheck]:
    found = [
        TrialCheck(
            stack=stack.name,
            kind=TrialKind.UNIT,
            name=f"{unit}.service",
            ok=units.get(unit) == "active",
            detail=units.get(unit, "unknown"),
        )
        for unit in stack.services
    ]
    is_used = any(port in ports for port in stack.ports)
    for port in stack.ports:
        is_heard = port in ports
        # A port may be opened for what is not set up: TLS without a domain, for one.
        ok = True if is_heard else None if is_used else False
        detail = "somebody listens" if is_heard else "nobody listens"
        found.append(
            TrialCheck(stack=stack.name, kind=TrialKind.PORT, name=str(port), ok=ok, detail=detail)
        )
    return found
