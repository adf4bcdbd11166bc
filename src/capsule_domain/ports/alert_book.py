"""Alerts, silences and what is to be told, kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from capsule_domain.models.alert import Alert
from capsule_domain.models.book import AlertFilter, Entry, Page
from capsule_domain.models.silence import Silence


class AlertBook(Protocol):
    """Alerts, silences, and what was told: durable (fsync) before a method returns.

    Every implementation passes tests/contracts/test_alert_book.py and fails only with
    NotFound, Conflict or StoreError. `Outbox` reads the messages that `apply` writes.
    """

    def page(self, now: datetime) -> Page:
        """What has to be known to go on from `now`."""

    def apply(self, entry: Entry, revision: int) -> None:
        """Write alerts, messages and logs in one transaction, all or nothing.

        Raises Conflict, and writes nothing, when a person changed the book since the page
        of that `revision` was read: read again, and judge again.
        """

    def list(self, chosen: AlertFilter | None = None) -> Sequence[Alert]:
        """Those that match, the worst of the open ones first, then the newest. None: all."""

    def get(self, id_: str) -> Alert:
        """The alert of that id or unique prefix of one. Raises NotFound, Conflict."""

    def acknowledge(self, id_: str, *, by: str, comment: str, at: datetime) -> Alert:
        """Note who takes it on. Raises NotFound, and Conflict for one that is over."""

    def resolve(self, id_: str, *, by: str, comment: str, at: datetime) -> Alert:
        """Close it, whatever holds: that may fire anew. One that is over stays as it is.

        Its end is told to whom its beginning was told. One that is pending is forgotten.
        Raises NotFound, Conflict.
        """

    def remedied(self, id_: str, words: str) -> None:
        """Note what was done about it, for whoever is told of it. Raises NotFound."""

    def silence(self, silence: Silence) -> None:
        """Keep a silence. Raises Conflict when the id is taken."""

    def unsilence(self, id_: str, at: datetime) -> Silence:
        """End the silence of that id or unique prefix now. Raises NotFound, Conflict."""

    def silences(self, now: datetime) -> Sequence[Silence]:
        """Those that did not end before `now`, the first to end first."""

    def prune(self, before: datetime) -> None:
        """Forget what was over before that time, and delivered or given up."""
