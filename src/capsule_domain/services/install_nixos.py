"""NixOS onto a rented server: the configuration that `nixos generate` writes, put there."""

from collections.abc import Callable
from dataclasses import dataclass

from capsule_domain.errors import HostError
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.nixos import GeneratedConfiguration
from capsule_domain.models.nixos_install import ChosenWay, NixosWay
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.host import Hosts
from capsule_domain.ports.journal import Journal
from capsule_domain.ports.nixos_installer import NixosInstaller, NixosJob
from capsule_domain.ports.provider import Provider
from capsule_domain.services.diary import Report
from capsule_domain.services.machine_system import NIXOS, system_id
from capsule_domain.services.nixos_way import choose_way, has_whole_disk
from capsule_domain.services.ready import target_of
from capsule_domain.services.settle import AwaitSystem

RESTART_SECONDS = 1800.0


@dataclass(frozen=True)
class InstallNixos:
    """A step of `settle`. `generate` writes the configuration of an xNode, as a way leaves it."""

    hosts: Hosts
    journal: Journal
    generate: Callable[[NixosWay, XNode], GeneratedConfiguration]
    installer: Callable[[], NixosInstaller]
    system: AwaitSystem
    timeout_seconds: float = RESTART_SECONDS
    """How long it may take to come back as NixOS, once it was installed."""

    def run(self, cloud: Provider, xnode: XNode, report: Report) -> XNode:
        """Raises HostError, ToolMissing, what generating raises: it stays rented."""
        if xnode.os is not OperatingSystem.NIXOS:
            return xnode
        chosen = self._way(cloud, xnode)
        target = target_of(xnode)
        with self.hosts.connect(target) as host:
            is_nixos = system_id(host) == NIXOS
        if is_nixos and chosen.way is not NixosWay.IMAGE:
            report("nixos", "is there already")
            return xnode
        report("nixos", f"{chosen.way}: {chosen.because}")
        written = self.generate(chosen.way, xnode)
        report("configuration", written.folder)
        job = NixosJob(
            way=chosen.way,
            target=target,
            folder=written.folder,
            hostname=written.hostname,
            whole_disk=has_whole_disk(xnode.provider),
        )
        self.installer().install(job, heard=lambda line: report("nixos", line))
        report("installed", "it starts as NixOS now")
        return self.system.run(cloud, xnode, report, timeout_seconds=self.timeout_seconds)

    def _way(self, cloud: Provider, xnode: XNode) -> ChosenWay:
        plan = self.journal.get(DeploymentId(xnode.deployment or xnode.id)).plan
        if plan is None:
            raise HostError(f"nobody knows any more how {xnode.name} was rented")
        return choose_way(plan.offer, cloud.capabilities)
