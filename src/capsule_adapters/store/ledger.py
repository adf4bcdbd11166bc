"""The ledger over state.db: the sums are made where the rows are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

from capsule_adapters.store.moments import to_microseconds
from capsule_adapters.store.spans import SELECT_SPANS, from_nanos, read_span, to_nanos
from capsule_adapters.store.sqlite import Database, Parameters
from capsule_domain.models.billing import GroupedBy, Period, Span, Tally, Terms
from capsule_domain.models.dashboard import Rate
from capsule_domain.models.money import HOURS_PER_MONTH, Money

_MICROSECONDS = 1_000_000
_MOST_VARIABLES = 900

# What `spent` of services/billing.py does, and the contract compares the two. In integers
# without floats: thousand millionths of a currency, and microseconds. An amount is split into
# whole hours and the rest, so that no product is beyond 64 bits. There is no min() of two and
# no max() of two: those are SQLite's own. Most xNodes never changed: what is `alone` needs no
# grouping by xNode, and is counted apart, in a third of the time.
_BILLED = "(s.running = 1 OR t.off_billed = 1)"
# What the address of one that runs costs beside it; what has no price stays without.
_BESIDE = (
    "CASE WHEN s.running = 1 AND s.hourly > 0 AND s.currency = t.currency THEN t.beside ELSE 0 END"
)
_HOURLY = f"s.hourly + {_BESIDE}"
_MONTHLY = f"s.monthly + {HOURS_PER_MONTH} * {_BESIDE}"
_COST = "seconds / 3600 * hourly + seconds % 3600 * hourly / 3600"
_SPENT = f"""
WITH terms (provider, off_billed, unit_us, least_us, capped, beside, currency) AS (
    VALUES {{terms}}
),
period (start_us, end_us, now_us, until_us) AS (VALUES (?, ?, ?, ?)),
alone AS (
    SELECT s.xnode_id, s.currency, s.provider, s.region, s.profile,
        {_HOURLY} AS hourly, {_MONTHLY} AS monthly,
        {_BILLED} AND (s.hourly > 0 OR s.monthly > 0) AS billed,
        ({_MONTHLY}) * t.capped AS cap,
        {_BILLED} * CASE
            WHEN s.expires_us > p.now_us AND s.expires_us <= p.start_us
                AND s.start_us + t.least_us <= p.start_us THEN 0
            ELSE (CASE WHEN t.least_us > p.end_us - s.start_us THEN p.end_us - s.start_us
                  WHEN s.expires_us > p.now_us AND s.expires_us < p.until_us
                      AND s.expires_us - s.start_us > t.least_us THEN s.expires_us - s.start_us
                  WHEN s.expires_us > p.now_us AND s.expires_us < p.until_us THEN t.least_us
                  WHEN p.until_us - s.start_us > t.least_us THEN p.until_us - s.start_us
                  ELSE t.least_us END + t.unit_us - 1) / t.unit_us
            - (CASE WHEN p.start_us > s.start_us THEN p.start_us - s.start_us ELSE 0 END
                + t.unit_us - 1) / t.unit_us
            END * (t.unit_us / {_MICROSECONDS}) AS seconds
    FROM period AS p
    CROSS JOIN xnode_spans AS s
    JOIN terms AS t ON t.provider = s.provider
    WHERE s.end_us IS NULL AND s.start_us = s.born_us AND s.start_us <= p.until_us
),
span AS (
    SELECT s.xnode_id, s.currency, s.provider, s.region, s.profile,
        t.unit_us, t.capped, {_HOURLY} AS hourly, {_MONTHLY} AS monthly,
        s.end_us IS NULL AND {_BILLED} AND (s.hourly > 0 OR s.monthly > 0) AS open_billed,
        s.end_us IS NULL AS is_open,
        {_BILLED} AS counts,
        s.start_us,
        CASE WHEN s.end_us < p.until_us THEN s.end_us
             WHEN s.end_us IS NULL AND s.expires_us > p.now_us AND s.expires_us < p.until_us
             THEN s.expires_us
             ELSE p.until_us END AS stop_us,
        CASE WHEN t.off_billed = 1 THEN s.born_us ELSE s.run_start_us END AS anchor_us,
        CASE WHEN t.off_billed = 1 THEN s.born_us ELSE s.run_start_us END
            + t.least_us AS least_us,
        p.start_us AS month_us, p.end_us AS next_us
    FROM period AS p
    CROSS JOIN xnode_spans AS s
    JOIN terms AS t ON t.provider = s.provider
    WHERE s.start_us <= p.until_us
        AND (s.end_us IS NOT NULL OR s.start_us > s.born_us)
        AND (s.end_us IS NULL OR s.end_us + t.least_us > p.start_us)
),
edged AS (
    SELECT *,
        CASE WHEN start_us > anchor_us AND least_us > start_us AND least_us > month_us
             THEN least_us
             WHEN start_us > month_us THEN start_us
             ELSE month_us END AS first_us,
        CASE WHEN start_us <= anchor_us AND least_us > stop_us
             THEN CASE WHEN least_us < next_us THEN least_us ELSE next_us END
             WHEN stop_us < next_us THEN stop_us
             ELSE next_us END AS last_us
    FROM span
),
counted AS (
    SELECT *,
        CASE WHEN counts AND last_us > first_us
             THEN ((last_us - anchor_us + unit_us - 1) / unit_us
                 - (first_us - anchor_us + unit_us - 1) / unit_us) * (unit_us / {_MICROSECONDS})
             ELSE 0 END AS seconds
    FROM edged
),
changed AS (
    SELECT xnode_id, currency, provider, region, profile,
        sum(open_billed) AS billed, sum(is_open - open_billed) AS idle,
        sum(open_billed * hourly) AS hourly, sum(open_billed * monthly) AS monthly,
        sum({_COST}) AS spent, max(CASE WHEN counts THEN monthly * capped ELSE 0 END) AS cap
    FROM counted
    GROUP BY xnode_id, currency
),
summed (key, currency, billed, idle, hourly, monthly, spent) AS (
    SELECT {{key}}, currency, sum(billed), sum(1 - billed),
        sum(billed * hourly), sum(billed * monthly),
        sum(CASE WHEN cap > 0 AND {_COST} > cap THEN cap ELSE {_COST} END)
    FROM alone AS x {{tags}}
    GROUP BY 1, 2
    UNION ALL
    SELECT {{key}}, currency, sum(billed), sum(idle), sum(hourly), sum(monthly),
        sum(CASE WHEN cap > 0 AND spent > cap THEN cap ELSE spent END)
    FROM changed AS x {{tags}}
    GROUP BY 1, 2
)
SELECT key, currency, sum(billed), sum(idle), sum(hourly), sum(monthly), sum(spent)
FROM summed
GROUP BY 1, 2
"""  # noqa: S608 (fixed texts)
_TAGS = "LEFT JOIN xnode_tags AS g ON g.xnode_id = x.xnode_id"
_KEYS: Mapping[GroupedBy | None, tuple[str, str]] = {
    None: ("NULL", ""),
    "provider": ("provider", ""),
    "region": ("region", ""),
    "profile": ("profile", ""),
    "tag": ("g.tag", _TAGS),
}
_LIVING = """
SELECT currency, provider, running, hourly > 0, count(*), sum(hourly), sum(monthly)
FROM xnode_spans
WHERE end_us IS NULL AND (hourly > 0 OR monthly > 0)
GROUP BY 1, 2, 3, 4
"""
_UNBILLED = """
SELECT x.name FROM xnode_spans AS s JOIN xnodes AS x ON x.id = s.xnode_id
WHERE s.end_us IS NULL
    AND (s.hourly = 0 AND s.monthly = 0 OR s.running = 0 AND s.provider IN ({providers}))
