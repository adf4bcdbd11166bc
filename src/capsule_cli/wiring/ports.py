"""The ports that commands use, and the services made of them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

from capsule_domain.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import date

    from capsule_domain.models.cloud import CloudFacts
    from capsule_domain.models.cost import CostReport
    from capsule_domain.models.deployment import DeploymentEvent
    from capsule_domain.models.money import Rates
    from capsule_domain.ports.backups import Backups
    from capsule_domain.ports.catalogue import Catalogue
    from capsule_domain.ports.clock import Clock
    from capsule_domain.ports.cloud_keys import CloudKeys
    from capsule_domain.ports.configurations import Configurations
    from capsule_domain.ports.editor import Editor
    from capsule_domain.ports.examination import Examination
    from capsule_domain.ports.hardware_survey import HardwareSurvey
    from capsule_domain.ports.host import Hosts, Keys, KnownHosts
    from capsule_domain.ports.installation import Installation
    from capsule_domain.ports.inventory import Inventory
    from capsule_domain.ports.journal import Journal
    from capsule_domain.ports.module_reader import ModuleReader
    from capsule_domain.ports.monitor import Monitor
    from capsule_domain.ports.nix_environment import NixEnvironment
    from capsule_domain.ports.nix_renderer import NixRenderer
    from capsule_domain.ports.nix_systems import NixSystems
    from capsule_domain.ports.nix_tool import NixTool
    from capsule_domain.ports.package_index import PackageIndex, PackageSource
    from capsule_domain.ports.page import Pages
    from capsule_domain.ports.plot import Greenhouse, NixInstallers, Plots, Seeds
    from capsule_domain.ports.presets import Presets
    from capsule_domain.ports.price_lists import PriceLists
    from capsule_domain.ports.profile_texts import ProfileTexts
    from capsule_domain.ports.provider import Provider
    from capsule_domain.ports.sandbox import Sandbox
    from capsule_domain.ports.search_path import SearchPath
    from capsule_domain.ports.settings import Choices
    from capsule_domain.ports.virtual_machines import VirtualMachines
    from capsule_domain.services.activate import Activate
    from capsule_domain.services.bootstrap import Bootstrap
    from capsule_domain.services.check import Check
    from capsule_domain.services.clouds import Clouds
    from capsule_domain.services.configure_provider import ConfigureProvider, ConnectWith
    from capsule_domain.services.deploy import Deploy
    from capsule_domain.services.environment import ManageProfile
    from capsule_domain.services.generate import Generate
    from capsule_domain.services.generate_fleet import GenerateFleet
    from capsule_domain.services.machine_of_xnode import MachinesOfXNodes
    from capsule_domain.services.market import Market
    from capsule_domain.services.nixos_wish import GrantWish
    from capsule_domain.services.plant import Plant
    from capsule_domain.services.terminate import Terminate
    from capsule_domain.services.try_configuration import TryConfiguration
    from capsule_domain.services.validate import Validate
    from capsule_domain.services.watch import Watch
    from capsule_domain.services.why import Why


GroupBy = Literal["provider", "region", "tag", "profile"]
GROUPS: tuple[GroupBy, ...] = get_args(GroupBy)


def _token() -> str:
    """Ten hexadecimal digits that nobody else has."""
    import secrets

    return secrets.token_hex(5)


@dataclass(frozen=True)
class Wiring:
    """Ports, each filled when it is first asked for. Tests fill it with fakes."""

    clock: "Callable[[], Clock]"
    presets: "Callable[[], Presets]"
    choices: "Callable[[], Choices]"
    catalogue: "Callable[[], Catalogue]"
    rates: "Callable[[], Rates]"
    renderer: "Callable[[], NixRenderer]"
    nix: "Callable[[], NixTool]"
    module_reader: "Callable[[], ModuleReader]"
    nix_systems: "Callable[[], NixSystems]"
    machines: "Callable[[], VirtualMachines]"
    time_zones: "Callable[[], Collection[str]]"
    """The time zones that this machine knows; none where it has no list of them."""
    hardware_survey: "Callable[[], HardwareSurvey]"
    nix_environment: "Callable[[], NixEnvironment]"
    search_path: "Callable[[], SearchPath]"
    configurations: "Callable[[], Configurations]"
    inventory: "Callable[[], Inventory]"
    journal: "Callable[[], Journal]"
    monitor: "Callable[[], Monitor]"
    hosts: "Callable[[], Hosts]"
    known_hosts: "Callable[[], KnownHosts]"
    keys: "Callable[[], Keys]"
    sandbox: "Callable[[], Sandbox]"
    backups: "Callable[[], Backups]"
    examination: "Callable[[], Examination]"
    pages: "Callable[[], Pages]"
    installation: "Callable[[], Installation]"
    profile_texts: "Callable[[], ProfileTexts]"
    editor: "Callable[[], Editor]"
    index: "Callable[[], PackageIndex]"
    package_source: "Callable[[str | None], PackageSource]"
    """The nixpkgs in that folder; without one the person's own."""
    plots: "Callable[[], Plots]"
    greenhouse: "Callable[[], Greenhouse]"
    seeds: "Callable[[], Seeds]"
    nix_installers: "Callable[[], NixInstallers]"
    providers: "Callable[[], Sequence[str]]"
    """The clouds that Capsule knows."""
    configured: "Callable[[], Sequence[str]]"
    """Those of them whose credentials are at hand."""
    provider: "Callable[[str], Provider]"
    """A cloud by its name. Raises CredentialsMissing."""
    bills_when_stopped: Callable[[str], bool]
    ended: "Callable[[str], date | None]"
    """The day on which a cloud's service ended, or None while it goes on."""
    facts: "Callable[[str], CloudFacts]"
    """What is known of a cloud without asking it. Raises NotFound."""
    cloud_keys: "Callable[[], CloudKeys]"
    provider_with: "ConnectWith"
    """A cloud opened by a key that need not be kept."""
    price_lists: "Callable[[], PriceLists]"
    username: str = "admin"
    """Who runs this, as a machine's first user would be called."""
    new_id: Callable[[], str] = _token
    closers: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """Close what was opened, newest first."""
        while self.closers:
            self.closers.pop()()

    def known_provider(self, name: str) -> str:
        """The cloud that `name` is, or begins. Raises NotFound with the nearest, and Conflict."""
        from capsule_domain.services.one_of import one_of

        return one_of("provider", name, self.providers(), hint="capsule openmesh providers")

    def choices_to_change(self, *, dry_run: bool) -> "Choices":
        """The user's choices; in a dry run what is saved goes nowhere."""
        from capsule_domain.services.rehearse import UnwrittenChoices

        return UnwrittenChoices(self.choices()) if dry_run else self.choices()

    def manage_profile(self, *, dry_run: bool = False) -> "ManageProfile":
        from capsule_domain.services.environment import ManageProfile

        return ManageProfile(self.choices_to_change(dry_run=dry_run), self.presets())

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
        )

    def bootstrap(self, *, may_ask: bool) -> "Bootstrap":
        from capsule_domain.services.bootstrap import Bootstrap

        return Bootstrap(self.plots(), self.nix_installers(), may_ask)

    def market(self, provider: str | None) -> "Market":
        """One cloud, or all that are configured and go on.

        Raises ConfigurationError when none is configured.
        """
        from capsule_domain.services.ended import still_going
        from capsule_domain.services.market import Market

        configured = [provider] if provider else self.configured()
        if not configured:
            raise ConfigurationError(
                "no cloud is configured",
                hint="capsule openmesh provider configure NAME; or rehearse: capsule --sandbox …",
            )
        names = configured if provider else still_going(configured, self.ended)
        return Market(
            {name: partial(self.provider, name) for name in names},
            self.catalogue().templates(),
            self.clock(),
        )

    def clouds(self) -> "Clouds":
        from capsule_domain.services.clouds import Clouds

        return Clouds(self.facts, self.cloud_keys(), self.catalogue())

    def configure_provider(self) -> "ConfigureProvider":
        from capsule_domain.services.configure_provider import ConfigureProvider

        return ConfigureProvider(self.cloud_keys(), self.provider_with)

    def deploy(self, progress: "Callable[[DeploymentEvent], None]") -> "Deploy":
        from capsule_domain.services.deploy import Deploy
        from capsule_domain.services.diary import Diary
        from capsule_domain.services.ready import Ready
        from capsule_domain.services.rent import Rent

        settings = self.choices().openmesh()
        diary = Diary(self.journal(), self.clock(), progress)
        rent = Rent(
            provider=self.provider,
            journal=self.journal(),
            inventory=self.inventory(),
            keys=self.keys(),
            known_hosts=self.known_hosts(),
            clock=self.clock(),
            new_id=self.new_id,
            diary=diary,
            ssh_user=settings.ssh_user,
        )
        ready = Ready(
            hosts=self.hosts(),
            inventory=self.inventory(),
            clock=self.clock(),
            timeout_seconds=settings.ready_timeout_seconds,
        )
        return Deploy(provider=self.provider, rent=rent, ready=ready, diary=diary)

    def terminate(self) -> "Terminate":
        from capsule_domain.services.terminate import Terminate

        return Terminate(
            provider=self.provider,
            inventory=self.inventory(),
            journal=self.journal(),
            known_hosts=self.known_hosts(),
            clock=self.clock(),
        )

    def watch(self) -> "Watch":
        from capsule_domain.services.watch import Watch

        return Watch(self.inventory(), self.monitor(), self.clock())

    def cost_report(self, by: GroupBy) -> "CostReport":
        from capsule_domain.models.xnode import XNodeFilter
        from capsule_domain.services.cost import cost_report

        return cost_report(
            self.inventory().list(XNodeFilter(include_gone=True)),
            by=by,
            now=self.clock().now(),
            bills_when_stopped=self.bills_when_stopped,
        )
