"""Machines that tell of their own hardware."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from capsule_domain.errors import HostError
from capsule_domain.models.hardware import Hardware
from capsule_domain.ports.host import Target


class HardwareSurvey(Protocol):
    """Looks at running machines. Nothing on them is changed."""

    def look(self, machines: Mapping[str, Target]) -> Iterator[tuple[str, Hardware | HostError]]:
        """The hardware of each, by the name that people have for it, as it comes.

        The error says why a machine does not tell: it is not reached, its host key is not
        the one we know, or it has what Capsule cannot describe.
        """
