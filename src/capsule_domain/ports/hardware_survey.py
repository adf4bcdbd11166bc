"""Machines that tell of their own hardware."""

from typing import Protocol

from capsule_domain.models.hardware import Hardware
from capsule_domain.ports.host import Target


class HardwareSurvey(Protocol):
    """Looks at a running machine. Nothing on it is changed."""

    def look(self, target: Target, name: str) -> Hardware:
        """The hardware of the machine, which people call `name`.

        Raises HostUnreachable, HostKeyChanged, and CommandFailed when it does not tell
        enough: its disks are none that Capsule can describe, or it is a container.
        """
