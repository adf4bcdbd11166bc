"""What a server costs, for clouds that do not say it with the server."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from capsule_domain.errors import ProviderError
from capsule_domain.models.money import Money
from capsule_domain.models.server import Server
from capsule_domain.ports.clock import Clock

_KEPT_SECONDS = 3600.0
_AGAIN_SECONDS = 60.0


@dataclass(frozen=True)
class ListPrice:
    """What a slug costs an hour in a region; `region` None: wherever nothing else is said."""

    slug: str
    region: str | None
    per_hour: Money


class PriceBook:
    """List prices, read when one is first needed and kept for an hour.

    A cloud that does not tell them makes no difference but that servers are without.
    """

    def __init__(self, read: Callable[[], Iterable[ListPrice]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._prices: Mapping[tuple[str, str | None], Money] = {}
        self._good_until: float | None = None

    def priced(self, server: Server) -> Server:
        """The server with its price, if that is not there already and known."""
        if server.price_per_hour is not None:
            return server
        self._refresh()
        price = self._prices.get((server.slug, server.region))
        price = price or self._prices.get((server.slug, None))
        return server.model_copy(update={"price_per_hour": price})

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        if self._good_until is not None and now < self._good_until:
            return
        try:
            self._prices = {(p.slug, p.region): p.per_hour for p in self._read()}
        except ProviderError:
            self._good_until = self._clock.monotonic() + _AGAIN_SECONDS
        else:
            self._good_until = now + _KEPT_SECONDS
