"""The ports that commands use."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from capsule_domain.models.channels import ChannelName
    from capsule_domain.models.cloud import CloudFacts
    from capsule_domain.models.money import Rates
    from capsule_domain.models.watch_plan import WatchPlan
    from capsule_domain.ports.alert_book import AlertBook
    from capsule_domain.ports.anchors import Anchors
    from capsule_domain.ports.background import Background
    from capsule_domain.ports.backups import Backups
    from capsule_domain.ports.catalogue import Catalogue
    from capsule_domain.ports.clock import Clock
    from capsule_domain.ports.cloud_keys import CloudKeys
    from capsule_domain.ports.collector_service import CollectorService
    from capsule_domain.ports.configurations import Configurations
    from capsule_domain.ports.cost_pages import CostPages
    from capsule_domain.ports.editor import Editor
    from capsule_domain.ports.engine_lock import EngineLock
    from capsule_domain.ports.examination import Examination
    from capsule_domain.ports.first_aid import FirstAid
    from capsule_domain.ports.hardware_survey import HardwareSurvey
    from capsule_domain.ports.heartbeat import Heartbeat, PulseLog
    from capsule_domain.ports.host import Hosts, Keys, KnownHosts
    from capsule_domain.ports.installation import Installation
    from capsule_domain.ports.inventory import Inventory
    from capsule_domain.ports.journal import Journal
    from capsule_domain.ports.ledger import Ledger
    from capsule_domain.ports.machine_surveys import MachineSurveys
    from capsule_domain.ports.module_reader import ModuleReader
    from capsule_domain.ports.monitor import Monitor
    from capsule_domain.ports.monitoring import MonitoringChoices
    from capsule_domain.ports.nix_environment import NixEnvironment
    from capsule_domain.ports.nix_renderer import NixRenderer
    from capsule_domain.ports.nix_systems import NixSystems
    from capsule_domain.ports.nix_tool import NixTool
    from capsule_domain.ports.nixos_hosts import NixosHosts
    from capsule_domain.ports.nixos_installer import NixosInstaller
    from capsule_domain.ports.notifier import Notifier
    from capsule_domain.ports.outbox import Outbox
    from capsule_domain.ports.package_index import PackageIndex, PackageSource
    from capsule_domain.ports.page import Pages
    from capsule_domain.ports.plan_files import PlanFiles
    from capsule_domain.ports.plot import Greenhouse, NixInstallers, Plots, Seeds
    from capsule_domain.ports.presets import Presets
    from capsule_domain.ports.price_lists import PriceLists
    from capsule_domain.ports.probes import Probes
    from capsule_domain.ports.profile_texts import ProfileTexts
    from capsule_domain.ports.provider import Provider
    from capsule_domain.ports.remediation_log import RemediationLog
    from capsule_domain.ports.samples import Samples
    from capsule_domain.ports.sandbox import Sandbox
    from capsule_domain.ports.search_path import SearchPath
    from capsule_domain.ports.settings import Choices
    from capsule_domain.ports.ssh_program import SshProgram
    from capsule_domain.ports.supervisor import Supervisor
    from capsule_domain.ports.switch_journal import SwitchJournal
    from capsule_domain.ports.system_builder import SystemBuilder
    from capsule_domain.ports.tunnels import Tunnels
    from capsule_domain.ports.virtual_machines import VirtualMachines
    from capsule_domain.ports.xnode_files import XNodeFiles
    from capsule_domain.services.configure_provider import ConnectWith


def _token() -> str:
    """Ten hexadecimal digits that nobody else has."""
    import secrets

    return secrets.token_hex(5)


def _untold(_cloud: str) -> float | None:
    return None


@dataclass(frozen=True)
class Ports:
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
    ledger: "Callable[[], Ledger]"
    xnode_files: "Callable[[], XNodeFiles]"
    journal: "Callable[[], Journal]"
    monitor: "Callable[[], Monitor]"
    samples: "Callable[[], Samples]"
    probes: "Callable[[], Probes]"
    alert_book: "Callable[[], AlertBook]"
    outbox: "Callable[[], Outbox]"
    remediation_log: "Callable[[], RemediationLog]"
    first_aid: "Callable[[], FirstAid]"
    heartbeat: "Callable[[], Heartbeat]"
    """Switched on or not. Raises ConfigurationError when there is no URL for it."""
    pulse_log: "Callable[[], PulseLog]"
    engine_lock: "Callable[[], EngineLock]"
    supervisor: "Callable[[], Supervisor]"
    collector_service: "Callable[[], CollectorService]"
    anchors: "Callable[[], Anchors]"
    monitoring_choices: "Callable[[], MonitoringChoices]"
    notifiers: "Callable[[], Mapping[str, Notifier]]"
    """The channels that are enabled, by name. Raises ConfigurationError."""
    notifier: "Callable[[ChannelName], Notifier]"
    """One channel, enabled or not. Raises ConfigurationError for what it lacks."""
    watch_plan: "Callable[[], WatchPlan]"
    """Read anew at each call. Raises ConfigurationError."""
    hosts: "Callable[[], Hosts]"
    known_hosts: "Callable[[], KnownHosts]"
    keys: "Callable[[], Keys]"
    ssh_program: "Callable[[], SshProgram]"
    tunnels: "Callable[[], Tunnels]"
    background: "Callable[[], Background]"
    nixos_installer: "Callable[[], NixosInstaller]"
    nixos_hosts: "Callable[[], NixosHosts]"
    system_builder: "Callable[[], SystemBuilder]"
    machine_surveys: "Callable[[], MachineSurveys]"
    switch_journal: "Callable[[], SwitchJournal]"
    sandbox: "Callable[[], Sandbox]"
    backups: "Callable[[], Backups]"
    examination: "Callable[[], Examination]"
    pages: "Callable[[], Pages]"
    cost_pages: "Callable[[], CostPages]"
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
    plan_files: "Callable[[], PlanFiles]"
    username: str = "admin"
    """Who runs this, as a machine's first user would be called."""
    actor: str = ""
    """Whose doing it is, such as `anna@laptop`."""
    clock_ahead: Callable[[str], float | None] = _untold
    """How many seconds a cloud's clock is ahead of ours; None where it does not tell."""
    new_id: Callable[[], str] = _token
    closers: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """Close what was opened, newest first."""
        while self.closers:
            self.closers.pop()()
