"""The `Probes` port over the network: nothing is installed on the machines."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from capsule_adapters.probes.handover import Handover
from capsule_adapters.probes.script import loop_script
from capsule_adapters.ssh.loop import LoopThread
from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Observation
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock

if TYPE_CHECKING:
    import ssl

    from capsule_adapters.probes.sweep import Sweeps
    from capsule_adapters.ssh.shell_loop import Script

CLOSE_SECONDS = 5.0


class NetworkProbes:
    """Implements `Probes`. Importing this does not import asyncssh.

    `known_hosts_file` holds the pinned keys, `ssh_config` is as for `SshHosts`. `by_echo`
    False: machines share one address space with this one, where an echo says nothing.
    `tls`: what certificates of HTTPS checks are verified by; None for the system's.
    `script` is what the machines are asked; see `Script`.
    """

    def __init__(
        self,
        known_hosts_file: Path,
        ssh_config: Path | None,
        clock: Clock,
        *,
        by_echo: bool = True,
        tls: "ssl.SSLContext | None" = None,
        script: "Script" = loop_script,
    ) -> None:
        self._known_hosts_file = known_hosts_file
        self._ssh_config = ssh_config
        self._clock = clock
        self._by_echo = by_echo
        self._tls = tls
        self._script = script
        self._loop = LoopThread("capsule-probe")
        self._sweeps: Sweeps | None = None
        self._opening = threading.Lock()

    def look(self, xnodes: Sequence[XNode], plan: LookPlan) -> Iterator[Observation]:
        """Look at all of them side by side; yields each as it comes."""
        wanted = list({xnode.id: xnode for xnode in xnodes}.values())
        seen: Handover[Observation] = Handover()
        sweep = self._loop.start(self._opened().look(wanted, plan, seen.give))
        try:
            yield from seen.until_done(sweep)
        finally:
            sweep.cancel()

    def close(self) -> None:
        """Let go of every connection."""
        with self._opening:
            sweeps, self._sweeps = self._sweeps, None
        if sweeps is not None:
            with suppress(TimeoutError):
                self._loop.call(sweeps.close(), timeout_seconds=CLOSE_SECONDS)
        self._loop.stop()

    def _opened(self) -> "Sweeps":
        with self._opening:
            if self._sweeps is None:
                self._sweeps = self._open()
            return self._sweeps

    def _open(self) -> "Sweeps":
        from capsule_adapters.probes.ping import Pings
        from capsule_adapters.probes.sweep import Sweeps
        from capsule_adapters.ssh.kept import KeptLoops

        loops = KeptLoops(self._known_hosts_file, self._ssh_config, self._script)
        pings = Pings(by_echo=self._by_echo)
        return Sweeps(loops, pings, self._clock, ssh_config=self._ssh_config, tls=self._tls)
