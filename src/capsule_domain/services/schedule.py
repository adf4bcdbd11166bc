"""When each xNode's turn is. Pure: the monotonic time is given."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MOST_SLOTS = 12


@dataclass(frozen=True)
class Turn:
    """One slot's turn: `number` counts the intervals since the start, `slot` is within one."""

    slot: int
    number: int


class Schedule:
    """Spreads xNodes over the interval, each always at the same place of it.

    A turn is `start + slot * step + number * interval`, whatever happened before: being late
    once makes nothing later. A turn that is later than a step is missed, not made up for.
    """

    def __init__(self, interval_seconds: float, start: float) -> None:
        self.interval_seconds = interval_seconds
        self.slots = max(1, min(_MOST_SLOTS, int(interval_seconds)))
        self.step_seconds = interval_seconds / self.slots
        self._start = start
        self._next = [0] * self.slots

    def slot_of(self, xnode_id: str) -> int:
        """The same at every start: by the id alone."""
        return zlib.crc32(xnode_id.encode()) % self.slots

    def turns(self, now: float) -> tuple[Sequence[Turn], Sequence[Turn]]:
        """The turns that are due at `now`, and those that were missed before it."""
        due: list[Turn] = []
        missed: list[Turn] = []
        for slot in range(self.slots):
            late = now - self._start - slot * self.step_seconds
            last = int(late // self.interval_seconds)
            if late < 0 or last < self._next[slot]:
                continue
            missed += [Turn(slot, number) for number in range(self._next[slot], last)]
            fresh = late - last * self.interval_seconds < self.step_seconds
            (due if fresh else missed).append(Turn(slot, last))
            self._next[slot] = last + 1
        return due, missed

    def next_at(self) -> float:
        """When the next turn is due."""
        return min(
            self._start + slot * self.step_seconds + number * self.interval_seconds
            for slot, number in enumerate(self._next)
        )

    def members(self, ids: Iterable[str]) -> dict[int, list[str]]:
        """The ids by their slots."""
        found: dict[int, list[str]] = {slot: [] for slot in range(self.slots)}
        for xnode_id in ids:
            found[self.slot_of(xnode_id)].append(xnode_id)
        return found
