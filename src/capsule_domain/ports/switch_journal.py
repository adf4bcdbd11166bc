"""What we know of the switches that were begun from here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from capsule_domain.models.switch import SwitchRecord, SwitchState


class SwitchJournal(Protocol):
    """Each call is on the disk when it returns. Fails only with StoreError and what is named.

    Every implementation passes tests/contracts/test_switch_journal.py.
    """

    def begin(self, record: SwitchRecord) -> None:
        """Written before the machine is told. Raises Conflict for an id that is there already."""

    def heard(self, switch_id: str, state: SwitchState, at: datetime) -> None:
        """How far it is; the same state again changes nothing. Raises NotFound."""

    def end(self, switch_id: str, at: datetime, detail: str) -> None:
        """It is known how it ended. What ended stays as it is. Raises NotFound."""

    def get(self, switch_id: str) -> SwitchRecord:
        """Raises NotFound."""

    def unfinished(self, key: str) -> Sequence[SwitchRecord]:
        """Those of that machine of which nobody knows how they ended, the oldest first."""

    def list(self) -> Sequence[SwitchRecord]:
        """All, the newest first."""
