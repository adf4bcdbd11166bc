"""Waiting for a machine that starts as NixOS: it is entered by the host key that it had."""

from dataclasses import dataclass

from capsule_domain.errors import CommandFailed, HostKeyChanged, HostUnreachable, OutcomeUnknown
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Host, Hosts, Target
from capsule_domain.services.machine_system import NIXOS, system_id

RESTART_SECONDS = 1800.0
POLL_SECONDS = 5.0
_BOOT = "cat /proc/sys/kernel/random/boot_id"
_RUNNING = "readlink -f /run/current-system"


@dataclass(frozen=True)
class Awaited:
    """A machine, what people call it, and the start that it is to leave behind."""

    target: Target
    place: str
    boot_id: str


@dataclass(frozen=True)
class AwaitNixos:
    """Believes nothing but what the machine says over a fresh connection."""

    hosts: Hosts
    clock: Clock
    timeout_seconds: float = RESTART_SECONDS

    def run(self, awaited: Awaited, system: str | None) -> str:
        """The store path of what it runs, which is `system` where that is known.

        Raises OutcomeUnknown when it does not come back as NixOS in time, HostKeyChanged when
        something else answers, CommandFailed when it runs another system.
        """
        start = self.clock.monotonic()
        why = "it did not go away"
        while self.clock.monotonic() - start < self.timeout_seconds:
            try:
                with self.hosts.connect(awaited.target) as host:
                    if _is_new(host, awaited):
                        return _running(host, awaited, system)
                    why = "it still runs what it ran"
            except HostKeyChanged as error:
                raise HostKeyChanged(
                    f"{awaited.place} does not show the host key that it had",
                    hint="look at its console: it may run NixOS with keys of its own",
                ) from error
            except HostUnreachable as error:
                why = error.message
            self.clock.sleep(POLL_SECONDS)
        raise OutcomeUnknown(
            f"{awaited.place} did not come back as NixOS within {self.timeout_seconds / 60:.0f}"
            f" minutes: {why}",
            hint="look at its console, at the provider's",
        )


def _is_new(host: Host, awaited: Awaited) -> bool:
    if system_id(host) != NIXOS:
        return False
    return host.run(_BOOT, check=True).stdout.strip() != awaited.boot_id


def _running(host: Host, awaited: Awaited, system: str | None) -> str:
    running = host.run(_RUNNING, check=True).stdout.strip()
    if system is not None and running != system:
        raise CommandFailed(
            f"{awaited.place} is NixOS, and runs {running} instead of {system}",
            hint=awaited.target.ssh_command,
        )
    return running
