"""Many xNodes as a few figures, added up by the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from capsule_adapters.store.moments import month_number, to_microseconds
from capsule_adapters.store.sqlite import Parameters, Row
from capsule_adapters.store.xnode_rows import conditions
from capsule_domain.models.money import Money
from capsule_domain.models.tally import Tally, TallyKey
from capsule_domain.models.xnode import XNodeFilter

_TAGS = "LEFT JOIN xnode_tags ON xnode_tags.xnode_id = xnodes.id"
_PRICE = "currency, price_hour, price_month"


def tally_query(
    by: Sequence[TallyKey], chosen: XNodeFilter, *, until: datetime, since: datetime | None
) -> tuple[str, Parameters]:
    """One query over `xnodes`. The rows are what `tallies` reads."""
    columns = {key: f"key_{place}" for place, key in enumerate(dict.fromkeys(by))}
    named = "".join(f"{_source(key)} AS {name}, " for key, name in columns.items())
    keys = "".join(f"{columns[key]}, " for key in by)
    grouped = "".join(f"{name}, " for name in columns.values())
    where, parameters = conditions(chosen)
    end = "CASE WHEN ended_{0} < ? THEN ended_{0} ELSE ? END"
    start = "CASE WHEN created_{0} > ? THEN created_{0} ELSE ? END"
    capped = "seconds > 0 AND seconds > months * cap_seconds"
    sql = f"""
        SELECT {keys}{_PRICE}, count(*), sum(seconds),
            sum(CASE WHEN {capped} THEN months ELSE 0 END),
            sum(CASE WHEN {capped} THEN 0 ELSE seconds END)
        FROM (
            SELECT {grouped}{_PRICE}, cap_seconds,
                CASE WHEN end_us > start_us THEN (end_us - start_us) / 1000000 ELSE 0 END
                    AS seconds,
                end_month - start_month + 1 AS months
            FROM (
                SELECT {named}{_PRICE}, cap_seconds,
                    {end.format("at_us")} AS end_us, {end.format("month")} AS end_month,
                    {start.format("at_us")} AS start_us, {start.format("month")} AS start_month
                FROM xnodes {_TAGS if TallyKey.TAG in by else ""}
                WHERE {where}
            ) AS spans
        ) AS times
        GROUP BY {grouped}{_PRICE}
    """  # noqa: S608 (fixed texts)
    return sql, [*_bounds(until), *(_bounds(since) if since else (0,) * 4), *parameters]


def _source(key: TallyKey) -> str:
    return "coalesce(tag, '')" if key is TallyKey.TAG else key.value


def _bounds(moment: datetime) -> tuple[int, int, int, int]:
    microseconds, month = to_microseconds(moment), month_number(moment)
    return (microseconds, microseconds, month, month)


def tallies(rows: Iterable[Row]) -> list[Tally]:
    """The rows of `tally_query`. Raises ValueError for what is none."""
    found = []
    for *keys, currency, hourly, monthly, count, seconds, months, uncapped in rows:
        found.append(
            Tally(
                keys=tuple(keys),
                price_per_hour=Money(amount=Decimal(hourly), currency=currency),
                price_per_month=Money(amount=Decimal(monthly), currency=currency),
                count=count,
                seconds=seconds,
                capped_months=months,
                uncapped_seconds=uncapped,
            )
        )
    return found
