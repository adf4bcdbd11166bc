"""What somebody who watches the fleet wants to see of it: which xNodes, in which order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from capsule_domain.services.fleet_view import XNodeView


class Which(StrEnum):
    """Which xNodes are shown."""

    ALL = "all"
    TROUBLED = "troubled"
    ALERTING = "alerting"
    UNKNOWN = "unknown"


class Order(StrEnum):
    """What stands first. What was not read stands last."""

    WORST = "worst"
    NAME = "name"
    CPU = "CPU"
    MEMORY = "memory"
    DISK = "disk"


_SHOWN: "Mapping[Which, Callable[[XNodeView], bool]]" = {
    Which.ALL: lambda _: True,
    Which.TROUBLED: lambda row: row.badness > 0,
    Which.ALERTING: lambda row: row.firing > 0,
    Which.UNKNOWN: lambda row: row.watched and row.status == "unknown",
}


_FIGURE: "Mapping[Order, Callable[[XNodeView], float | None]]" = {
    Order.CPU: lambda row: row.cpu_percent,
    Order.MEMORY: lambda row: row.memory_percent,
    Order.DISK: lambda row: row.disk_percent,
}


@dataclass
class Choice:
    """Filters, an order, and the xNode that the detail is of; what keys change."""

    which: Which = Which.ALL
    order: Order = Order.WORST
    words: str = ""
    typing: bool = False
    detail: bool = True
    chosen: str | None = None
    """An id: it stays chosen wherever a new order puts it."""

    def rows(self, all_rows: "Sequence[XNodeView]") -> "list[XNodeView]":
        """Those that are meant, in their order; `all_rows` come the worst first."""
        shown = _SHOWN[self.which]
        found = [row for row in all_rows if shown(row) and self._has_words(row)]
        if self.order is Order.NAME:
            found.sort(key=lambda row: row.xnode)
        elif self.order is not Order.WORST:
            figure = _FIGURE[self.order]
            found.sort(key=lambda row: -1.0 if (v := figure(row)) is None else v, reverse=True)
        return found

    def _has_words(self, row: "XNodeView") -> bool:
        """Each word somewhere in its name, its tags, its cloud, its region or its health."""
        text = " ".join((row.xnode, *row.tags, row.provider, row.region, row.status)).lower()
        return all(word in text for word in self.words.lower().split())

    def place(self, rows: "Sequence[XNodeView]") -> int:
        """Where the chosen one stands; 0 when it is not among them."""
        return next((i for i, row in enumerate(rows) if row.xnode_id == self.chosen), 0)

    def move(self, rows: "Sequence[XNodeView]", by: int) -> None:
        """Choose another, `by` places further down."""
        if rows:
            place = min(max(self.place(rows) + by, 0), len(rows) - 1)
            self.chosen = rows[place].xnode_id

    def next_which(self) -> None:
        """The next of the filters."""
        self.which = _after(list(Which), self.which)

    def next_order(self) -> None:
        """The next of the orders."""
        self.order = _after(list(Order), self.order)

    def typed(self, key: str) -> None:
        """A key while words are typed: `enter` keeps them, `escape` drops them."""
        if key == "enter":
            self.typing = False
        elif key == "escape":
            self.typing, self.words = False, ""
        elif key == "backspace":
            self.words = self.words[:-1]
        elif len(key) == 1:
            self.words = (self.words + key)[:_MOST_TYPED]


Member = TypeVar("Member")
_MOST_TYPED = 60


def _after(some: Sequence[Member], one: Member) -> Member:
    return some[(some.index(one) + 1) % len(some)]
