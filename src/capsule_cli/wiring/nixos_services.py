"""The services of `capsule nixos`."""

from typing import TYPE_CHECKING

from capsule_cli.wiring.profile_services import ProfileServices

if TYPE_CHECKING:
    from capsule_domain.services.generate import Generate
    from capsule_domain.services.generate_fleet import GenerateFleet
    from capsule_domain.services.machine_of_xnode import MachinesOfXNodes
    from capsule_domain.services.nixos_wish import GrantWish
    from capsule_domain.services.try_configuration import TryConfiguration
    from capsule_domain.services.validate import Validate
    from capsule_domain.services.why import Why


class NixosServices(ProfileServices):
    """NixOS configurations: made, explained, judged, tried."""

    def generate(self) -> "Generate":
        from capsule_domain.services.generate import Generate

        return Generate(
            profiles=self.manage_profile(),
            renderer=self.renderer(),
            configurations=self.configurations(),
            choices=self.choices(),
            machines=self.machines_of_xnodes,
            grant=self._grant_wish(),
        )

    def generate_fleet(self) -> "GenerateFleet":
        from capsule_domain.services.generate_fleet import GenerateFleet

        return GenerateFleet(
            profiles=self.manage_profile(),
            renderer=self.renderer(),
            configurations=self.configurations(),
            choices=self.choices(),
            machines=self.machines_of_xnodes(),
            grant=self._grant_wish(),
        )

    def machines_of_xnodes(self) -> "MachinesOfXNodes":
        """The xNodes as machines for NixOS."""
        from capsule_domain.services.machine_of_xnode import MachinesOfXNodes

        return MachinesOfXNodes(
            self.inventory(), self.keys(), self.hardware_survey(), self.known_hosts()
        )

    def _grant_wish(self) -> "GrantWish":
        from capsule_domain.services.judge_settings import judge_settings
        from capsule_domain.services.nixos_wish import GrantWish

        return GrantWish(self.time_zones, lambda given: judge_settings(given, self.index()))

    def why(self) -> "Why":
        from capsule_domain.services.why import Why

        return Why(self.module_reader(), self.configurations(), self.choices())

    def validate(self) -> "Validate":
        from capsule_domain.services.validate import Validate

        return Validate(
            nix_tool=self.nix(),
            configurations=self.configurations(),
            choices=self.choices(),
            reader=self.module_reader(),
            index=self.index(),
            systems=self.nix_systems(),
        )

    def last_configuration(self) -> str:
        """The folder that was generated last. Raises ConfigurationError when none was."""
        from capsule_domain.services.find_systems import last_configuration

        return last_configuration(self.choices().settings())

    def try_configuration(self) -> "TryConfiguration":
        from capsule_domain.services.compose import Compose
        from capsule_domain.services.try_configuration import TryConfiguration

        return TryConfiguration(
            configurations=self.configurations(),
            reader=self.module_reader(),
            index=self.index(),
            systems=self.nix_systems(),
            machines=self.machines(),
            hosts=self.hosts(),
            keys=self.keys(),
            known_hosts=self.known_hosts(),
            clock=self.clock(),
            stacks=lambda: Compose(self.presets()).stacks(),
            new_id=self.new_id,
        )
