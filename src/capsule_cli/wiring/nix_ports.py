"""The adapters that know Nix and NixOS configurations, each made when it is first used."""

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

from capsule_cli.wiring.ground import Ground

if TYPE_CHECKING:
    from capsule_domain.ports.configurations import Configurations
    from capsule_domain.ports.module_reader import ModuleReader
    from capsule_domain.ports.nix_environment import NixEnvironment
    from capsule_domain.ports.nix_renderer import NixRenderer
    from capsule_domain.ports.nix_systems import NixSystems
    from capsule_domain.ports.nix_tool import NixTool
    from capsule_domain.ports.search_path import SearchPath
    from capsule_domain.ports.virtual_machines import VirtualMachines


class NixPorts(Ground):
    """This machine's Nix, and configurations on its disk."""

    def renderer(self) -> "NixRenderer":
        from capsule_adapters.nix.renderer import JinjaNixRenderer

        return JinjaNixRenderer()

    @cached_property
    def nix(self) -> "NixTool":
        from capsule_adapters.nix.tool import NixCommand

        return NixCommand()

    def module_reader(self) -> "ModuleReader":
        from capsule_adapters.nix.reading.modules import NixModules

        return NixModules()

    def nix_systems(self) -> "NixSystems":
        from capsule_adapters.nix.systems import NixosSystems

        return NixosSystems(environment=self._environment)

    def machines(self) -> "VirtualMachines":
        from capsule_adapters.nix.machines import QemuMachines

        return QemuMachines(environment=self._environment)

    def time_zones(self) -> "Collection[str]":
        from capsule_adapters.clock import time_zones

        return time_zones()

    def nix_environment(self) -> "NixEnvironment":
        from capsule_cli.wiring.nix_profile import nix_environment

        return nix_environment(self._home, self._environment, sandboxed=self._sandboxed)

    def search_path(self) -> "SearchPath":
        from capsule_adapters.shell import ShellSearchPath

        return ShellSearchPath(self._environment)

    def configurations(self) -> "Configurations":
        from capsule_adapters.store.configurations import ConfigurationFolders

        return ConfigurationFolders(self._home)
