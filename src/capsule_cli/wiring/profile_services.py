"""The services that profiles and installing need."""

from typing import TYPE_CHECKING

from capsule_cli.wiring.fields import Ports

if TYPE_CHECKING:
    from capsule_domain.ports.settings import Choices
    from capsule_domain.services.activate import Activate
    from capsule_domain.services.bootstrap import Bootstrap
    from capsule_domain.services.check import Check
    from capsule_domain.services.environment import ManageProfile
    from capsule_domain.services.plant import Plant


class ProfileServices(Ports):
    """Profiles, and what is installed of them."""

    def choices_to_change(self, *, dry_run: bool) -> "Choices":
        """The user's choices; in a dry run what is saved goes nowhere."""
        from capsule_domain.services.rehearse import UnwrittenChoices

        return UnwrittenChoices(self.choices()) if dry_run else self.choices()

    def manage_profile(self, *, dry_run: bool = False) -> "ManageProfile":
        from capsule_domain.services.environment import ManageProfile

        return ManageProfile(self.choices_to_change(dry_run=dry_run), self.presets())

    def activate(self) -> "Activate":
        from capsule_domain.services.activate import Activate

        return Activate(
            profiles=self.manage_profile(),
            renderer=self.renderer(),
            nix=self.nix(),
            environment=self.nix_environment(),
            search_path=self.search_path(),
            clock=self.clock(),
        )

    def check(self) -> "Check":
        from capsule_domain.services.check import Check

        return Check(
            profiles=self.manage_profile(),
            renderer=self.renderer(),
            nix=self.nix(),
            environment=self.nix_environment(),
            index=self.index(),
        )

    def plant(self) -> "Plant":
        from capsule_domain.services.plant import Plant

        return Plant(
            plots=self.plots(),
            greenhouse=self.greenhouse(),
            seeds=self.seeds(),
            installers=self.nix_installers(),
            renderer=self.renderer(),
            clock=self.clock(),
        )

    def bootstrap(self, *, may_ask: bool) -> "Bootstrap":
        from capsule_domain.services.bootstrap import Bootstrap

        return Bootstrap(self.plots(), self.nix_installers(), may_ask)
