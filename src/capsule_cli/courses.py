"""How figures went, for a person: a line beside a figure, charts, a table."""

from typing import TYPE_CHECKING

from rich.text import Text

from capsule_cli.ages import span
from capsule_cli.fleet_words import rate
from capsule_cli.sparks import chart, of_course, sparkline, top_of

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.course import Course, Past

_NAMES = {
    "cpu_percent": "CPU",
    "memory_percent": "memory",
    "load_1": "load",
    "received_bytes_per_second": "received",
    "sent_bytes_per_second": "sent",
    "read_bytes_per_second": "read",
    "written_bytes_per_second": "written",
}
_WIDEST = 72
_NARROWEST = 10
_BESIDE = 26
"""What stands left of a line beside a figure, and between it and the words on its right."""
_AXIS = 6
_ROWS = 5


def beside(value: str, figure: str, past: "Past | None", width: int) -> Text:
    """The figure, and how it went, where that is known and there is room for it."""
    course = _of(past, figure)
    if past is None or course is None:
        return Text(value)
    length = _length(past)
    room = min(width - _BESIDE - len(length), _WIDEST)
    if room < _NARROWEST:
        return Text(value)
    values = of_course(course, past.since, past.until, width=room)
    line = sparkline(values, top=top_of(course))
    return Text.assemble(f"{value:>8}  ", line, (f"  {length}", "inactive"))


def _of(past: "Past | None", figure: str) -> "Course | None":
    courses = past.courses if past else ()
    return next((one for one in courses if one.figure == figure), None)


def _length(past: "Past") -> str:
    return f"last {span((past.until - past.since).total_seconds())}"


def paint_past(screen: "Screen", past: "Past") -> None:
    """Charts of percentages on a terminal, and everything as a table everywhere."""
    screen.section(f"Since {past.since:%Y-%m-%d %H:%M} UTC")
    if not past.courses:
        screen.line("nothing was read")
        return
    if screen.fancy:
        for course in past.courses:
            if course.figure.endswith("_percent"):
                _paint_chart(screen, course, past)
    screen.table(
        ["figure", "low", "mean", "high", "readings"],
        [
            (
                name_of(one),
                *(_value(one, v) for v in (one.low, one.mean, one.high)),
                f"{one.count:,}",
            )
            for one in past.courses
        ],
        right=["low", "mean", "high", "readings"],
    )
    if past.hourly:
        screen.line("means of hours: single readings are kept for a day", style="advice")


def _paint_chart(screen: "Screen", course: "Course", past: "Past") -> None:
    width = max(min(screen.console.width - _AXIS - 1, _WIDEST), _NARROWEST)
    values = of_course(course, past.since, past.until, width=width)
    top = top_of(course)
    screen.line(name_of(course), style="name")
    for line in chart(values, past.since, past.until, top=top, height=_ROWS, unit="%"):
        screen.line(line)
    screen.line("")


def name_of(course: "Course") -> str:
    """`CPU`, `disk /`."""
    return f"disk {course.instance}" if course.instance else _NAMES[course.figure]


def _value(course: "Course", value: float) -> str:
    if course.figure.endswith("_percent"):
        return f"{value:.1f} %"
    return rate(value) if course.figure.endswith("_per_second") else f"{value:.2f}"
