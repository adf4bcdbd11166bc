"""The composition root: the real ports over one home."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from capsule_cli import __version__
from capsule_cli.options import GlobalOptions
from capsule_cli.wiring.books import Books, actor, username
from capsule_cli.wiring.nix_ports import NixPorts
from capsule_cli.wiring.ports import Wiring
from capsule_cli.wiring.ssh_ports import SshPorts

if TYPE_CHECKING:
    from capsule_cli.wiring.collector import CollectorPorts
    from capsule_cli.wiring.delivery import DeliveryPorts
    from capsule_cli.wiring.planting import PlantingPorts
    from capsule_cli.wiring.profiles import ProfilePorts
    from capsule_cli.wiring.switching import SwitchingPorts
    from capsule_domain.models.channels import ChannelName
    from capsule_domain.models.monitoring import MonitoringSettings
    from capsule_domain.models.xnode import XNode
    from capsule_domain.ports.background import Background
    from capsule_domain.ports.cost_pages import CostPages
    from capsule_domain.ports.examination import Examination
    from capsule_domain.ports.heartbeat import Heartbeat
    from capsule_domain.ports.installation import Installation
    from capsule_domain.ports.monitor import Monitor
    from capsule_domain.ports.nixos_installer import NixosInstaller
    from capsule_domain.ports.notifier import Notifier
    from capsule_domain.ports.page import Pages
    from capsule_domain.ports.samples import Samples


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
        username=username(),
        actor=actor(),
        closers=real.closers,
    )


class _RealPorts(NixPorts, Books, SshPorts):
    """All of them over one home."""

    @cached_property
    def profile_ports(self) -> "ProfilePorts":
        from capsule_cli.wiring.profiles import ProfilePorts

        return ProfilePorts(
            self._home, self._environment, lambda: self.choices, lambda: self.presets
        )

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
            actor(),
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

    def nixos_installer(self) -> "NixosInstaller":
        from capsule_cli.wiring.nixos_installer import nixos_installer

        return nixos_installer(
            self.hosts,
            self.known_hosts(),
            self.planting.nix_installers(),
            self._environment,
            sandboxed=self._sandboxed,
        )

    def background(self) -> "Background":
        from capsule_adapters.background import OwnSession

        return OwnSession()

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
