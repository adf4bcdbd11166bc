"""Templates and offers as rows: for a person, and with what belongs beside them as JSON."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from capsule_cli.plan_screen import COMPARED, rate_of

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen
    from capsule_domain.models.money import Rates
    from capsule_domain.models.price_list import PriceChange
    from capsule_domain.models.template import Offer, Template

UNSOURCED, ENDED = "?", "†"
_SHOWN_CHANGES = 10
_ROOM_FOR_ALL = 100


@dataclass(frozen=True)
class PriceTable:
    """What fits, cheapest first or as it was sorted, out of `seen`."""

    rows: "Sequence[Template | Offer]"
    seen: int
    now: datetime
    live: bool
    ended: Callable[[str], date | None]
    rates: "Rates"
    changes: "Sequence[PriceChange]" = field(default=())

    def data(self) -> list[dict[str, Any]]:
        """For scripts: each row with `ended`, and with `previous` where its price moved."""
        from capsule_cli.output import plain

        moved = {(c.provider, c.slug, c.region): c for c in self.changes}
        return [
            {
                **plain(row),
                "ended": _iso(self.ended(row.provider)),
                "previous": _previous(moved.get((row.provider, row.slug, row.region or ""))),
            }
            for row in self.rows
        ]

    def paint(self, screen: "Screen") -> None:
        """For a person: the table, and below it what its signs mean."""
        screen.header("Templates")
        if self.rows:
            self._paint_rows(screen)
        else:
            screen.line(f"none of {self.seen} fits")
        self._paint_changes(screen)

    def _paint_rows(self, screen: "Screen") -> None:
        columns = self._columns(screen)
        screen.table(
            columns,
            [[cells[name] for name in columns] for cells in map(self._cells, self.rows)],
            right=["cores", "GiB", "disk", "$/hr", "$/mo"],
            whole=["cloud", "template"],
        )
        if screen.fancy:
            screen.line(f"{len(self.rows)} of {self.seen}; {self._age()}", style="advice")
        self._legend(screen)

    def _columns(self, screen: "Screen") -> list[str]:
        """All of them, or as many as a narrow terminal has room for."""
        gpu = ["GPU"] if any(row.gpu for row in self.rows) else []
        if screen.fancy and screen.console.width < _ROOM_FOR_ALL:
            cloud = [] if gpu else ["cloud"]
            return [*cloud, "template", "where", "cores", "GiB", "$/hr", "$/mo", *gpu]
        return ["cloud", "template", "where", "cores", "GiB", "disk", "$/hr", "$/mo", *gpu]

    def _cells(self, row: "Template | Offer") -> "dict[str, Cell]":
        from rich.text import Text

        from capsule_cli.money import cents, rate

        mark = ENDED if self.ended(row.provider) else ""
        doubt = "" if row.sourced else UNSOURCED
        if self._mixed and row.price_per_hour.currency != "USD":
            doubt += COMPARED
        return {
            "cloud": row.provider[:4].upper(),
            "template": Text(row.template + mark, "name"),
            "where": row.region or _regions(row.regions),
            "cores": str(row.vcpus),
            "GiB": f"{Decimal(row.memory_mib) / 1024:g}",
            "disk": f"{row.disk_gib}",
            "$/hr": Text(rate(row.price_per_hour) + doubt, "money"),
            "$/mo": cents(row.price_per_month) + doubt,
            "GPU": f"{row.gpu.count} × {row.gpu.model}" if row.gpu else "",
        }

    @cached_property
    def _mixed(self) -> bool:
        """Whether prices in several currencies were put in one order."""
        return len({row.price_per_hour.currency for row in self.rows}) > 1

    def _age(self) -> str:
        """How old the prices are; of several, the oldest that can still be paid."""
        from capsule_cli.ages import age

        payable = [row for row in self.rows if not self.ended(row.provider)]
        oldest = min(row.as_of for row in payable or self.rows)
        if self.live:
            return f"asked {age(oldest, self.now)}"
        days = max((self.now - oldest).days, 0)
        told = "today" if not days else f"{days} day{'s' if days > 1 else ''} old"
        return f"offline catalogue, prices as of {oldest:%Y-%m-%d} ({told})"

    def _legend(self, screen: "Screen") -> None:
        if any(not row.sourced for row in self.rows):
            screen.line(f"{UNSOURCED} nobody vouches for this price: --live asks", style="advice")
        if self._mixed:
            screen.line(rate_of(self.rates), style="advice")
        ends = {row.provider: self.ended(row.provider) for row in self.rows}
        for provider, day in sorted(ends.items()):
            if day:
                screen.line(
                    f"{ENDED} {provider} ended on {day}: nothing can be rented there",
                    style="advice",
                )

    def _paint_changes(self, screen: "Screen") -> None:
        from capsule_cli.money import rate

        if not self.changes:
            return
        screen.section("Prices that moved")
        for one in self.changes[:_SHOWN_CHANGES]:
            old, new = rate(one.old_price_per_hour), rate(one.price_per_hour)
            moved = f"{old} → {new} an hour" if old != new else _monthly(one)
            where = f"{one.template} in {one.region} at {one.provider}"
            screen.line(f"  {where}: {moved}, since {one.since:%Y-%m-%d %H:%M} UTC")
        more = len(self.changes) - _SHOWN_CHANGES
        if more > 0:
            screen.line(f"  and {more} more: --json has them all", style="advice")


def sorted_rows(rows: "Iterable[Template | Offer]", by: str) -> "Sequence[Template | Offer]":
    """By one of SORTS; sorting is stable, so equals stay cheapest first."""
    return sorted(rows, key=SORTS[by])


SORTS: Mapping[str, Callable[[Any], Any]] = {
    "price": lambda _row: 0,
    "cpu": lambda row: -row.vcpus,
    "memory": lambda row: -row.memory_mib,
    "name": lambda row: row.template,
}


def _regions(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} places"


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _monthly(change: "PriceChange") -> str:
    from capsule_cli.money import cents

    old, new = cents(change.old_price_per_month), cents(change.price_per_month)
    return f"{old} → {new} a month"


def _previous(change: "PriceChange | None") -> dict[str, Any] | None:
    from capsule_cli.output import plain

    if change is None:
        return None
    return {
        "price_per_hour": plain(change.old_price_per_hour),
        "price_per_month": plain(change.old_price_per_month),
        "asked_at": plain(change)["since"],
    }
