"""The adapters, each imported and made when it is first used."""

import getpass
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from capsule_cli import __version__
from capsule_cli.options import GlobalOptions
from capsule_cli.wiring.ports import Wiring

if TYPE_CHECKING:
    from capsule_adapters.store.choices import YamlChoices
    from capsule_adapters.store.sqlite import Database
    from capsule_cli.wiring.clouds import CloudPorts
    from capsule_cli.wiring.collector import CollectorPorts
    from capsule_cli.wiring.delivery import DeliveryPorts
    from capsule_cli.wiring.planting import PlantingPorts
    from capsule_cli.wiring.profiles import ProfilePorts
    from capsule_cli.wiring.switching import SwitchingPorts
    from capsule_domain.models.channels import ChannelName
    from capsule_domain.models.money import Rates
    from capsule_domain.models.monitoring import MonitoringSettings
    from capsule_domain.models.xnode import XNode
    from capsule_domain.ports.background import Background
    from capsule_domain.ports.backups import Backups
    from capsule_domain.ports.catalogue import Catalogue
    from capsule_domain.ports.clock import Clock
    from capsule_domain.ports.configurations import Configurations
    from capsule_domain.ports.cost_pages import CostPages
    from capsule_domain.ports.examination import Examination
    from capsule_domain.ports.hardware_survey import HardwareSurvey
    from capsule_domain.ports.heartbeat import Heartbeat
    from capsule_domain.ports.host import Hosts, Keys, KnownHosts
    from capsule_domain.ports.installation import Installation
    from capsule_domain.ports.inventory import Inventory
    from capsule_domain.ports.journal import Journal
    from capsule_domain.ports.ledger import Ledger
    from capsule_domain.ports.module_reader import ModuleReader
    from capsule_domain.ports.monitor import Monitor
    from capsule_domain.ports.nix_environment import NixEnvironment
    from capsule_domain.ports.nix_renderer import NixRenderer
    from capsule_domain.ports.nix_systems import NixSystems
    from capsule_domain.ports.nix_tool import NixTool
    from capsule_domain.ports.nixos_installer import NixosInstaller
    from capsule_domain.ports.notifier import Notifier
    from capsule_domain.ports.page import Pages
    from capsule_domain.ports.plan_files import PlanFiles
    from capsule_domain.ports.presets import Presets
    from capsule_domain.ports.price_lists import PriceLists
    from capsule_domain.ports.probes import Probes
    from capsule_domain.ports.samples import Samples
    from capsule_domain.ports.search_path import SearchPath
    from capsule_domain.ports.ssh_program import SshProgram
    from capsule_domain.ports.switch_journal import SwitchJournal
    from capsule_domain.ports.tunnels import Tunnels
    from capsule_domain.ports.virtual_machines import VirtualMachines
    from capsule_domain.ports.xnode_files import XNodeFiles


def wire(options: GlobalOptions, environment: Mapping[str, str]) -> Wiring:
    """The real ports over `options.home`, or the rehearsal cloud's over its own home."""
    real = _RealPorts(options, environment)
    return Wiring(
        clock=lambda: real.clock,
        presets=lambda: real.presets,
        choices=lambda: real.choices,
        catalogue=lambda: real.catalogue,
        rates=real.rates,
        renderer=real.renderer,
        nix=lambda: real.nix,
        module_reader=real.module_reader,
        nix_systems=real.nix_systems,
        machines=real.machines,
        time_zones=real.time_zones,
        hardware_survey=real.hardware_survey,
        nix_environment=real.nix_environment,
        search_path=real.search_path,
        configurations=real.configurations,
        inventory=lambda: real.inventory,
        ledger=real.ledger,
        xnode_files=real.xnode_files,
        journal=lambda: real.journal,
        monitor=lambda: real.monitor,
        samples=lambda: real.samples,
        probes=lambda: real.probes,
        alert_book=lambda: real.collector.alert_book(real.database),
        outbox=lambda: real.collector.outbox(real.database),
        remediation_log=lambda: real.collector.remediation_log(real.database),
        first_aid=lambda: real.collector.first_aid(real.hosts),
        heartbeat=real.heartbeat,
        pulse_log=lambda: real.collector.pulse_log(real.database),
        engine_lock=real.collector.engine_lock,
        supervisor=real.collector.supervisor,
        collector_service=real.collector.service,
        anchors=real.collector.anchors,
        monitoring_choices=lambda: real.delivery.choices,
        notifiers=real.notifiers,
        notifier=real.notifier,
        watch_plan=real.collector.watch_plan,
        hosts=lambda: real.hosts,
        known_hosts=real.known_hosts,
        keys=real.keys,
        ssh_program=real.ssh_program,
        tunnels=lambda: real.tunnels,
        background=real.background,
        nixos_installer=real.nixos_installer,
        nixos_hosts=real.switching.nixos_hosts,
        system_builder=real.switching.system_builder,
        machine_surveys=real.switching.machine_surveys,
        switch_journal=real.switch_journal,
        sandbox=lambda: real.clouds.sandbox,
        backups=real.backups,
        examination=real.examination,
        pages=real.pages,
        cost_pages=real.cost_pages,
        installation=real.installation,
        profile_texts=lambda: real.profile_ports.texts,
        editor=real.profile_ports.editor,
        index=lambda: real.profile_ports.index,
        package_source=real.profile_ports.package_source,
        plots=real.planting.plots,
        greenhouse=real.planting.greenhouse,
        seeds=real.planting.seeds,
        nix_installers=real.planting.nix_installers,
        providers=real.clouds.providers,
        configured=real.clouds.configured,
        provider=real.clouds.provider,
        bills_when_stopped=real.clouds.bills_when_stopped,
        ended=real.clouds.ended,
        facts=real.clouds.facts,
        cloud_keys=lambda: real.clouds.keys,
        provider_with=real.clouds.provider_with,
        price_lists=real.price_lists,
        plan_files=real.plan_files,
        clock_ahead=real.clouds.clock_ahead,
        username=_username(),
        actor=_actor(),
        closers=real.closers,
    )


_USERNAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}")


def _login() -> str:
    """Who runs this; empty for a user without a name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _actor() -> str:
    """Whose doing it is, for the history: `anna@laptop`."""
    return f"{_login() or os.getuid()}@{os.uname().nodename}"


def _username() -> str:
    """Who runs this, where that is a name for a machine's first user."""
    name = _login()
    return name if _USERNAME.fullmatch(name) and name != "root" else "admin"


class _RealPorts:
    """Adapters, each imported and made when it is first used, and used again after."""

    def __init__(self, options: GlobalOptions, environment: Mapping[str, str]) -> None:
        self._sandboxed = options.sandbox
        self._sandbox_home = options.home / "sandbox"
        self._home = self._sandbox_home if options.sandbox else options.home
        self._environment = environment
        self.closers: list[Callable[[], None]] = []

    @cached_property
    def clock(self) -> "Clock":
        from capsule_adapters.clock import SystemClock

        return SystemClock()

    @cached_property
    def presets(self) -> "Presets":
        from capsule_adapters.presets.builtin import BuiltinPresets

        return BuiltinPresets(self._home)

    @cached_property
    def choices(self) -> "YamlChoices":
        from capsule_adapters.store.choices import YamlChoices

        return YamlChoices(self._home)

    @cached_property
    def profile_ports(self) -> "ProfilePorts":
        from capsule_cli.wiring.profiles import ProfilePorts

        return ProfilePorts(
            self._home, self._environment, lambda: self.choices, lambda: self.presets
        )

    @cached_property
    def catalogue(self) -> "Catalogue":
        from capsule_adapters.presets.catalogue import TomlCatalogue

        return TomlCatalogue()

    def rates(self) -> "Rates":
        from capsule_adapters.presets.catalogue import rates

        return rates()

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

    def hardware_survey(self) -> "HardwareSurvey":
        from capsule_adapters.probes.hardware import SshHardwareSurvey

        return SshHardwareSurvey(self.hosts)

    def nix_environment(self) -> "NixEnvironment":
        from capsule_cli.wiring.nix_profile import nix_environment

        return nix_environment(self._home, self._environment, sandboxed=self._sandboxed)

    def search_path(self) -> "SearchPath":
        from capsule_adapters.shell import ShellSearchPath

        return ShellSearchPath(self._environment)

    def configurations(self) -> "Configurations":
        from capsule_adapters.store.configurations import ConfigurationFolders

        return ConfigurationFolders(self._home)

    @cached_property
    def database(self) -> "Database":
        from capsule_adapters.store.state import state_database

        database = state_database(self._home)
        self.closers.append(database.close)
        return database

    @cached_property
    def inventory(self) -> "Inventory":
        from capsule_adapters.store.inventory import SqliteInventory

        return SqliteInventory(self.database, actor=_actor(), now=self.clock.now)

    def ledger(self) -> "Ledger":
        from capsule_adapters.store.ledger import SqliteLedger

        return SqliteLedger(self.database)

    def xnode_files(self) -> "XNodeFiles":
        from capsule_adapters.store.xnode_files import LocalXNodeFiles

        return LocalXNodeFiles(self._home)

    @cached_property
    def journal(self) -> "Journal":
        from capsule_adapters.store.journal import SqliteJournal

        return SqliteJournal(self.database)

    @cached_property
    def monitor(self) -> "Monitor":
        from capsule_adapters.probes.monitor import ProbingMonitor

        return ProbingMonitor(self.probes, self.samples, self.clock)

    @cached_property
    def samples(self) -> "Samples":
        samples = self.collector.samples
        self.closers.append(samples.close)
        return samples

    @cached_property
    def collector(self) -> "CollectorPorts":
        from capsule_cli.wiring.collector import CollectorPorts

        return CollectorPorts(
            self._home,
            self._environment,
            self.clock,
            _actor(),
            sandboxed=self._sandboxed,
            settings=self._monitoring_settings,
            fleet=self._fleet,
        )

    @cached_property
    def delivery(self) -> "DeliveryPorts":
        from capsule_cli.wiring.delivery import DeliveryPorts

        environment = {} if self._sandboxed else self._environment
        return DeliveryPorts(self._home, environment, self.clock, self.choices.changing)

    def notifiers(self) -> "Mapping[str, Notifier]":
        return self.delivery.notifiers()

    def notifier(self, channel: "ChannelName") -> "Notifier":
        return self.delivery.notifier(channel)

    def heartbeat(self) -> "Heartbeat":
        return self.delivery.heartbeat()

    def _monitoring_settings(self) -> "MonitoringSettings":
        return self.delivery.choices.settings()

    def _fleet(self) -> "Sequence[XNode]":
        return self.inventory.list()

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

    @cached_property
    def hosts(self) -> "Hosts":
        from capsule_adapters.ssh.host import SshHosts

        known_hosts = self._home / "known_hosts"
        hosts = SshHosts(known_hosts, self.clouds.ssh_config(), secluded=self._sandboxed)
        self.closers.append(hosts.close)
        return hosts

    @cached_property
    def planting(self) -> "PlantingPorts":
        from capsule_cli.wiring.planting import PlantingPorts

        return PlantingPorts(
            home=self._home,
            environment=self._environment,
            hosts=lambda: self.hosts,
            ssh_config=self.clouds.ssh_config,
            sandboxed=self._sandboxed,
        )

    @cached_property
    def switching(self) -> "SwitchingPorts":
        from capsule_cli.wiring.switching import SwitchingPorts

        return SwitchingPorts(
            home=self._home,
            environment=self._environment,
            hosts=lambda: self.hosts,
            ssh_config=self.clouds.ssh_config,
            closers=self.closers,
            sandboxed=self._sandboxed,
        )

    def switch_journal(self) -> "SwitchJournal":
        from capsule_adapters.store.switch_journal import SqliteSwitchJournal

        return SqliteSwitchJournal(self.database)

    @cached_property
    def clouds(self) -> "CloudPorts":
        from capsule_cli.wiring.clouds import CloudPorts

        return CloudPorts(
            home=self._home,
            sandboxed=self._sandboxed,
            sandbox_home=self._sandbox_home,
            environment=self._environment,
            clock=self.clock,
        )

    def price_lists(self) -> "PriceLists":
        from capsule_adapters.store.price_lists import JsonPriceLists

        return JsonPriceLists(self._home / "catalogue")

    def plan_files(self) -> "PlanFiles":
        from capsule_adapters.store.plan_files import LocalPlanFiles

        return LocalPlanFiles()

    def known_hosts(self) -> "KnownHosts":
        from capsule_adapters.ssh.known_hosts import KnownHostsFile

        return KnownHostsFile(self._home / "known_hosts")

    def keys(self) -> "Keys":
        from capsule_adapters.ssh.keys import SshKeys

        return SshKeys(self._home / "ssh")

    def nixos_installer(self) -> "NixosInstaller":
        from capsule_cli.wiring.nixos_installer import nixos_installer

        return nixos_installer(
            self.hosts,
            self.known_hosts(),
            self.planting.nix_installers(),
            self._environment,
            sandboxed=self._sandboxed,
        )

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

    def background(self) -> "Background":
        from capsule_adapters.background import OwnSession

        return OwnSession()

    def backups(self) -> "Backups":
        from capsule_adapters.store.backups import ArchiveFolder

        return ArchiveFolder(self._home, self.clock, __version__)

    def examination(self) -> "Examination":
        from capsule_cli.wiring.checks import examination

        return examination(self, self._home, self._environment)

    def pages(self) -> "Pages":
        from capsule_adapters.docs.html import HtmlPages

        return HtmlPages(self._home, self._environment)

    def cost_pages(self) -> "CostPages":
        from capsule_adapters.docs.cost_page import HtmlCostPages

        return HtmlCostPages(__version__)

    def installation(self) -> "Installation":
        from capsule_cli.wiring.installed import installation

        return installation(self._environment)
