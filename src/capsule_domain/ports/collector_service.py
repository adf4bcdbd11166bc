"""Whoever starts the collector again and again: the service manager of this machine."""

from typing import Protocol

from capsule_domain.models.collector_service import ServicePlan, ServiceScope
from capsule_domain.ports.installation import Progress


class CollectorService(Protocol):
    """Makes the collector of one home a service of this machine."""

    def plan(self, scope: ServiceScope, file: str | None = None) -> ServicePlan:
        """What `install` would write and run. `file`: where to, for NIXOS.

        Raises Conflict where somebody else's file is in its place, ConfigurationError for a
        home that no unit can name, and StoreError.
        """

    def install(self, plan: ServicePlan, progress: Progress) -> None:
        """Write the file, and have systemd take it on, where it runs. Again is a success.

        `progress` hears what systemd says. Raises UsageError where this person may not,
        StoreError, CommandFailed and ToolMissing.
        """
