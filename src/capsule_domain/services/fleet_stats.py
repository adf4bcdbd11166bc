"""The inventory in figures, added up where it is kept."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from capsule_domain.models.fleet_stats import FleetStats
from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNodeFilter, XNodeOrder
from capsule_domain.models.xnode_group import GroupKey, XNodeGroup
from capsule_domain.ports.inventory import Inventory

_GRAIN = Decimal("1e-10")


def fleet_stats(
    inventory: Inventory,
    chosen: XNodeFilter,
    *,
    now: datetime,
    capped: Callable[[str], bool],
    most: int,
) -> FleetStats:
    """The figures of those that match, gone ones beside; at most `most` names of each kind.

    `capped` says of a provider whether a month costs the month's price at most.
    """
    everyone = chosen.model_copy(update={"include_gone": True})
    by = (GroupKey.STATUS, GroupKey.PROVIDER, GroupKey.REGION)
    groups = inventory.groups(by, everyone, until=now)
    living = [group for group in groups if group.keys[0] != ServerStatus.GONE]
    currencies = sorted({group.price_per_month.currency for group in living})
    return FleetStats(
        total=sum(group.count for group in living),
        gone=sum(group.count for group in groups) - sum(group.count for group in living),
        by_status=_counted(living, lambda keys: keys[0]),
        by_provider=_counted(living, lambda keys: keys[1]),
        by_region=_counted(living, lambda keys: f"{keys[1]}/{keys[2]}" if keys[2] else keys[1]),
        most_expensive=tuple(
            xnode
            for currency in currencies
            for xnode in inventory.list(
                chosen.model_copy(update={"currency": currency}),
                order=XNodeOrder.DEAREST,
                limit=most,
            )
            if xnode.price_per_month.amount
        ),
        longest_running=tuple(
            inventory.list(
                chosen.model_copy(update={"status": ServerStatus.RUNNING}),
                order=XNodeOrder.OLDEST,
                limit=most,
            )
        )
        if chosen.status in (None, ServerStatus.RUNNING)
        else (),
        lifetime=_lifetime(groups, capped),
    )


def _counted(
    groups: Sequence[XNodeGroup], name: Callable[[tuple[str, ...]], str]
) -> Mapping[str, int]:
    """The largest first."""
    counts: Counter[str] = Counter()
    for group in groups:
        counts[name(group.keys)] += group.count
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _lifetime(groups: Sequence[XNodeGroup], capped: Callable[[str], bool]) -> tuple[Money, ...]:
    caps = {provider: capped(provider) for provider in {group.keys[1] for group in groups}}
    sums: dict[str, Decimal] = {}
    for group in groups:
        currency = group.price_per_hour.currency
        cost = group.cost(capped=caps[group.keys[1]])
        sums[currency] = sums.get(currency, Decimal(0)) + cost
    return tuple(
        Money(amount=amount.quantize(_GRAIN), currency=currency)
        for currency, amount in sorted(sums.items())
        if amount
    )
