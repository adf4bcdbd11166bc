"""What looking into NixOS machines, and switching them, is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_adapters.nix.building.builder import NixSystemBuilder
    from capsule_domain.ports.host import Hosts
    from capsule_domain.ports.machine_surveys import MachineSurveys
    from capsule_domain.ports.nixos_hosts import NixosHosts


@dataclass(frozen=True)
class SwitchingPorts:
    """Adapters over one home, each imported and made when it is first asked for.

    In the rehearsal ssh knows the rehearsal's machines alone. `closers` are told how what was
    opened is let go of.
    """

    home: Path
    environment: Mapping[str, str]
    hosts: "Callable[[], Hosts]"
    ssh_config: Callable[[], Path]
    closers: list[Callable[[], None]]
    sandboxed: bool

    def nixos_hosts(self) -> "NixosHosts":
        """Machines over SSH, and this one."""
        from capsule_adapters.nixos.hosts import SshNixosHosts

        return SshNixosHosts(self.hosts)

    def machine_surveys(self) -> "MachineSurveys":
        """Machines that NixOS is to be put on."""
        from capsule_adapters.installers.nixos.survey import SshMachineSurveys

        return SshMachineSurveys(self.hosts())

    def system_builder(self) -> "NixSystemBuilder":
        """This machine's Nix, and that of others."""
        return self._builder

    @cached_property
    def _builder(self) -> "NixSystemBuilder":
        from capsule_adapters.nix.building.builder import NixSystemBuilder
        from capsule_adapters.nix.building.ways import SshWays

        config = self.ssh_config() if self.sandboxed else None
        builder = NixSystemBuilder(
            hosts=self.hosts,
            ways=SshWays(self.home / "known_hosts", config),
            folder=self.home / "systems",
            environment=self.environment,
        )
        self.closers.append(builder.close)
        return builder
