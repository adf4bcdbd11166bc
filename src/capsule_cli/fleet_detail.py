"""One xNode in detail, as lines below the list of all."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from capsule_cli import fleet_words as words
from capsule_cli.ages import age
from capsule_cli.sparks import of_course, sparkline, top_of

if TYPE_CHECKING:
    from capsule_domain.models.course import Past
    from capsule_domain.models.guess import Guess
    from capsule_domain.services.fleet_view import XNodeView

ROWS = 7
SPARKS = ("cpu_percent", "memory_percent")
"""The figures of which it shows how they went."""
_LABEL = 9
_SPARK_MOST = 60
_SPARK_LEAST = 10


def detail(
    row: "XNodeView | None",
    past: "Past | None",
    guesses: "Sequence[Guess]",
    now: datetime,
    *,
    width: int,
) -> list[Text]:
    """The chosen xNode; always as many lines, so that nothing jumps."""
    if row is None:
        return []
    when = "never looked at" if row.health is None else age(row.health.checked_at, now)
    where = ", ".join(part for part in (row.address, row.provider, row.region, *row.tags) if part)
    mark, style = words.sign(row)
    found = [
        Text.assemble(
            (f"{mark} ", style), (row.xnode, "name"), f"  {words.status_of(row)}, {when}  ", where
        ),
        *_checks(row, now),
        *_figures(row, past, guesses, width),
    ]
    return [*found, *(Text() for _ in range(ROWS))][:ROWS]


def _checks(row: "XNodeView", now: datetime) -> list[Text]:
    wrong = words.trouble(row, now)
    if wrong:
        return [_pair("wrong", Text(wrong, "bad"))]
    checks = row.health.checks if row.health and not row.stale else ()
    return [_pair("checks", Text(", ".join(words.check_words(check) for check in checks)))]


def _figures(
    row: "XNodeView", past: "Past | None", guesses: "Sequence[Guess]", width: int
) -> list[Text]:
    """What is not known now is shown as such; what is old is in `wrong` already.

    A guess stands where else the flow does: that is of interest to fewer.
    """
    metrics = row.current
    found = [
        _spark("CPU", "cpu_percent", row.cpu_percent, past, width),
        _spark("memory", "memory_percent", row.memory_percent, past, width),
    ]
    if metrics is None:
        return found
    disks = "   ".join(f"{d.mount} {d.used_percent:.0f} %" for d in metrics.disks or ())
    return [
        *found,
        _pair("disks", Text(disks or "?")),
        _pair("load", Text(f"{words.loads(metrics)}, {words.system(metrics)}")),
        _guess(guesses) if guesses else _pair("flow", Text(words.flows(metrics))),
    ]


def _guess(guesses: "Sequence[Guess]") -> Text:
    said = "; ".join(guess.message.removeprefix("a guess: ") for guess in guesses)
    return _pair("a guess", Text(said, "warned"))


def _spark(name: str, figure: str, value: float | None, past: "Past | None", width: int) -> Text:
    line = _pair(name, Text(f"{words.percent(value).plain:>7}  "))
    room = min(width - line.cell_len - 9, _SPARK_MOST)
    course = next((c for c in past.courses if c.figure == figure), None) if past else None
    if past is None or course is None or room < _SPARK_LEAST:
        return line
    values = of_course(course, past.since, past.until, width=room)
    line.append_text(sparkline(values, top=top_of(course)))
    line.append(" last 1 h", "inactive")
    return line


def _pair(name: str, value: Text) -> Text:
    return Text.assemble((f"{name:<{_LABEL}}", "inactive"), value)
