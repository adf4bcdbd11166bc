"""Price lists in memory."""

from capsule_domain.errors import StoreError
from capsule_domain.models.price_list import PriceList


class FakePriceLists:
    """Keeps lists by cloud. Those in `damaged` cannot be read until they are kept anew."""

    def __init__(self, *lists: PriceList, damaged: tuple[str, ...] = ()) -> None:
        self.lists = {prices.provider: prices for prices in lists}
        self.damaged = set(damaged)
        self.full_disk = False

    def kept(self, provider: str) -> PriceList | None:
        if provider in self.damaged:
            raise StoreError(f"{provider}.json is no price list of ours", hint="rm it")
        return self.lists.get(provider)

    def keep(self, prices: PriceList) -> None:
        if self.full_disk:
            raise StoreError(f"{prices.provider}.json: the disk is full", hint="df -h")
        self.lists[prices.provider] = prices
        self.damaged.discard(prices.provider)
