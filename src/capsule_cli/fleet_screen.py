"""The screen of the fleet, as lines: a summary, the xNodes, one in detail, the keys."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from capsule_cli import fleet_words as words
from capsule_cli.fleet_choice import Choice
from capsule_cli.fleet_detail import detail as detail_of

if TYPE_CHECKING:
    from capsule_domain.models.course import Past
    from capsule_domain.models.guess import Guess
    from capsule_domain.services.fleet_view import FleetView, XNodeView

KEYS: Sequence[tuple[str, str]] = (
    ("↑↓", "choose"),
    ("PgDn", "page"),
    ("enter", "detail"),
    ("/", "search"),
    ("f", "which"),
    ("s", "order"),
    ("c", "look"),
    ("q", "leave"),
)
_NAME_LEAST = 12
_NAME_MOST = 28
_LIST_LEAST = 3


class Shown(NamedTuple):
    """What there is to show. `foot` is a word to the person; `who` tells who looks.

    `past` and `guesses` are those of the one that is chosen.
    """

    view: "FleetView"
    rows: "Sequence[XNodeView]"
    choice: Choice
    past: "Past | None"
    who: str
    foot: str
    guesses: "Sequence[Guess]" = ()


class _Column(NamedTuple):
    title: str
    width: int
    cell: "Callable[[XNodeView, datetime], Text]"
    least_width: int
    """Of the screen: on a narrower one it is left out."""


_COLUMNS = (
    _Column("health", 9, lambda row, _: Text(words.status_of(row), words.sign(row)[1]), 0),
    _Column("CPU", 7, lambda row, _: words.percent(row.cpu_percent), 32),
    _Column("memory", 7, lambda row, _: words.percent(row.memory_percent), 41),
    _Column("disk", 7, lambda row, _: words.percent(row.disk_percent), 50),
    _Column("load", 6, lambda row, _: words.load(row), 72),
    _Column("alerts", 7, lambda row, _: words.alerts_of(row), 58),
    _Column("seen", 7, words.seen, 66),
)
_LEFT = ("health", "alerts")
_WHAT_LEAST = 100


def lines(shown: Shown, now: datetime, *, width: int, height: int) -> list[Text]:
    """At most `height` lines of at most `width` cells; the keys and the foot are always there."""
    frame = _frame(shown, now, width=width, height=height)
    rule = Text("─" * width, "inactive")
    detail = [rule, *frame.detail] if frame.detail else []
    table = _table(shown, now, width=width, height=frame.listed)
    body = [*frame.top, rule, *table, *detail, rule]
    whole = [*body[: max(height - len(frame.bottom), 0)], *frame.bottom][-height:]
    for line in whole:
        line.plain = "".join(c if c.isprintable() else "?" for c in line.plain)
        line.truncate(width, overflow="ellipsis")
    return whole


def page_height(shown: Shown, now: datetime, *, width: int, height: int) -> int:
    """How many xNodes are on a page."""
    return max(_frame(shown, now, width=width, height=height).listed - 1, 1)


class _Frame(NamedTuple):
    top: list[Text]
    detail: list[Text]
    bottom: list[Text]
    listed: int
    """How many lines are left for the table, with its titles."""


def _frame(shown: Shown, now: datetime, *, width: int, height: int) -> _Frame:
    """The detail gives way where there would be no room for the xNodes."""
    top = [_title(now, width), *_summary(shown, width)]
    bottom = [*_keys(width), _foot(shown)]
    room = max(height - len(top) - len(bottom) - 2, 0)
    row = shown.rows[shown.choice.place(shown.rows)] if shown.rows else None
    detail: list[Text] = []
    if shown.choice.detail:
        detail = detail_of(row, shown.past, shown.guesses, now, width=width)
    listed = room - len(detail) - 1 if detail else room
    if detail and listed <= _LIST_LEAST:
        detail, listed = [], room
    return _Frame(top, detail, bottom, listed)


def _title(now: datetime, width: int) -> Text:
    clock = f"{now:%H:%M:%S} UTC"
    name = "◆ Fleet"
    space = max(width - cell_len(name) - len(clock), 1)
    return Text.assemble((name, "title"), " " * space, (clock, "inactive"))


def _summary(shown: Shown, width: int) -> list[Text]:
    alerts = words.alert_summary(shown.view.alerts)
    who = Text(shown.who, "inactive" if shown.view.collector else "warned")
    both = Text.assemble(alerts, "   ", who)
    rows = [both] if both.cell_len <= width else [alerts, who]
    return [words.summary(shown.view), *rows]


def _table(shown: Shown, now: datetime, *, width: int, height: int) -> list[Text]:
    """A line of titles and a page of rows, filled with empty lines to `height`."""
    if height < 1:
        return []
    columns = [column for column in _COLUMNS if width >= column.least_width]
    taken = sum(column.width + 1 for column in columns) + 2
    wide = width >= _WHAT_LEAST
    rows, choice = shown.rows, shown.choice
    longest = max((cell_len(row.xnode) for row in rows), default=0) + 2
    most = min(longest, _NAME_MOST) if wide else width
    name = max(min(width - taken - 1, most), _NAME_LEAST)
    page = height - 1
    place = choice.place(rows)
    first = place // page * page if page else 0
    some = rows[first : first + page]
    title = _titles(columns, name, wide=wide)
    painted = [
        _row(row, columns, name, now, chosen=first + number == place, wide=wide)
        for number, row in enumerate(some)
    ]
    if not rows:
        painted = [Text(_nothing(shown), "inactive")][:page]
    return [title, *painted, *(Text() for _ in range(page - len(painted)))]


def _nothing(shown: Shown) -> str:
    if not shown.view.xnodes:
        return "  there is no xNode yet: capsule openmesh deploy"
    return "  nothing fits: f and / choose what is shown"


def _titles(columns: Sequence[_Column], name: int, *, wide: bool) -> Text:
    cells = [set_cell_size("  xNode", name + 2)]
    cells += [_aligned(column, Text(column.title)).plain for column in columns]
    return Text(" ".join([*cells, "what"] if wide else cells), "inactive")


def _row(
    row: "XNodeView",
    columns: Sequence[_Column],
    name: int,
    now: datetime,
    *,
    chosen: bool,
    wide: bool,
) -> Text:
    mark, style = words.sign(row)
    line = Text.assemble(("▸" if chosen else " ", "title"), (mark, style))
    line.append(_fitted(row.xnode, name), "name" if chosen else "")
    for column in columns:
        line.append(" ")
        line.append_text(_aligned(column, column.cell(row, now)))
    if wide:
        line.append(f" {words.trouble(row, now)}")
    return line


def _fitted(name: str, width: int) -> str:
    """After a space, and with a sign that something was left out."""
    short = name if cell_len(name) < width else set_cell_size(name, width - 2) + "…"
    return set_cell_size(f" {short}", width)


def _aligned(column: _Column, cell: Text) -> Text:
    cell.truncate(column.width, overflow="ellipsis")
    space = " " * (column.width - cell.cell_len)
    first = (cell, space) if column.title in _LEFT else (space, cell)
    return Text.assemble(*first)


def _foot(shown: Shown) -> Text:
    """What is typed, or a word; and always which of how many are shown."""
    choice, rows = shown.choice, shown.rows
    if choice.typing:
        return Text.assemble(("/", "title"), choice.words, ("▏", "title"))
    place = choice.place(rows) + 1 if rows else 0
    parts = [f"{place:,} of {len(rows):,}", f"{choice.which}", f"by {choice.order}"]
    if choice.words:
        parts.append(f"/{choice.words}")
    return Text.assemble((", ".join(parts), "inactive"), "   ", shown.foot)


def _keys(width: int) -> list[Text]:
    """Folded to the width, key by key."""
    rows = [Text()]
    for key, what in KEYS:
        item = Text.assemble((f"{key} ", "title"), what)
        if rows[-1].cell_len + 2 + item.cell_len > width and rows[-1].cell_len:
            rows.append(Text())
        rows[-1].append("  " if rows[-1].cell_len else "")
        rows[-1].append_text(item)
    return rows
