"""What was done by itself, and what was not, kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from capsule_domain.models.remediation import Remediation, RemediationFilter


class RemediationLog(Protocol):
    """Decisions about alerts, durable (fsync) before a method returns.

    What is about to be done is kept before it is done, so that nothing is done twice whatever
    happens in between. Every implementation passes tests/contracts/test_remediation_log.py and
    fails only with NotFound, Conflict or StoreError.
    """

    def keep(self, decisions: Sequence[Remediation]) -> None:
        """Keep new ones: all of them, or none. Raises Conflict when an id is taken, or when
        something was decided about one of the alerts before.
        """

    def change(self, decision: Remediation) -> None:
        """Replace the one of that id. Raises NotFound."""

    def list(self, chosen: RemediationFilter | None = None) -> Sequence[Remediation]:
        """Those that match, the oldest first. None: all."""

    def open(self) -> Sequence[Remediation]:
        """Those that have not come to their end, the oldest first."""

    def prune(self, before: datetime) -> None:
        """Forget what was decided before that time and has come to its end."""
