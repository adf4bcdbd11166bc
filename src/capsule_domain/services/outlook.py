"""What may become of xNodes, by their history: guesses, as figures that rules know."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zlib import crc32

from capsule_domain.errors import StoreError
from capsule_domain.models.history import HourOf
from capsule_domain.models.rule import Quantity
from capsule_domain.models.watch_plan import OUTLOOK_SECONDS
from capsule_domain.ports.samples import Samples
from capsule_domain.services.disk_outlook import disk_outlook
from capsule_domain.services.measure import Figures, Measured
from capsule_domain.services.usual import usual

LOOKS_BACK = timedelta(days=14, hours=3)
"""How far back the hours are read by which is guessed."""
FEW_AT_ONCE = 10
"""So many in one of many rounds, lest a thousand histories be read at once."""
_NOT_IN_SIGHT_HOURS = 8760.0
"""A year stands for disks of which nothing says that they fill up."""
_COMPARED = {
    "cpu_percent": (Quantity.CPU_UNUSUAL, "CPU"),
    "memory_percent": (Quantity.MEMORY_UNUSUAL, "memory"),
}
_DISKS = "used_percent"
NAMES = (_DISKS, *_COMPARED)
"""The figures by which is guessed."""
_GUESSED = (Quantity.DISK_FULL_HOURS, Quantity.CPU_UNUSUAL, Quantity.MEMORY_UNUSUAL)

OfXNodes = Callable[[Iterable[str], datetime], Mapping[str, Figures]]
"""Further figures of xNodes, by their ids."""


class Outlook:
    """Guesses every half hour for each xNode, at a time of its own.

    `most_at_once`: about how many in one round; the others have their turn in the next.
    None where there is but one. A history that cannot be read gives none, and `troubled` is told.
    """

    def __init__(
        self,
        samples: Samples,
        troubled: Callable[[StoreError], None],
        most_at_once: int | None = FEW_AT_ONCE,
    ) -> None:
        self._samples = samples
        self._most_at_once = most_at_once
        self._troubled = troubled
        self._guessed: dict[str, int] = {}

    def __call__(self, xnode_ids: Iterable[str], now: datetime) -> Mapping[str, Figures]:
        """The figures of those whose time has come; the others were not looked at."""
        turns = {id_: _turn(id_, now) for id_ in xnode_ids}
        due = [id_ for id_, turn in turns.items() if self._guessed.get(id_) != turn]
        found: dict[str, Figures] = {}
        for id_ in due[: self._most_at_once]:
            self._guessed[id_] = turns[id_]
            try:
                hours = self._samples.hourly(id_, now - LOOKS_BACK, NAMES)
                found[id_] = outlook(hours, now)
            except StoreError as error:
                self._troubled(error)
                break
        return found


def _turn(xnode_id: str, now: datetime) -> int:
    """The number of the half hour in which it is, each xNode's beginning at another second."""
    phase = crc32(xnode_id.encode()) % int(OUTLOOK_SECONDS)
    return int((now.timestamp() + phase) // OUTLOOK_SECONDS)


def outlook(
    hours: Sequence[HourOf], now: datetime, wanted: Sequence[Quantity] = _GUESSED
) -> Figures:
    """What the hours of one xNode, of all its figures, let guess."""
    courses: dict[tuple[str, str], list[HourOf]] = defaultdict(list)
    for one in hours:
        courses[one.figure, one.instance].append(one)
    found: dict[Quantity, Sequence[Measured]] = {}
    if Quantity.DISK_FULL_HOURS in wanted:
        found[Quantity.DISK_FULL_HOURS] = [
            _of_disk(mount, some, now)
            for (figure, mount), some in sorted(courses.items())
            if figure == _DISKS and now - some[-1].hour < timedelta(hours=2)
        ]
    for name, (quantity, words) in _COMPARED.items():
        if quantity in wanted:
            found[quantity] = list(_compared(quantity, words, courses.get((name, ""), []), now))
    return {quantity: figures for quantity, figures in found.items() if figures}


def _of_disk(mount: str, hours: Sequence[HourOf], now: datetime) -> Measured:
    guess = disk_outlook(hours, now)
    if guess is None:
        calm = f"nothing says that {mount} fills up"
        return Measured(Quantity.DISK_FULL_HOURS, _NOT_IN_SIGHT_HOURS, mount, calm)
    detail = (
        f"{mount} is full in about {_span(guess.hours)}"
        f" ({_span(guess.soonest)} to {_span(guess.latest)} with 95 % confidence)"
        f" if it goes on as in the last {_span(guess.seen_hours)}"
    )
    return Measured(
        Quantity.DISK_FULL_HOURS, guess.hours, mount, detail, guess.soonest, guess.latest
    )


def _compared(
    quantity: Quantity, words: str, hours: Sequence[HourOf], now: datetime
) -> Iterator[Measured]:
    found = usual(hours, now)
    if found is not None:
        detail = (
            f"{words} was at {found.value:.0f} % in the hour from {found.hour:%H:%M} UTC,"
            f" where {found.common:.0f} % is usual"
        )
        yield Measured(quantity, found.times, detail=detail)


def _span(hours: float) -> str:
    return f"{hours:.1f} h" if hours < 10 else f"{hours:.0f} h" if hours < 72 else _days(hours)


def _days(hours: float) -> str:
    return f"{hours / 24:.0f} days"
