"""From a machine that can be entered to one that can be used: a step after the other."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.errors import CommandFailed, HostError, HostKeyChanged, HostUnreachable
from capsule_domain.models.health import HealthStatus
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Hosts
from capsule_domain.ports.monitor import Monitor
from capsule_domain.ports.provider import Provider
from capsule_domain.services.diary import Report
from capsule_domain.services.machine_system import refuse_other_system
from capsule_domain.services.ready import keep_or_destroy, target_of

CLOUD_INIT_SECONDS = 900.0
XNODEOS_SECONDS = 2700.0
HEALTH_SECONDS = 120.0
POLL_SECONDS = 10.0


WaitForAddress = Callable[[Provider, XNode, Report], XNode]


@dataclass(frozen=True)
class CloudInitDone:
    """Waits for what the image does at its first start, where it does that by cloud-init.

    Not for XnodeOS: its installer is the last thing that cloud-init runs, and never returns.
    """

    hosts: Hosts
    timeout_seconds: float = CLOUD_INIT_SECONDS

    def run(self, cloud: Provider, xnode: XNode, report: Report) -> XNode:  # noqa: ARG002
        """Raises CommandFailed when it failed; what it could make up for is told."""
        if xnode.os is OperatingSystem.XNODEOS:
            return xnode
        with self.hosts.connect(target_of(xnode)) as host:
            if host.run("command -v cloud-init").exit_code != 0:
                return xnode
            done = host.run("cloud-init status --wait", timeout_seconds=self.timeout_seconds)
        said = " ".join(done.stdout.replace(".", "").split()) or "said nothing"
        if done.exit_code == 1:
            raise CommandFailed(
                f"cloud-init on {xnode.name} failed ({said}); the server runs and is billed",
                hint=keep_or_destroy(xnode),
            )
        report("cloud-init", said)
        return xnode


@dataclass(frozen=True)
class AwaitSystem:
    """Waits for a machine whose system is being replaced.

    It goes away meanwhile, and may come back at another address and, for a while, with
    another host key: as such it is not entered, only waited for.
    """

    hosts: Hosts
    clock: Clock
    wait_for_address: WaitForAddress

    def run(
        self, cloud: Provider, xnode: XNode, report: Report, *, timeout_seconds: float
    ) -> XNode:
        """Until it runs what was asked for. Raises the last HostError when it never does."""
        start = self.clock.monotonic()
        last = ""
        while True:
            xnode = self.wait_for_address(cloud, xnode, report)
            try:
                with self.hosts.connect(target_of(xnode)) as host:
                    refuse_other_system(host, xnode)
            except HostError as error:
                if self.clock.monotonic() - start >= timeout_seconds:
                    raise _of_its_kind(error, xnode, timeout_seconds) from error
                if error.message != last:
                    report(f"waiting for {xnode.os}", error.message)
                    last = error.message
            else:
                return xnode
            self.clock.sleep(POLL_SECONDS)


@dataclass(frozen=True)
class XnodeosInstalled:
    """Waits for the installer that the user data started."""

    system: AwaitSystem
    timeout_seconds: float = XNODEOS_SECONDS

    def run(self, cloud: Provider, xnode: XNode, report: Report) -> XNode:
        """Raises HostError when it never becomes an Xnode."""
        if xnode.os is not OperatingSystem.XNODEOS:
            return xnode
        return self.system.run(cloud, xnode, report, timeout_seconds=self.timeout_seconds)


@dataclass(frozen=True)
class SystemAsAsked:
    """Looks at what runs there."""

    hosts: Hosts

    def run(self, cloud: Provider, xnode: XNode, report: Report) -> XNode:  # noqa: ARG002
        """Raises HostError when it is something else."""
        with self.hosts.connect(target_of(xnode)) as host:
            report("system", refuse_other_system(host, xnode))
        return xnode


@dataclass(frozen=True)
class HealthGreen:
    """Looks at its health, as every later look does."""

    monitor: Monitor
    clock: Clock
    timeout_seconds: float = HEALTH_SECONDS

    def run(self, cloud: Provider, xnode: XNode, report: Report) -> XNode:  # noqa: ARG002
        """Until every check passes. Raises HostUnreachable when that never happens."""
        start = self.clock.monotonic()
        while True:
            (seen,) = self.monitor.collect([xnode])
            if seen.health.status is HealthStatus.HEALTHY:
                report("health", seen.health.status.value)
                return xnode
            if self.clock.monotonic() - start >= self.timeout_seconds:
                errors = "; ".join(check.error for check in seen.health.checks if check.error)
                raise HostUnreachable(
                    f"{xnode.name} is {seen.health.status} ({errors}); it runs and is billed",
                    hint=keep_or_destroy(xnode),
                )
            self.clock.sleep(POLL_SECONDS)


def _of_its_kind(error: HostError, xnode: XNode, timeout_seconds: float) -> HostError:
    kind = HostKeyChanged if isinstance(error, HostKeyChanged) else HostUnreachable
    return kind(
        f"{xnode.name} did not become {xnode.os} in {timeout_seconds / 60:.0f} minutes: "
        f"{error.message}; it is billed",
        hint=keep_or_destroy(xnode),
    )
