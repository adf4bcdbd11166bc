"""The inventory in figures."""

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.money import Money
from capsule_domain.models.xnode import XNode


class FleetStats(Model):
    """Counts are of those that live, `gone` counts the others; `lifetime` is of all."""

    total: int = Field(ge=0)
    gone: int = Field(ge=0)
    by_status: dict[str, int]
    by_provider: dict[str, int]
    by_region: dict[str, int]
    """By `provider/region`: two clouds may call theirs alike."""
    most_expensive: tuple[XNode, ...]
    """By the month, of each currency."""
    longest_running: tuple[XNode, ...]
    lifetime: tuple[Money, ...]
    """What all of them came to since they were rented, at their price now, at most: what was
    stopped is counted as running. One sum a currency.
    """
