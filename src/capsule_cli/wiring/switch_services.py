"""The services that switch NixOS machines."""

from typing import TYPE_CHECKING

from capsule_cli.wiring.nixos_services import NixosServices

if TYPE_CHECKING:
    from capsule_domain.services.apply import Apply
    from capsule_domain.services.apply_source import FindSource
    from capsule_domain.services.compare_systems import CompareSystems
    from capsule_domain.services.go_back import GoBack
    from capsule_domain.services.install_machine import InstallMachine
    from capsule_domain.services.settle_switches import SettleSwitches
    from capsule_domain.services.switch_fleet import SwitchFleet


class SwitchServices(NixosServices):
    """From a configuration, or an earlier generation, to the system that a machine runs."""

    def find_source(self) -> "FindSource":
        from capsule_domain.services.apply_source import FindSource

        return FindSource(
            configurations=self.configurations(),
            choices=self.choices(),
            reader=self.module_reader(),
            systems=self.nix_systems(),
            index=self.index(),
        )

    def apply(self) -> "Apply":
        from capsule_domain.services.apply import Apply

        return Apply(
            hosts=self.nixos_hosts(),
            builder=self.system_builder(),
            settle=self._settle_switches(),
            clock=self.clock(),
            new_id=self.new_id,
        )

    def go_back(self) -> "GoBack":
        from capsule_domain.services.go_back import GoBack

        return GoBack(
            hosts=self.nixos_hosts(),
            builder=self.system_builder(),
            settle=self._settle_switches(),
            clock=self.clock(),
            new_id=self.new_id,
        )

    def switch_fleet(self, at_once: int) -> "SwitchFleet":
        """Machines switched, `at_once` of them at a time after the first."""
        from capsule_domain.services.switch_fleet import SwitchFleet
        from capsule_domain.services.switch_machine import SwitchMachine

        switch = SwitchMachine(self.nixos_hosts(), self.switch_journal(), self.clock())
        return SwitchFleet(switch, at_once)

    def install_machine(self) -> "InstallMachine":
        """A machine that runs something else, to be NixOS."""
        from capsule_domain.services.await_nixos import AwaitNixos
        from capsule_domain.services.fill_hardware import FillHardware
        from capsule_domain.services.install_machine import InstallMachine

        fill = FillHardware(
            survey=self.hardware_survey(),
            profiles=self.manage_profile(),
            renderer=self.renderer(),
            configurations=self.configurations(),
        )
        return InstallMachine(
            surveys=self.machine_surveys(),
            find=self.find_source(),
            builder=self.system_builder(),
            fill=fill,
            known_hosts=self.known_hosts(),
            inventory=self.inventory(),
            installer=self.nixos_installer,
            seen=AwaitNixos(self.hosts(), self.clock()),
            new_id=self.new_id,
        )

    def compare_systems(self) -> "CompareSystems":
        from capsule_domain.services.compare_systems import CompareSystems

        return CompareSystems(self.nixos_hosts(), self.system_builder())

    def _settle_switches(self) -> "SettleSwitches":
        from capsule_domain.services.settle_switches import SettleSwitches

        return SettleSwitches(self.switch_journal(), self.clock())
