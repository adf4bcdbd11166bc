"""Many xNodes as a few figures, added up by the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from capsule_adapters.store.moments import month_number, to_microseconds
from capsule_adapters.store.sqlite import Parameters, Row
from capsule_adapters.store.xnode_rows import conditions
from capsule_domain.models.money import Money
from capsule_domain.models.xnode import XNodeFilter
from capsule_domain.models.xnode_group import GroupKey, XNodeGroup

_TAGS = "LEFT JOIN xnode_tags ON xnode_tags.xnode_id = xnodes.id"
_PRICE = "currency, price_hour, price_month"


def groups_query(
    by: Sequence[GroupKey], chosen: XNodeFilter, *, until: datetime
) -> tuple[str, Parameters]:
    """One query over `xnodes`. The rows are what `read_groups` reads."""
    columns = {key: f"key_{place}" for place, key in enumerate(dict.fromkeys(by))}
    named = "".join(f"{_source(key)} AS {name}, " for key, name in columns.items())
    asked = "".join(f"{columns[key]}, " for key in by)
    keys = "".join(f"{name}, " for name in columns.values())
    where, parameters = conditions(chosen)
    end = "CASE WHEN ended_{0} < ? THEN ended_{0} ELSE ? END"
    capped = "seconds > 0 AND seconds > months * cap_seconds"
    sql = f"""
        SELECT {asked}{_PRICE}, count(*), sum(seconds),
            sum(CASE WHEN {capped} THEN months ELSE 0 END),
            sum(CASE WHEN {capped} THEN 0 ELSE seconds END)
        FROM (
            SELECT {keys}{_PRICE}, cap_seconds, end_month - created_month + 1 AS months,
                CASE WHEN end_us > created_at_us THEN (end_us - created_at_us) / 1000000 ELSE 0
                    END AS seconds
            FROM (
                SELECT {named}{_PRICE}, cap_seconds, created_at_us, created_month,
                    {end.format("at_us")} AS end_us, {end.format("month")} AS end_month
                FROM xnodes {_TAGS if GroupKey.TAG in by else ""}
                WHERE {where}
            ) AS lives
        ) AS times
        GROUP BY {keys}{_PRICE}
    """  # noqa: S608 (fixed texts)
    at_us, month = to_microseconds(until), month_number(until)
    return sql, [at_us, at_us, month, month, *parameters]


def counts_query(by: Sequence[GroupKey], chosen: XNodeFilter) -> tuple[str, Parameters]:
    """One query over `xnodes`, whose rows are the keys and a count."""
    where, parameters = conditions(chosen)
    keys = ", ".join(_source(key) for key in by)
    tags = _TAGS if GroupKey.TAG in by else ""
    return (
        f"SELECT {keys}, count(*) FROM xnodes {tags} WHERE {where} GROUP BY {keys}",  # noqa: S608 (fixed texts)
        parameters,
    )


def _source(key: GroupKey) -> str:
    return "coalesce(tag, '')" if key is GroupKey.TAG else key.value


def read_groups(rows: Iterable[Row]) -> list[XNodeGroup]:
    """The rows of `groups_query`. Raises ValueError for what is none."""
    prices: dict[tuple[str, str], Money] = {}

    def price(amount: str, currency: str) -> Money:
        """Thousands of groups have a few prices."""
        if (amount, currency) not in prices:
            prices[amount, currency] = Money(amount=Decimal(amount), currency=currency)
        return prices[amount, currency]

    return [
        XNodeGroup(
            keys=tuple(keys),
            price_per_hour=price(hourly, currency),
            price_per_month=price(monthly, currency),
            count=count,
            seconds=seconds,
            capped_months=months,
            uncapped_seconds=uncapped,
        )
        for *keys, currency, hourly, monthly, count, seconds, months, uncapped in rows
    ]
