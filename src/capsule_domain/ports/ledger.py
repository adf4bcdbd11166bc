"""What the xNodes came to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from capsule_domain.models.billing import GroupedBy, Period, Span, Tally, Terms
from capsule_domain.models.dashboard import Rate


class Ledger(Protocol):
    """The lives of the xNodes in the inventory, priced. It is written by the inventory itself.

    `terms` tells how a cloud bills. Every implementation passes tests/contracts/test_ledger.py
    and fails only with StoreError. Amounts are exact to a thousand millionth.
    """

    def tally(
        self, by: GroupedBy | None, period: Period, terms: Callable[[str], Terms]
    ) -> Sequence[Tally]:
        """The sums of each group and currency, those that are gone included; None: of all.

        Groups that cost nothing in the period are there too. No order is promised.
        """

    def rates(self, terms: Callable[[str], Terms]) -> Sequence[Rate]:
        """What is billed now, by currency, sorted by that; none where nothing is."""

    def unbilled(self, terms: Callable[[str], Terms]) -> Sequence[str]:
        """The names of those that live and cost nothing now, sorted."""

    def lives(self, xnodes: Iterable[str] | None = None) -> Mapping[str, Sequence[Span]]:
        """The life of each of these, or of all, by id, oldest span first."""
