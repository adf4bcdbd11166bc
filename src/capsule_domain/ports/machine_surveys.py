"""Machines that tell what they are before NixOS is put on them."""

from typing import Protocol

from capsule_domain.models.machine_survey import MachineSurvey
from capsule_domain.ports.host import Destination, Target


class MachineSurveys(Protocol):
    """Looks at machines. Nothing on them is changed.

    Every implementation passes tests/contracts/test_machine_surveys.py.
    """

    def look(self, machine: Target | Destination) -> MachineSurvey:
        """In one round trip. Raises HostError, HostKeyChanged for one never met."""
