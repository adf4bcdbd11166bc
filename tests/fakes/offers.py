"""Offers in few words."""

from datetime import UTC, datetime

from capsule_domain.models.money import Money
from capsule_domain.models.template import Offer, Stock

AS_OF = datetime(2026, 11, 23, tzinfo=UTC)


def offer(  # noqa: PLR0917 (a row of a table)
    slug: str,
    region: str,
    hourly: str = "0.01",
    monthly: str = "6",
    vcpus: int = 1,
    memory_mib: int = 1024,
    *,
    stock: Stock = Stock.AVAILABLE,
    provider: str = "fakecloud",
) -> Offer:
    """An offer in few words."""
    return Offer(
        provider=provider,
        template=slug,
        slug=slug,
        region=region,
        regions=(region,),
        vcpus=vcpus,
        memory_mib=memory_mib,
        disk_gib=25,
        price_per_hour=Money.of(hourly),
        price_per_month=Money.of(monthly),
        stock=stock,
        as_of=AS_OF,
        source="test",
    )


DEFAULT_OFFERS = (
    offer("small", "west"),
    offer("small", "east", "0.012", "7"),
    offer("large", "west", "0.08", "48", 4, 8192),
    offer("rare", "west", "2", "1200", 32, 65536, stock=Stock.NONE),
)
