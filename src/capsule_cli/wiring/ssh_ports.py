"""The adapters that reach machines by SSH, each made when it is first used."""

from functools import cached_property
from typing import TYPE_CHECKING

from capsule_cli.wiring.ground import Ground

if TYPE_CHECKING:
    from capsule_domain.ports.hardware_survey import HardwareSurvey
    from capsule_domain.ports.host import Hosts, Keys, KnownHosts
    from capsule_domain.ports.probes import Probes
    from capsule_domain.ports.ssh_program import SshProgram
    from capsule_domain.ports.tunnels import Tunnels


class SshPorts(Ground):
    """Machines, by the host keys that this home has pinned."""

    @cached_property
    def hosts(self) -> "Hosts":
        from capsule_adapters.ssh.host import SshHosts

        known_hosts = self._home / "known_hosts"
        hosts = SshHosts(known_hosts, self.clouds.ssh_config(), secluded=self._sandboxed)
        self.closers.append(hosts.close)
        return hosts

    def known_hosts(self) -> "KnownHosts":
        from capsule_adapters.ssh.known_hosts import KnownHostsFile

        return KnownHostsFile(self._home / "known_hosts")

    def keys(self) -> "Keys":
        from capsule_adapters.ssh.keys import SshKeys

        return SshKeys(self._home / "ssh")

    def ssh_program(self) -> "SshProgram":
        from capsule_adapters.ssh.program import SystemSsh

        own = self.clouds.ssh_config() if self._sandboxed else None
        return SystemSsh(self._home / "known_hosts", own)

    @cached_property
    def tunnels(self) -> "Tunnels":
        from capsule_adapters.ssh.tunnels import SshTunnels

        tunnels = SshTunnels(
            self._home / "tunnels", self._home / "known_hosts", self.clouds.ssh_config
        )
        self.closers.append(tunnels.close)
        return tunnels

    @cached_property
    def probes(self) -> "Probes":
        from capsule_adapters.probes.network_probes import NetworkProbes

        probes = NetworkProbes(
            self._home / "known_hosts",
            self.clouds.ssh_config(),
            self.clock,
            by_echo=not self._sandboxed,  # rehearsed machines are on loopback, on or off
        )
        self.closers.append(probes.close)
        return probes

    def hardware_survey(self) -> "HardwareSurvey":
        from capsule_adapters.probes.hardware import SshHardwareSurvey

        return SshHardwareSurvey(self.hosts)
