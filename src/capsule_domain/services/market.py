"""What the clouds sell now, asked side by side."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from capsule_domain.errors import CapsuleError, ProviderUnavailable
from capsule_domain.models.price_list import PriceChange, PriceList, price_changes
from capsule_domain.models.template import Offer, Region, Template
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.price_lists import PriceLists
from capsule_domain.ports.provider import Provider
from capsule_domain.services.naming import named
from capsule_domain.services.side_by_side import side_by_side

DEADLINE_SECONDS = 90.0

Connect = Callable[[], Provider]


@dataclass(frozen=True)
class Heard:
    """What one cloud sells. With an `error` it did not say so now, and `prices` are older."""

    provider: str
    prices: PriceList | None = None
    error: CapsuleError | None = None
    changes: tuple[PriceChange, ...] = ()
    """What costs another price than when the cloud answered the last time."""
    trouble: CapsuleError | None = None
    """Why the answer could not be kept, or an older one not be read."""


@dataclass(frozen=True)
class Market:
    """The clouds that are asked, and the catalogue whose names people know.

    A cloud that fails does not fail the others, nor does one that is not heard within
    `deadline_seconds`. `clouds` are connected where they are asked: that may fail too.
    """

    clouds: Mapping[str, Connect]
    catalogue: Sequence[Template]
    clock: Clock
    deadline_seconds: float = DEADLINE_SECONDS

    def ask(self) -> Sequence[Heard]:
        """What each cloud says now, in the order of `clouds`."""
        answers = side_by_side(
            [partial(_offers, connect) for connect in self.clouds.values()],
            deadline_seconds=self.deadline_seconds,
        )
        return [
            self._heard(provider, answer)
            for provider, answer in zip(self.clouds, answers, strict=True)
        ]

    def regions(self) -> Sequence[Region]:
        """The regions of each cloud that answers, with their countries where it tells them."""
        answers = side_by_side(
            [partial(_regions, connect) for connect in self.clouds.values()],
            deadline_seconds=self.deadline_seconds,
        )
        heard = (one.result() for one in answers if one.done() and one.exception() is None)
        return [region for regions in heard for region in regions]

    def ask_and_keep(self, lists: PriceLists) -> Sequence[Heard]:
        """What each cloud says now, which is kept; where it says nothing, what it said last."""
        return [_kept(heard, lists) for heard in self.ask()]

    def _heard(self, provider: str, answer: Future[list[Offer]]) -> Heard:
        if not answer.done():
            late = f"no answer within {self.deadline_seconds:g} s"
            return Heard(
                provider, error=ProviderUnavailable(provider, late, hint="try again later")
            )
        error = answer.exception()
        if isinstance(error, CapsuleError):
            return Heard(provider, error=error)
        offers = named(answer.result(), self.catalogue)
        return Heard(
            provider,
            PriceList(provider=provider, asked_at=self.clock.now(), offers=tuple(offers)),
        )


def _offers(connect: Connect) -> list[Offer]:
    return list(connect().offers())


def _regions(connect: Connect) -> list[Region]:
    return list(connect().regions())


def offers_heard(heard: Iterable[Heard]) -> Sequence[Offer]:
    """All that is sold by those that said something."""
    return [offer for one in heard if one.prices for offer in one.prices.offers]


def _kept(heard: Heard, lists: PriceLists) -> Heard:
    trouble: CapsuleError | None = None
    before: PriceList | None = None
    try:
        before = lists.kept(heard.provider)
    except CapsuleError as error:
        trouble = error
    if heard.prices is None:
        return Heard(heard.provider, before, heard.error, trouble=trouble)
    try:
        lists.keep(heard.prices)
    except CapsuleError as error:
        trouble = error
    changes = price_changes(before, heard.prices) if before else ()
    return Heard(heard.provider, heard.prices, changes=changes, trouble=trouble)
