"""Prices of servers that come without: read once, kept for a while, never in the way."""

from collections.abc import Callable, Iterable

from capsule_adapters.rest.prices import ListPrice, PriceBook
from capsule_domain.errors import ProviderUnavailable
from capsule_domain.models.money import Money
from capsule_domain.models.server import Server, ServerStatus
from tests.fakes.clock import FakeClock

LIST = (
    ListPrice("small", None, Money.of("1")),
    ListPrice("small", "far", Money.of("2")),
    ListPrice("odd", "far", Money.of("3")),
)


def _server(slug: str, region: str, price: Money | None = None) -> Server:
    return Server(
        provider="testcloud",
        server_id="1",
        name="web",
        status=ServerStatus.RUNNING,
        region=region,
        slug=slug,
        price_per_hour=price,
    )


class Shop:
    """Tells its prices, or fails, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: Callable[[], Iterable[ListPrice]] = lambda: LIST

    def __call__(self) -> Iterable[ListPrice]:
        self.asked += 1
        return self.answer()


def _silent() -> Iterable[ListPrice]:
    raise ProviderUnavailable("testcloud", "no answer in time")


def test_a_region_may_have_a_price_of_its_own() -> None:
    book = PriceBook(Shop(), FakeClock())
    assert book.priced(_server("small", "near")).price_per_hour == Money.of("1")
    assert book.priced(_server("small", "far")).price_per_hour == Money.of("2")
    assert book.priced(_server("odd", "near")).price_per_hour is None
    assert book.priced(_server("other", "far")).price_per_hour is None


def test_a_price_that_is_there_is_kept_and_nothing_asked() -> None:
    shop = Shop()
    server = _server("small", "far", Money.of("9"))
    assert PriceBook(shop, FakeClock()).priced(server) is server
    assert shop.asked == 0


def test_prices_are_read_again_after_an_hour() -> None:
    clock, shop = FakeClock(), Shop()
    book = PriceBook(shop, clock)
    for _ in range(3):
        book.priced(_server("small", "near"))
    assert shop.asked == 1
    clock.advance(3600)
    shop.answer = lambda: (ListPrice("small", None, Money.of("5")),)
    assert book.priced(_server("small", "far")).price_per_hour == Money.of("5")
    assert shop.asked == 2


def test_a_silent_cloud_leaves_the_last_prices_and_is_asked_again_a_minute_later() -> None:
    clock, shop = FakeClock(), Shop()
    book = PriceBook(shop, clock)
    book.priced(_server("small", "near"))
    shop.answer = _silent
    clock.advance(3600)
    for _ in range(3):
        assert book.priced(_server("small", "near")).price_per_hour == Money.of("1")
    assert shop.asked == 2
    clock.advance(60)
    book.priced(_server("small", "near"))
    assert shop.asked == 3
