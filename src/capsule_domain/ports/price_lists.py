"""The last good answer of each cloud."""

from typing import Protocol

from capsule_domain.models.price_list import PriceList


class PriceLists(Protocol):
    """The last price list of each cloud, kept for when it does not answer.

    Every implementation passes tests/contracts/test_price_lists.py.
    """

    def kept(self, provider: str) -> PriceList | None:
        """The list that was kept last; None when there is none.

        Raises StoreError when it cannot be read, or is not what was written.
        """

    def keep(self, prices: PriceList) -> None:
        """Keep it in place of the cloud's last one, whatever state that is in.

        After a crash there is the old or the new. Raises StoreError.
        """
