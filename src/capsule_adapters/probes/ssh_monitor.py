"""The `Monitor` port over SSH: nothing is installed on the machines."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from typing import Protocol

from capsule_adapters.probes.metrics import metrics
from capsule_adapters.probes.script import parts, script
from capsule_domain.errors import HostError
from capsule_domain.models.health import Check, CheckKind, Health
from capsule_domain.models.metric import Metrics, Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Hosts, Target

WORKERS = 32
CONNECT_SECONDS = 10.0
SCRIPT_SECONDS = 15.0


class Observations(Protocol):
    """Where observations are kept. Raises StoreError."""

    def remember(self, xnode_id: str, observation: Observation) -> None:
        """Keep it."""

    def history(self, xnode_id: str, since: datetime) -> Sequence[Observation]:
        """Those from `since` on, oldest first."""

    def latest(self) -> Mapping[str, Observation]:
        """The last of each xNode, by its id."""


class SshMonitor:
    """Implements the `Monitor` port: a TCP connection, a login with the pinned host key,
    and one script a machine, in at most 32 threads."""

    def __init__(self, hosts: Hosts, observations: Observations, clock: Clock) -> None:
        self._hosts = hosts
        self._observations = observations
        self._clock = clock

    def collect(self, xnodes: Sequence[XNode]) -> Iterator[Observation]:
        """Look at all of them side by side; yields each as it comes, and remembers it."""
        wanted = list({xnode.id: xnode for xnode in xnodes}.values())
        if not wanted:
            return
        workers = ThreadPoolExecutor(min(WORKERS, len(wanted)), thread_name_prefix="capsule-probe")
        try:
            asked = {workers.submit(self._observe, xnode): xnode.id for xnode in wanted}
            for answered in as_completed(asked):
                observation = answered.result()
                self._observations.remember(asked[answered], observation)
                yield observation
        finally:
            # Who stops looking does not wait for those that were not asked yet.
            workers.shutdown(wait=False, cancel_futures=True)

    def history(self, xnode: XNode, since: datetime) -> Sequence[Observation]:
        """What was seen from `since` on, oldest first."""
        return self._observations.history(xnode.id, since)

    def latest(self) -> Mapping[str, Observation]:
        """The last observation of each xNode, by the xNode's id."""
        return self._observations.latest()

    def _observe(self, xnode: XNode) -> Observation:
        if xnode.address is None:
            return Observation(xnode_id=xnode.id, health=Health.judged(xnode.name, (), self._clock.now()))
        target = Target(
            address=xnode.address,
            port=xnode.ssh_port,
            user=xnode.ssh_user,
            key_alias=xnode.id,
            private_key=xnode.ssh_key,
        )
        tcp = self._knock(target)
        if tcp.ok:
            ssh, sample = self._enter(target, xnode.name)
        else:
            ssh, sample = Check(kind=CheckKind.SSH, ok=False, error=tcp.error), None
        health = Health.judged(xnode.name, (tcp, ssh), self._clock.now())
        return Observation(xnode_id=xnode.id, health=health, metrics=sample)

    def _knock(self, target: Target) -> Check:
        try:
            latency_ms = self._hosts.reach(target, timeout_seconds=CONNECT_SECONDS)
        except HostError as error:
            return Check(kind=CheckKind.TCP, ok=False, error=error.message)
        return Check(kind=CheckKind.TCP, ok=True, latency_ms=latency_ms)

    def _enter(self, target: Target, name: str) -> tuple[Check, Metrics | None]:
        """Log in and run the script. A machine that does not bring it to an end is not well."""
        marker = secrets.token_hex(16)
        begun = self._clock.monotonic()
        try:
            with self._hosts.connect(target, timeout_seconds=CONNECT_SECONDS) as host:
                latency_ms = (self._clock.monotonic() - begun) * 1000
                done = host.run(script(marker), timeout_seconds=SCRIPT_SECONDS)
        except HostError as error:
            return Check(kind=CheckKind.SSH, ok=False, error=error.message), None
        found = parts(done.stdout, marker)
        if "end" not in found:
            why = f"the probe on {target.key_alias} did not come to its end ({done.exit_code})"
            return Check(kind=CheckKind.SSH, ok=False, error=why), None
        check = Check(kind=CheckKind.SSH, ok=True, latency_ms=latency_ms)
        return check, metrics(name, found, self._clock.now())
