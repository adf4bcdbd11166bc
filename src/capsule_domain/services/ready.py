"""Waiting until a rented server can be used: an address, SSH with the known host key, and
whatever else its system takes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from capsule_domain.errors import (
    HostKeyChanged,
    HostUnreachable,
    NotFound,
    ProviderError,
    ProviderUnavailable,
)
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.server import Server, ServerStatus
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Hosts, Target
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.provider import Provider
from capsule_domain.services.diary import Report

POLL_SECONDS = 2.0


def target_of(xnode: XNode) -> Target:
    """How to reach an xNode. Raises HostUnreachable while it has no address."""
    if xnode.address is None:
        raise HostUnreachable(f"{xnode.name} has no address yet", hint="capsule openmesh xnodes")
    return Target(
        address=xnode.address,
        port=xnode.ssh_port,
        user=xnode.ssh_user,
        key_alias=xnode.id,
        private_key=xnode.ssh_key,
        name=xnode.name,
    )


class Step(Protocol):
    """One step. Done again on a machine where it was done it changes nothing."""

    def run(self, cloud: Provider, xnode: XNode, report: Report) -> XNode:
        """The xNode as it is after it. Raises HostError, ProviderError: it stays rented."""


@dataclass(frozen=True)
class Ready:
    """Waits, with a deadline of its own for each step.

    `learn` trusts a machine whose host key could not be sent; `steps` come after the first
    login, in their order.
    """

    hosts: Hosts
    inventory: Inventory
    clock: Clock
    timeout_seconds: float
    learn: Callable[[XNode, Report], XNode] = lambda xnode, _report: xnode
    steps: Sequence[Step] = ()

    def wait_for_address(self, cloud: Provider, xnode: XNode, report: Report) -> XNode:
        """Until the cloud says it runs and has an address; the inventory follows.

        Raises ProviderError when it never does: the server stays rented.
        """
        start = self.clock.monotonic()
        while self.clock.monotonic() - start < self.timeout_seconds:
            server = self._look(cloud, xnode, self.clock.monotonic() - start, report)
            if server and (server.status, server.address) != (xnode.status, xnode.address):
                xnode = xnode.model_copy(
                    update={"status": server.status, "address": server.address}
                )
                self.inventory.update(xnode)
                report("server", f"{server.status}, {server.address or 'no address yet'}")
            if xnode.status is ServerStatus.RUNNING and xnode.address:
                return xnode
            self.clock.sleep(POLL_SECONDS)
        raise ProviderError(
            xnode.provider,
            f"server {xnode.server_id} is {xnode.status} after {self.timeout_seconds:.0f} s "
            "and goes on being billed",
            hint=keep_or_destroy(xnode),
        )

    def _look(
        self, cloud: Provider, xnode: XNode, waited_seconds: float, report: Report
    ) -> Server | None:
        """The server now; None while a young one may be missing, or the cloud is silent."""
        try:
            return cloud.server(xnode.server_id)
        except ProviderUnavailable as error:
            report("cloud silent", error.message)
            return None
        except NotFound as error:
            if waited_seconds < cloud.capabilities.settling_seconds:
                return None
            self.inventory.update(
                xnode.model_copy(
                    update={"status": ServerStatus.GONE, "terminated_at": self.clock.now()}
                )
            )
            raise ProviderError(
                xnode.provider, f"server {xnode.server_id} vanished while it was starting"
            ) from error

    def settle(self, cloud: Provider, xnode: XNode, report: Report) -> XNode:
        """One step after the other. Raises HostError, ProviderError: it stays rented.

        On a machine where steps were done already they change nothing.
        """
        for step in self.steps:
            xnode = step.run(cloud, xnode, report)
        return xnode

    def wait_for_ssh(self, xnode: XNode, report: Report) -> XNode:
        """Until a fresh login works and the host proves to be ours.

        A machine that shows another host key is refused at once. One that becomes an Xnode
        is not entered here: its installer comes and goes, and is waited for by its own step.
        Raises HostError: the server stays rented.
        """
        if xnode.os is OperatingSystem.XNODEOS:
            return xnode
        start = self.clock.monotonic()
        last = ""
        while True:
            try:
                xnode = self.learn(xnode, report)
                report("entered", self._enter(xnode))
            except HostKeyChanged as error:
                raise HostKeyChanged(error.message, hint=keep_or_destroy(xnode)) from error
            except HostUnreachable as error:
                if self.clock.monotonic() - start >= self.timeout_seconds:
                    raise HostUnreachable(
                        f"{error.message}; the server runs and is billed",
                        hint=keep_or_destroy(xnode),
                    ) from error
                if error.message != last:
                    report("waiting for SSH", error.message)
                    last = error.message
            else:
                return xnode
            self.clock.sleep(POLL_SECONDS)

    def _enter(self, xnode: XNode) -> str:
        """A login over a fresh connection; what the machine says it is."""
        with self.hosts.connect(target_of(xnode)) as host:
            return host.run("uname -sm", check=True).stdout.strip()


def keep_or_destroy(xnode: XNode) -> str:
    """The choice of who has rented what cannot be used yet."""
    return (
        f"keep it and look later: capsule openmesh monitor health {xnode.name} --run-check; "
        f"or end it: capsule openmesh xnode terminate {xnode.name}"
    )