ORDER BY x.name
"""


class SqliteLedger:
    """`Ledger` over the spans that the inventory writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tally(
        self, by: GroupedBy | None, period: Period, terms: Callable[[str], Terms]
    ) -> Sequence[Tally]:
        """The sums of each group and currency."""
        known = self._terms(terms)
        if not known:
            return []
        key, tags = _KEYS[by]
        values: list[str | int] = []
        for provider, own in known.items():
            values += (
                provider,
                int(own.bills_when_stopped),
                own.unit_seconds * _MICROSECONDS,
                own.minimum_seconds * _MICROSECONDS,
                int(own.monthly_cap),
                *_beside(own),
            )
        marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(known))
        rows = self._database.rows(
            _SPENT.format(terms=marks, key=key, tags=tags),
            [*values, *(to_microseconds(moment) for moment in period)],
        )
        return [
            Tally(group, currency, billed, idle, *map(from_nanos, sums))
            for group, currency, billed, idle, *sums in rows
        ]

    def rates(self, terms: Callable[[str], Terms]) -> Sequence[Rate]:
        """What is billed now, by currency. A cloud's terms are few, and go to the sums."""
        sums: dict[str, list[int]] = {}
        rows = self._database.rows(_LIVING)
        known = {provider: terms(provider) for _, provider, *_ in rows}
        for currency, provider, running, priced, count, hourly, monthly in rows:
            own = known[provider]
            if not (running or own.bills_when_stopped):
                continue
            address, of_currency = _beside(own)
            beside = address * count if running and priced and of_currency == currency else 0
            both = sums.setdefault(currency, [0, 0])
            both[0] += hourly + beside
            both[1] += monthly + beside * HOURS_PER_MONTH
        return [
            Rate(
                currency=currency,
                hourly=Money(amount=from_nanos(hourly), currency=currency),
                monthly=Money(amount=from_nanos(monthly), currency=currency),
            )
            for currency, (hourly, monthly) in sorted(sums.items())
        ]

    def unbilled(self, terms: Callable[[str], Terms]) -> Sequence[str]:
        """The names of those that live and cost nothing now."""
        free = [name for name, own in self._terms(terms).items() if not own.bills_when_stopped]
        marks = ", ".join("?" * len(free))
        return [name for (name,) in self._database.rows(_UNBILLED.format(providers=marks), free)]

    def lives(self, xnodes: Iterable[str] | None = None) -> Mapping[str, Sequence[Span]]:
        """The life of each of these, or of all."""
        if xnodes is None:
            return self._lives("", ())
        found: dict[str, Sequence[Span]] = {}
        wanted = list(xnodes)
        for start in range(0, len(wanted), _MOST_VARIABLES):
            few = wanted[start : start + _MOST_VARIABLES]
            found |= self._lives(f"WHERE xnode_id IN ({', '.join('?' * len(few))})", few)
        return found

    def _lives(self, where: str, values: Parameters) -> dict[str, Sequence[Span]]:
        select = SELECT_SPANS.replace("SELECT", "SELECT xnode_id,", 1)
        rows = self._database.rows(f"{select} {where} ORDER BY xnode_id, start_us", values)
        return {
            xnode: [read_span(row[1:]) for row in those]
            for xnode, those in groupby(rows, key=lambda row: str(row[0]))
        }

    def _terms(self, terms: Callable[[str], Terms]) -> Mapping[str, Terms]:
        """Of each cloud that has an xNode."""
        rows = self._database.rows("SELECT DISTINCT provider FROM xnodes")
        return {provider: terms(provider) for (provider,) in rows}


def _beside(terms: Terms) -> tuple[int, str]:
    """What an hour of an address costs, and in what."""
    address = terms.address_per_hour
    return (0, "") if address is None else (to_nanos(address), address.currency)
