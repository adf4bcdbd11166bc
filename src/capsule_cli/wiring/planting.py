"""What planting and bootstrapping are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_domain.ports.host import Hosts
    from capsule_domain.ports.plot import Greenhouse, NixInstallers, Plots, Seeds


@dataclass(frozen=True)
class PlantingPorts:
    """Adapters over one home, each imported and made when it is first asked for."""

    home: Path
    environment: Mapping[str, str]
    hosts: "Callable[[], Hosts]"
    ssh_config: Callable[[], Path]
    sandboxed: bool

    def plots(self) -> "Plots":
        """Machines over SSH, and this one."""
        from capsule_adapters.installers.plot import ShellPlots

        return ShellPlots(self.hosts, dict(self.environment))

    def greenhouse(self) -> "Greenhouse":
        """This machine's Nix. In the rehearsal its ssh knows the rehearsal's machines alone."""
        from capsule_adapters.nix.building.ways import SshWays
        from capsule_adapters.nix.greenhouse import NixGreenhouse

        config = self.ssh_config() if self.sandboxed else None
        ways = SshWays(self.home / "known_hosts", config)
        return NixGreenhouse(self.home / "greenhouse", ways, dict(self.environment))

    def seeds(self) -> "Seeds":
        """What goes along."""
        from capsule_adapters.installers.seeds import HomeSeeds

        return HomeSeeds(self.home)

    def nix_installers(self) -> "NixInstallers":
        """The Nix project's own, unless the environment names another."""
        from capsule_adapters.installers.nix import HttpNixInstallers, installer_url

        return HttpNixInstallers(installer_url(self.environment), self.home / "installers")
