"""The ports of watching: samples, the book of alerts, the collector's surroundings."""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_adapters.store.samples import SqliteSamples
    from capsule_adapters.store.sqlite import Database
    from capsule_domain.models.monitoring import MonitoringSettings
    from capsule_domain.models.watch_plan import WatchPlan
    from capsule_domain.models.xnode import XNode
    from capsule_domain.ports.alert_book import AlertBook
    from capsule_domain.ports.anchors import Anchors
    from capsule_domain.ports.clock import Clock
    from capsule_domain.ports.collector_service import CollectorService
    from capsule_domain.ports.engine_lock import EngineLock
    from capsule_domain.ports.first_aid import FirstAid
    from capsule_domain.ports.heartbeat import PulseLog
    from capsule_domain.ports.host import Hosts
    from capsule_domain.ports.outbox import Outbox
    from capsule_domain.ports.remediation_log import RemediationLog
    from capsule_domain.ports.supervisor import Supervisor


class CollectorPorts:
    """Adapters over one home, each made when it is first used."""

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        clock: "Clock",
        actor: str,
        *,
        sandboxed: bool,
        settings: "Callable[[], MonitoringSettings]",
        fleet: "Callable[[], Iterable[XNode]]",
    ) -> None:
        self._home = home
        self._environment = environment
        self._clock = clock
        self._actor = actor
        self._sandboxed = sandboxed
        self._settings = settings
        self._fleet = fleet

    @cached_property
    def samples(self) -> "SqliteSamples":
        from capsule_adapters.store.samples import SqliteSamples

        return SqliteSamples(self._home / "metrics.db")

    def alert_book(self, database: "Database") -> "AlertBook":
        from capsule_adapters.store.alert_book import SqliteAlertBook

        return SqliteAlertBook(database)

    def outbox(self, database: "Database") -> "Outbox":
        from capsule_adapters.store.outbox import SqliteOutbox

        return SqliteOutbox(database)

    def remediation_log(self, database: "Database") -> "RemediationLog":
        from capsule_adapters.store.remediation_log import SqliteRemediationLog

        return SqliteRemediationLog(database)

    def pulse_log(self, database: "Database") -> "PulseLog":
        from capsule_adapters.store.pulse_log import SqlitePulseLog

        return SqlitePulseLog(database)

    def first_aid(self, hosts: "Hosts") -> "FirstAid":
        from capsule_adapters.ssh.first_aid import SshFirstAid

        return SshFirstAid(hosts)

    def engine_lock(self) -> "EngineLock":
        from capsule_adapters.collector.lock import FileEngineLock

        return FileEngineLock(self._home / "monitor.lock", self._actor, self._clock)

    def supervisor(self) -> "Supervisor":
        from capsule_adapters.collector.systemd import NotifySocket

        return NotifySocket(self._environment, self._clock)

    def service(self) -> "CollectorService":
        from capsule_adapters.collector.service import SystemdService, this_program

        program = this_program(sys.argv[0], self._environment)
        return SystemdService(self._home, program, self._environment)

    def anchors(self) -> "Anchors":
        from capsule_adapters.collector.anchors import TcpAnchors

        return TcpAnchors()

    def watch_plan(self) -> "WatchPlan":
        """How the collector goes about it, read anew at each call.

        In the rehearsal, which touches nothing outside its folder, it asks no anchors.
        """
        from capsule_domain.services.watch_settings import watch_plan

        settings = self._settings()
        plan = watch_plan(settings, self._fleet() if settings.checks_of else ())
        return plan.model_copy(update={"anchors": ()}) if self._sandboxed else plan
